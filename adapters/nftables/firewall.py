"""The firewall of a cloud: one nftables table in the network of the engine's host."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network

from adapters.docker.engine import DockerEngine
from adapters.docker.firewall_rules import table_name
from adapters.docker.networks import bridge
from adapters.host_network import HostCommands
from adapters.nftables import script
from adapters.nftables.probe import probe
from adapters.nftables.ruleset import Ruleset, ruleset
from domain.errors import ImagePending, PortError, Refused, Unreachable
from domain.firewall import FirewallMember, FirewallTable, TransportProtocol

_ADMITTED_KEPT_S = 30.0
"""How long an admitted member stays that a table does not list: the table may have been read before."""
_PATIENCE_S = 10.0
"""How long ``admit`` waits until its network is in the table."""
_CHECKED_FOR_S = 5.0
"""How long the answer is kept whether rules can be enforced."""
_COUNTED_FOR_S = 0.5
"""How long the counts are kept: they are asked for once for each group."""
_BRIDGED = "/proc/sys/net/bridge/bridge-nf-call-iptables"


class NftablesFirewall:
    """One table of one cloud. Only the controller that leads calls ``apply`` and ``admit``."""

    def __init__(self, engine: DockerEngine, host: HostCommands) -> None:
        self._engine = engine
        self._host = host
        self._name = table_name(engine.cloud)
        self._turn = asyncio.Lock()
        self._wanted: FirewallTable | None = None
        self._written: Ruleset | None = None
        self._listing: bytes | None = None
        """What the kernel listed after the last change."""
        self._admitted: dict[str, tuple[FirewallMember, float]] = {}
        self._changed = asyncio.Event()
        self._checked: tuple[str | None, float] | None = None
        self._counted: tuple[dict[str, tuple[int, int]], float] | None = None

    async def why_unavailable(self) -> str | None:
        """Return why rules cannot be enforced on this host, with the remedy; None when they are."""
        now = asyncio.get_running_loop().time()
        if self._checked is None or now - self._checked[1] > _CHECKED_FOR_S:
            self._checked = await self._look(), now
        return self._checked[0]

    async def apply(self, table: FirewallTable) -> bool:
        """Enforce this table; return whether what was enforced differed. Raises Unreachable, Refused."""
        async with self._turn:
            self._wanted = self._with_admitted(table)
            self._changed.set()
            self._changed = asyncio.Event()
            if (why := await self.why_unavailable()) is not None:
                raise Refused(f"cannot enforce security groups: {why}")
            return await self._enforce(self._wanted)

    async def is_intact(self) -> bool:
        """Return whether the kernel lists what it listed after the last change."""
        async with self._turn:
            return self._listing is not None and await self._list() == self._listing

    async def admit(self, member: FirewallMember) -> None:
        """Add a member, or change its groups. Raises Unreachable, Refused."""
        wanted = await self._wait_for_network(member)
        if (why := await self.why_unavailable()) is not None:
            if _is_narrower(member, wanted):
                raise Refused(f"cannot start it: its security groups cannot be enforced: {why}")
            return
        async with self._turn:
            self._admitted[member.resource_id] = member, asyncio.get_running_loop().time()
            table = self._wanted or wanted
            others = tuple(each for each in table.members if each.resource_id != member.resource_id)
            self._wanted = self._with_admitted(replace(table, members=(*others, member)))
            await self._enforce(self._wanted)

    async def dropped(self) -> Mapping[str, int]:
        """Return how many packets each group has dropped, as of a moment ago."""
        now = asyncio.get_running_loop().time()
        if self._counted is None or now - self._counted[1] > _COUNTED_FOR_S:
            self._counted = await self._counts(), now
        return {group_id: packets for group_id, (packets, _) in self._counted[0].items()}

    async def probe(
        self, source_id: str, address: str, protocol: TransportProtocol, port: int | None, timeout_s: float
    ) -> bool:
        """Send packets from a running container, and return whether they got through. Raises Refused."""
        return await probe(self._engine, self._host, source_id, address, protocol, port, timeout_s)

    async def _look(self) -> str | None:
        try:
            await self._host.run(["nft", "list", "tables"])
            bridged = await self._host.execute(["cat", _BRIDGED])
        except ImagePending as pending:
            return f"{pending}; wait until it is there"
        except PortError as error:
            return (
                f"{error}; install the package nftables, and run the cloud as root or let it build its image"
            )
        if bridged.exit_code or bridged.stdout.strip() != b"1":
            return (
                "the kernel shows the packets between containers to no firewall; run `modprobe br_netfilter` and "
                "`sysctl net.bridge.bridge-nf-call-iptables=1` as root"
            )
        return None

    async def _wait_for_network(self, member: FirewallMember) -> FirewallTable:
        """Return the table as soon as it has the member's network: nothing is dropped in one that it lacks."""
        address = IPv4Address(member.address)
        try:
            async with asyncio.timeout(_PATIENCE_S):
                while True:
                    changed, wanted = self._changed, self._wanted
                    ranges = wanted.ranges.values() if wanted else ()
                    if wanted is not None and any(address in IPv4Network(each) for each in ranges):
                        return wanted
                    await changed.wait()
        except TimeoutError:
            raise Unreachable(
                f"cannot start {member.resource_id}: the firewall has no rules yet for the network of {address}; "
                "it is tried again"
            ) from None

    def _with_admitted(self, table: FirewallTable) -> FirewallTable:
        """Return the table with members that were admitted a moment ago, unless others have their addresses."""
        oldest = asyncio.get_running_loop().time() - _ADMITTED_KEPT_S
        self._admitted = {key: each for key, each in self._admitted.items() if each[1] > oldest}
        listed = {each.resource_id: each for each in table.members}
        taken = {each.address for each in table.members} | set(table.trusted)
        for resource_id, (member, _) in self._admitted.items():
            if resource_id in listed or member.address not in taken:
                listed.setdefault(resource_id, member)
        return replace(table, members=tuple(listed.values()))

    async def _enforce(self, table: FirewallTable) -> bool:
        rules = ruleset(table, lambda vpc_id: bridge(self._engine.name(vpc_id)))
        before = await self._list()
        if before is None or before != self._listing or self._written is None:
            await self._replace(rules)
        elif change := script.difference(self._name, self._written, rules):
            try:
                await self._run(change)
            except Refused:
                # Somebody else changed it between the two.
                await self._replace(rules)
        self._written, self._listing = rules, await self._list()
        return self._listing != before

    async def _replace(self, rules: Ruleset) -> None:
        await self._run(script.replacement(self._name, rules, await self._counts()))

    async def _run(self, text: str) -> None:
        await self._host.run(["nft", "-f", "-"], text.encode())

    async def _list(self) -> bytes | None:
        """Return the table without its counts, None when there is none."""
        done = await self._host.execute(["nft", "--stateless", "list", "table", "inet", self._name])
        return None if done.exit_code else done.stdout

    async def _counts(self) -> dict[str, tuple[int, int]]:
        done = await self._host.execute(["nft", "--json", "list", "counters", "table", "inet", self._name])
        return {} if done.exit_code else script.counts(done.stdout)


def _is_narrower(member: FirewallMember, table: FirewallTable) -> bool:
    """Return whether anything has to be dropped for this member."""
    groups = [group for group in table.groups if group.id in member.group_ids]
    return not member.has_internet or not any(group.allows_everything for group in groups)
