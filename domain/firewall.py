"""What the firewall of a cloud enforces: which connections the security groups of its members allow.

A member is whatever has an address in a VPC: the container of an instance or a server, or the address of a load
balancer. Its groups say what it may connect to, and what may connect to it; rules add up, and what no rule allows is
dropped. Connections that exist continue when a rule goes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from domain.ports import PublishedPort

Direction = Literal["ingress", "egress"]
TransportProtocol = Literal["tcp", "udp", "icmp", "all"]
EVERYWHERE = "0.0.0.0/0"
"""The range of every IPv4 address."""


@dataclass(frozen=True, slots=True)
class FirewallRule:
    """Connections that are allowed: ingress from, or egress to, a range or the members of a group, one of them.

    Without ports it allows every port, which is the only form for ``icmp`` and ``all``.
    """

    direction: Direction
    protocol: TransportProtocol
    from_port: int | None = None
    to_port: int | None = None
    cidr: str | None = None
    group_id: str | None = None


@dataclass(frozen=True, slots=True)
class FirewallGroup:
    """A security group."""

    id: str
    vpc_id: str
    rules: tuple[FirewallRule, ...] = ()

    @property
    def allows_everything(self) -> bool:
        """Whether it drops nothing, so that there is nothing to enforce."""
        return all(
            FirewallRule(direction, "all", cidr=EVERYWHERE) in self.rules
            for direction in ("ingress", "egress")
        )


@dataclass(frozen=True, slots=True)
class FirewallMember:
    """Something with an address in a VPC.

    ``published`` are its ports on the host: they are reachable there for whom its groups allow the port itself.
    Without ``has_internet`` it cannot connect to anything outside the VPC.
    """

    resource_id: str
    address: str
    group_ids: tuple[str, ...]
    published: tuple[PublishedPort, ...] = ()
    has_internet: bool = True


@dataclass(frozen=True, slots=True)
class FirewallTable:
    """All that is enforced; whatever else has an address in one of the ranges is dropped."""

    ranges: Mapping[str, str] = field(default_factory=dict[str, str])
    """The range of each VPC, by its id."""
    groups: tuple[FirewallGroup, ...] = ()
    members: tuple[FirewallMember, ...] = ()
    trusted: tuple[str, ...] = ()
    """Addresses of containers that serve the cloud itself: they are in no group, and may connect to everything."""
    links: tuple[tuple[str, str], ...] = ()
    """Pairs of addresses: the first may connect to the second whatever their groups say, as a replica to its source."""

    @property
    def allows_everything(self) -> bool:
        """Whether neither a group nor a subnet forbids anything, so that there is nothing to enforce."""
        return all(group.allows_everything for group in self.groups) and all(
            member.has_internet for member in self.members
        )


class Firewall(Protocol):
    """Drops what no security group allows, from the first packet on."""

    async def why_unavailable(self) -> str | None:
        """Return why rules cannot be enforced on this host, with the remedy; None when they are."""
        ...

    async def apply(self, table: FirewallTable) -> bool:
        """Enforce this table from now on; return whether what was enforced differed. Raises Unreachable, Refused.

        It takes effect at once as a whole. A member that was admitted a moment ago stays, as the table may be older.
        """
        ...

    async def is_intact(self) -> bool:
        """Return whether what is enforced is still what was applied, and nobody has changed it."""
        ...

    async def admit(self, member: FirewallMember) -> None:
        """Enforce the groups of a member: before its container starts. May be repeated.

        A group that is not known yet allows nothing. Raises Unreachable before the first ``apply``, and Refused when
        its groups cannot be enforced here.
        """
        ...

    async def dropped(self) -> Mapping[str, int]:
        """Return how many packets each group has dropped, by its id."""
        ...

    async def probe(
        self, source_id: str, address: str, protocol: TransportProtocol, port: int | None, timeout_s: float
    ) -> bool:
        """Send packets from a running container to an address, and return whether they got through.

        Whether anything listens there does not matter. Raises Refused when nothing can be sent from it.
        """
        ...
