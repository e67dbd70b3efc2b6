"""Which connections the rules allow, and why: what the firewall does, as a function."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network

from domain.security_group.rule import Direction, Rule


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One end of a connection."""

    address: str
    group_ids: frozenset[str] | None = None
    """Its security groups; None for what has none, as the host, the internet or a container of our own."""
    vpc_cidr: str | None = None
    """The range of its VPC; None for what is in no VPC."""
    has_internet: bool = True
    """Whether its subnet lets it reach what is outside the VPC."""


@dataclass(frozen=True, slots=True)
class Match:
    """The rule that allows one direction, and its group."""

    group_id: str
    rule: Rule


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a new connection is let through."""

    allowed: bool
    reason: str
    egress: Match | None = None
    """The rule that lets it out; None when it is dropped, and for a source without groups."""
    ingress: Match | None = None
    """The rule that lets it in; None when it is dropped, and for a destination without groups."""
    dropped_by: Direction | None = None
    """Of which direction no rule allows it."""


def decide(
    source: Endpoint,
    destination: Endpoint,
    protocol: str,
    port: int | None,
    groups: Mapping[str, Sequence[Rule]],
) -> Decision:
    """Return whether a new connection is let through; ``groups`` are the rules of each group by its id."""
    if source.vpc_cidr and destination.vpc_cidr and source.vpc_cidr != destination.vpc_cidr:
        return Decision(allowed=False, reason="they are in different VPCs")
    if not source.has_internet and not _is_inside(destination.address, source.vpc_cidr):
        return Decision(allowed=False, reason="the subnet of the source has no internet")
    egress = ingress = None
    if source.group_ids is not None:
        egress = _match("egress", source.group_ids, destination, protocol, port, groups)
        if egress is None:
            return _dropped("egress", "no egress rule of the source allows it")
    if destination.group_ids is not None:
        ingress = _match("ingress", destination.group_ids, source, protocol, port, groups)
        if ingress is None:
            return _dropped("ingress", "no ingress rule of the destination allows it")
    return Decision(allowed=True, reason=_why(egress, ingress), egress=egress, ingress=ingress)


def _match(
    direction: Direction,
    group_ids: frozenset[str],
    other: Endpoint,
    protocol: str,
    port: int | None,
    groups: Mapping[str, Sequence[Rule]],
) -> Match | None:
    """Return the first rule of the groups that allows it."""
    for group_id in sorted(group_ids):
        for rule in groups.get(group_id, ()):
            if (
                rule.direction == direction
                and rule.covers_traffic(protocol, port)
                and rule.covers_side(other.address, other.group_ids or frozenset())
            ):
                return Match(group_id, rule)
    return None


def _is_inside(address: str, cidr: str | None) -> bool:
    return cidr is not None and IPv4Address(address) in IPv4Network(cidr)


def _dropped(direction: Direction, reason: str) -> Decision:
    return Decision(allowed=False, reason=reason, dropped_by=direction)


def _why(egress: Match | None, ingress: Match | None) -> str:
    allowing = [each.rule for each in (egress, ingress) if each is not None]
    if not allowing:
        return "neither end is a member of a security group"
    return " and ".join(f"{each.id} allows {each.what}" for each in allowing)
