"""Addresses that the host has in networks, and the names that lead to them."""

import json
from collections.abc import Sequence

from docker import APIClient
from docker.errors import NotFound

from adapters.docker.creation import LOG
from adapters.docker.engine import DockerEngine, Json
from adapters.docker.networks import bridge
from adapters.docker.removal import remove_container
from adapters.host_network.commands import HostCommands
from domain.errors import Refused
from domain.ports import HostAddress

ADDRESS_LABEL = "miniaws.address"
"""Label of a name holder: the address that the host has."""
NAMES_LABEL = "miniaws.names"
_MEMORY = 16 * 1024 * 1024
_NEVER = "8"
"""The value of ``arp_ignore`` with which a kernel answers for no address."""


class BridgeAddresses:
    """Adds addresses to the bridges of networks on the host.

    The engine's DNS only knows containers. So each address has a name holder: an idle container with this address and
    these names on the network. It is silent: it answers no request for its address and announces none, so that the
    host, whose bridge has the same address, is the only one that does. It also keeps the engine from giving the
    address to a container.
    """

    def __init__(self, engine: DockerEngine, host: HostCommands, images: Sequence[str]) -> None:
        """``images`` are those that the name holders can be made of: any that has the program ``sleep``."""
        self._engine = engine
        self._host = host
        self._images = images

    async def ensure(self, wanted: HostAddress) -> None:
        """Assign the host this address. Raises InUse, Refused, ImagePending while the image is prepared."""
        task = f"give {wanted.resource_id} the address {wanted.address}"
        network = self._network(wanted)
        # Before there is a name: it must not lead to an address that nothing can give to this host.
        there = await self._addresses(network)
        if not await self._engine.run(task, lambda api: self._is_held(api, wanted)):
            # The name first: it fails when a container has the address, which the host must then not have.
            await self._engine.run(task, lambda api: self._hold(api, wanted))
        if wanted.address not in there:
            await self._host.run(["ip", "addr", "replace", f"{wanted.address}/32", "dev", bridge(network)])
        await self._take_unheld(network, there)

    async def remove(self, resource_id: str, network_id: str) -> None:
        """Remove the name holder of a resource, then take its address from the host.

        Where the addresses of the host cannot even be read, it was given none.
        """
        task = f"remove the address of {resource_id}"
        await self._engine.run(task, lambda api: self._let_go(api, resource_id))
        network = self._engine.name(network_id)
        try:
            there = await self._addresses(network)
        except Refused:
            return
        await self._take_unheld(network, there)

    def _network(self, wanted: HostAddress) -> str:
        return self._engine.name(wanted.network_id)

    async def _take_unheld(self, network: str, there: set[str]) -> None:
        """Take from the host those addresses that no name holder has: of removed resources, and earlier ones."""
        if not there:
            return
        for address in there - await self._held(network):
            await self._host.run(["ip", "addr", "del", f"{address}/32", "dev", bridge(network)])

    async def _held(self, network: str) -> set[str]:
        def held(api: APIClient) -> set[str]:
            filters = self._engine.only("load_balancer")
            labels = [
                each["Labels"] for each in api.containers(all=True, filters={**filters, "network": [network]})
            ]
            return {each[ADDRESS_LABEL] for each in labels if ADDRESS_LABEL in each}

        return await self._engine.run("list the addresses of load balancers", held)

    async def _addresses(self, network: str) -> set[str]:
        """Return the addresses of the host on a bridge besides its first one; none when there is no bridge."""
        done = await self._host.execute(["ip", "-json", "-4", "addr", "show", "dev", bridge(network)])
        links: list[Json] = json.loads(done.stdout or b"[]") if not done.exit_code else []
        return {each["local"] for link in links for each in link["addr_info"] if each["prefixlen"] == 32}

    def _is_held(self, api: APIClient, wanted: HostAddress) -> bool:
        """Return whether the name holder runs, with this address and these names."""
        part = _part(wanted.resource_id)
        try:
            seen: Json = api.inspect_container(self._engine.name(part))
        except NotFound:
            return False
        labels, name = seen["Config"]["Labels"] or {}, self._network(wanted)
        endpoint = seen["NetworkSettings"]["Networks"].get(name) or {}
        return (
            self._engine.owns(labels, part)
            and labels.get(ADDRESS_LABEL) == wanted.address
            and labels.get(NAMES_LABEL) == json.dumps(wanted.names)
            and seen["State"]["Running"]
            # The network may have been removed by hand and created again.
            and endpoint.get("NetworkID") == _network_id(api, name)
        )

    def _hold(self, api: APIClient, wanted: HostAddress) -> None:
        """Run the name holder, a new one: it has nothing to keep."""
        if _network_id(api, self._network(wanted)) is None:
            raise Refused(
                f"cannot give {wanted.resource_id} an address: there is no network {wanted.network_id}"
            )
        image = self._engine.preparations.ready(api, self._images)
        self._let_go(api, wanted.resource_id)
        name = self._engine.name(_part(wanted.resource_id))
        api.create_container_from_config(self._config(wanted, image), name)
        api.start(name)

    def _let_go(self, api: APIClient, resource_id: str) -> None:
        for container in api.containers(all=True, filters=self._engine.only(resource_id=_part(resource_id))):
            remove_container(api, container["Id"])

    def _config(self, wanted: HostAddress, image: str) -> Json:
        labels = self._engine.labels("load_balancer", _part(wanted.resource_id), wanted.account_id)
        network = self._network(wanted)
        endpoint = {
            "Aliases": list(wanted.names),
            "IPAMConfig": {"IPv4Address": wanted.address},
            "DriverOpts": {"com.docker.network.advertise_addr_nmsgs": "0"},
        }
        return {
            "Image": image,
            "Entrypoint": ["sleep", "infinity"],
            "User": "65534:65534",
            "Labels": labels | {ADDRESS_LABEL: wanted.address, NAMES_LABEL: json.dumps(wanted.names)},
            "HostConfig": {
                "NetworkMode": network,
                "Sysctls": {"net.ipv4.conf.all.arp_ignore": _NEVER},
                "PidsLimit": 8,
                "Memory": _MEMORY,
                "MemorySwap": _MEMORY,
                "RestartPolicy": {"Name": "unless-stopped"},
                "LogConfig": LOG,
                "CapDrop": ["ALL"],
                "ReadonlyRootfs": True,
                "SecurityOpt": ["no-new-privileges"],
            },
            "NetworkingConfig": {"EndpointsConfig": {network: endpoint}},
        }


def _part(resource_id: str) -> str:
    return f"{resource_id}.name"


def _network_id(api: APIClient, name: str) -> str | None:
    try:
        return str(api.inspect_network(name)["Id"])
    except NotFound:
        return None
