"""The firewall in memory."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network

from adapters.memory.engine import MemoryEngine
from domain.errors import Refused
from domain.firewall import Direction, FirewallMember, FirewallRule, FirewallTable, TransportProtocol


class MemoryFirewall:
    """Simulates a firewall. Unlike a real one, it admits members before the first table is applied."""

    def __init__(self, engine: MemoryEngine) -> None:
        self._engine = engine
        self._dropped = Counter[str]()
        self._is_intact = False
        self.table = FirewallTable()
        self.admitted: dict[str, FirewallMember] = {}
        self.unavailable: str | None = None
        """Why no rule can be enforced, as on a host without nftables."""

    async def why_unavailable(self) -> str | None:
        """Return the simulated reason."""
        return self.unavailable

    async def apply(self, table: FirewallTable) -> bool:
        """Enforce this table; return whether another one was enforced."""
        await self._engine.enter("firewall.apply")
        if self.unavailable is not None:
            raise Refused(f"cannot enforce security groups: {self.unavailable}")
        differed = not self._is_intact or table != self.table
        self.table, self._is_intact = table, True
        return differed

    async def is_intact(self) -> bool:
        """Return whether nobody has flushed the table."""
        await self._engine.enter("firewall.is_intact")
        return self._is_intact

    async def admit(self, member: FirewallMember) -> None:
        """Add a member, or change its groups."""
        await self._engine.enter("firewall.admit")
        others = [each for each in self.table.members if each.resource_id != member.resource_id]
        self.table = replace(self.table, members=(*others, member))
        self.admitted[member.resource_id] = member

    async def dropped(self) -> Mapping[str, int]:
        """Return how many simulated packets each group has dropped."""
        return {group.id: self._dropped[group.id] for group in self.table.groups}

    async def probe(
        self, source_id: str, address: str, protocol: TransportProtocol, port: int | None, timeout_s: float
    ) -> bool:
        """Return whether the table lets a packet through. Raises Refused unless the container runs."""
        del timeout_s
        await self._engine.enter("firewall.probe")
        container = self._engine.containers.get(source_id)
        if container is None or container.state != "running":
            raise Refused(f"cannot send packets from {source_id}: its container does not run in a network")
        source = self._member(str(container.address))
        if source is None:
            return container.address in self.table.trusted
        if not source.has_internet and not self._is_inside(address):
            return False
        destination = self._member(address)
        if destination is None and self._is_inside(address) and address not in self.table.trusted:
            return False
        if not self._allows("egress", source, address, protocol, port):
            return False
        return destination is None or self._allows("ingress", destination, source.address, protocol, port)

    def flush(self) -> None:
        """Simulate that somebody flushes the table by hand."""
        self._is_intact = False

    def drop(self, packets: int) -> None:
        """Simulate that each group has dropped packets."""
        self._dropped.update({group.id: packets for group in self.table.groups})

    def _member(self, address: str) -> FirewallMember | None:
        return next((each for each in self.table.members if each.address == address), None)

    def _is_inside(self, address: str) -> bool:
        return any(IPv4Address(address) in IPv4Network(each) for each in self.table.ranges.values())

    def _allows(
        self, direction: Direction, member: FirewallMember, peer: str, protocol: str, port: int | None
    ) -> bool:
        groups = [group for group in self.table.groups if group.id in member.group_ids]
        other = self._member(peer)
        for rule in (rule for group in groups for rule in group.rules if rule.direction == direction):
            if _is_about(rule, protocol, port) and (
                (rule.cidr is not None and IPv4Address(peer) in IPv4Network(rule.cidr))
                or (other is not None and rule.group_id in other.group_ids)
            ):
                return True
        self._dropped.update(member.group_ids)
        return False


def _is_about(rule: FirewallRule, protocol: str, port: int | None) -> bool:
    if rule.protocol not in {"all", protocol}:
        return False
    return rule.from_port is None or (
        port is not None and rule.from_port <= port <= (rule.to_port or rule.from_port)
    )
