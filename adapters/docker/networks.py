"""Networks on a Docker engine."""

import hashlib
from ipaddress import IPv4Network, ip_network
from pathlib import Path

from docker import APIClient
from docker.errors import APIError, NotFound
from docker.types import IPAMConfig, IPAMPool

from adapters.docker.engine import CONFLICT, DockerEngine, Json
from adapters.docker.host_ranges import addresses, routes
from domain.errors import InUse, RangeInUse, Refused
from domain.ports import Found
from domain.vpc import gateway

_ROUTES = Path("/proc/net/route")
_ADDRESSES = Path("/proc/net/fib_trie")


class DockerNetworks:
    """Isolates containers: each network is a separate bridge, and the engine forwards nothing between them."""

    def __init__(self, engine: DockerEngine) -> None:
        self._engine = engine

    async def ensure(self, resource_id: str, account_id: str, cidr: str) -> None:
        """Create this network. Raises RangeInUse when the range overlaps one of the host or another network."""
        task = f"create the network {resource_id}"
        await self._engine.run(task, lambda api: self._ensure(api, resource_id, account_id, cidr))

    async def exists(self, resource_id: str) -> bool:
        """Return whether the network exists."""
        task = f"look for the network {resource_id}"
        return await self._engine.run(task, lambda api: self._own(api, resource_id)) is not None

    async def remove(self, resource_id: str) -> None:
        """Remove this network. Raises InUse while containers, running or not, are on it."""
        await self._engine.run(
            f"remove the network {resource_id}", lambda api: self._remove(api, resource_id)
        )

    async def found(self) -> list[Found]:
        """Return every network of this cloud."""
        filters = self._engine.only("vpc")

        def items(api: APIClient) -> list[Json]:
            return api.networks(filters=filters)

        return self._engine.found(await self._engine.run("list networks", items))

    async def occupied(self) -> list[str]:
        """Return the ranges of the host's addresses and routes, and of the networks of others."""
        ranges = await self._engine.run("list networks", self._occupied)
        return [str(each) for each in ranges]

    def _own(self, api: APIClient, resource_id: str) -> Json | None:
        try:
            network: Json = api.inspect_network(self._engine.name(resource_id))
        except NotFound:
            return None
        return network if self._engine.owns(network["Labels"], resource_id) else None

    def _ensure(self, api: APIClient, resource_id: str, account_id: str, cidr: str) -> None:
        wanted = IPv4Network(cidr)
        present = self._own(api, resource_id)
        if present is None:
            others: list[Json] = api.networks(filters=self._engine.only("vpc"))
            taken = [*self._occupied(api), *(each for other in others for each in _ranges(other))]
            clash = next((each for each in taken if each.overlaps(wanted)), None)
            if clash:
                raise RangeInUse(
                    f"cannot use the range {cidr}: {clash} is in use on this host; choose another"
                )
            self._create(api, resource_id, account_id, wanted)
        elif wanted not in _ranges(present):
            raise Refused(
                f"cannot give {resource_id} the range {cidr}: it has "
                f"{', '.join(str(each) for each in _ranges(present))}; remove the network first"
            )

    def _create(self, api: APIClient, resource_id: str, account_id: str, wanted: IPv4Network) -> None:
        name = self._engine.name(resource_id)
        try:
            api.create_network(
                name,
                driver="bridge",
                ipam=IPAMConfig(pool_configs=[IPAMPool(subnet=str(wanted), gateway=str(gateway(wanted)))]),
                labels=self._engine.labels("vpc", resource_id, account_id),
                options={"com.docker.network.bridge.name": bridge(name)},
                check_duplicate=True,
            )
        except APIError as error:
            # Another process was faster; the next call checks whether its range is the same.
            if error.status_code != CONFLICT or not self._own(api, resource_id):
                raise

    def _remove(self, api: APIClient, resource_id: str) -> None:
        network = self._own(api, resource_id)
        if network is None:
            return
        # The engine only refuses for running containers; a stopped one could then no longer start.
        # A container that never ran only has the name of the network.
        users: list[Json] = api.containers(all=True, filters={"network": [network["Id"], network["Name"]]})
        if users:
            names = ", ".join(sorted(user["Names"][0].lstrip("/") for user in users))
            raise InUse(f"cannot remove the network {resource_id}: {names} uses it; remove it first")
        try:
            api.remove_network(network["Id"])
        except NotFound:
            return

    def _occupied(self, api: APIClient) -> list[IPv4Network]:
        networks: list[Json] = api.networks()
        ours = [
            each for each in networks if (each["Labels"] or {}).get("miniaws.cloud") == self._engine.cloud
        ]
        bridges = {bridge(each["Name"]) for each in ours}
        ranges = {each for other in networks if other not in ours for each in _ranges(other)}
        ranges |= set(routes(_ROUTES.read_text(), bridges))
        if _ADDRESSES.exists():
            own = [range_ for each in ours for range_ in _ranges(each)]
            ranges |= set(addresses(_ADDRESSES.read_text(), own))
        return sorted(ranges)


def bridge(name: str) -> str:
    """Return the name of the network's interface on the host: at most 15 characters, the same every time."""
    return "maw" + hashlib.sha256(name.encode()).hexdigest()[:12]


def _ranges(network: Json) -> list[IPv4Network]:
    configs = network["IPAM"]["Config"] or []
    ranges = [ip_network(config["Subnet"], strict=False) for config in configs if config.get("Subnet")]
    return [each for each in ranges if isinstance(each, IPv4Network)]
