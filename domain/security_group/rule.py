"""One rule of a security group: which traffic it allows."""

from base64 import b32encode
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from ipaddress import IPv4Address, IPv4Network, IPv6Network, ip_network
from typing import Any, Literal, Self

from domain import values

Direction = Literal["ingress", "egress"]
DIRECTIONS = ("ingress", "egress")
PROTOCOLS = ("tcp", "udp", "icmp", "all")
ANYWHERE = "0.0.0.0/0"
MAX_PORT = 65535
MAX_DESCRIPTION = 255


@dataclass(frozen=True, slots=True)
class Rule:
    """What may come in from an address or a group, or go out to one."""

    id: str
    """Follows from what it allows: the same rule has the same id in every group."""
    direction: Direction
    protocol: str
    from_port: int | None
    to_port: int | None
    """The last port of its range; None, as ``from_port``, for protocols without ports."""
    cidr: str | None
    group_id: str | None
    """The other side: a range or a group of the same VPC, one of both."""
    description: str = ""
    group_name: str | None = None

    @classmethod
    def allow(
        cls,
        direction: Direction,
        protocol: str,
        from_port: int | None = None,
        to_port: int | None = None,
        *,
        cidr: str | None = None,
        group: tuple[str, str] | None = None,
        description: str = "",
    ) -> Self:
        """Return a rule; ``group`` is the id and the name of the other side. Raises Invalid."""
        values.one_of(direction, DIRECTIONS, "direction")
        values.one_of(protocol, PROTOCOLS, "protocol")
        first, last = _ports(protocol, from_port, to_port)
        _refuse_unless_one(cidr, group)
        network = None if cidr is None else str(_network(cidr))
        group_id, group_name = group or (None, None)
        what = (direction, protocol, first, last, network or group_id)
        _refuse_long(description)
        return cls(_id(what), direction, protocol, first, last, network, group_id, description, group_name)

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Self:
        """Return the rule that an event holds."""
        return cls(**stored)

    def as_json(self) -> dict[str, Any]:
        """Return what events hold of it."""
        return asdict(self)

    @property
    def ports(self) -> str:
        """Its ports, as people write them."""
        if self.from_port is None or self.from_port == self.to_port:
            return "" if self.from_port is None else str(self.from_port)
        return f"{self.from_port}-{self.to_port}"

    @property
    def what(self) -> str:
        """What it allows, in words."""
        side = "from" if self.direction == "ingress" else "to"
        traffic = (
            "everything" if self.protocol == "all" else " ".join(filter(None, (self.protocol, self.ports)))
        )
        return f"{traffic} {side} {self.cidr or self.group_name}"

    def covers_traffic(self, protocol: str, port: int | None) -> bool:
        """Return whether it is about this protocol and this port of the destination."""
        if self.protocol == "all":
            return True
        if self.protocol != protocol:
            return False
        if self.from_port is None or self.to_port is None:
            return True
        return port is not None and self.from_port <= port <= self.to_port

    def covers_side(self, address: str, group_ids: frozenset[str]) -> bool:
        """Return whether the other side is one that it allows."""
        if self.cidr is not None:
            return IPv4Address(address) in IPv4Network(self.cidr)
        return self.group_id in group_ids


def _ports(protocol: str, first: int | None, last: int | None) -> tuple[int | None, int | None]:
    if protocol not in {"tcp", "udp"}:
        if first is not None or last is not None:
            raise values.must("from_port", f"be left out for {protocol}, which has no ports")
        return None, None
    if first is None:
        raise values.must(
            "from_port", f"be given for {protocol}, and `to_port` for a range; 1 to {MAX_PORT} are all ports"
        )
    last = first if last is None else last
    if not 1 <= first <= last <= MAX_PORT:
        raise values.must(
            "from_port",
            f"be from 1 to {MAX_PORT}, and not above `to_port`; not {first} with `to_port` {last}",
        )
    return first, last


def _refuse_unless_one(cidr: str | None, group: tuple[str, str] | None) -> None:
    if (cidr is None) == (group is None):
        raise values.must("cidr", f"be given, or `group`, but not both; `{ANYWHERE}` is every address")


def _network(text: str) -> IPv4Network:
    try:
        network = ip_network(text)
    except ValueError as error:
        raise values.must("cidr", "be an IPv4 range such as `10.20.0.0/24`", text, why=str(error)) from None
    if isinstance(network, IPv6Network):
        raise values.must(
            "cidr", f"be an IPv4 range such as `{ANYWHERE}`", text, why="the networks of VPCs have no IPv6"
        )
    return network


def _refuse_long(description: str) -> None:
    if len(description) > MAX_DESCRIPTION or not description.isprintable():
        raise values.must("description", f"have at most {MAX_DESCRIPTION} characters, on one line")


def _id(what: tuple[object, ...]) -> str:
    digest = sha256("|".join(map(str, what)).encode()).digest()
    return f"sgr-{b32encode(digest[:10]).decode().lower()}"
