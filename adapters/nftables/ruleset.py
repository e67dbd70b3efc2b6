"""From what is to be enforced to the objects of an nftables table. Pure.

The first packet of a connection passes ``sources``, which maps its source address to a chain of egress rules, and then
``destinations``, which maps its destination address to a chain of ingress rules. A rule that allows it returns from
the chain; the end of the chain counts and drops. All members of the same groups share a chain, so a member that comes
or goes only changes elements.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, collapse_addresses

from domain.firewall import EVERYWHERE, Direction, FirewallGroup, FirewallMember, FirewallRule, FirewallTable

ADDRESS = "ipv4_addr"
_FIELDS: Mapping[Direction, str] = {"ingress": "saddr", "egress": "daddr"}
_EVERY_PORT = (0, 65535)
_KNOWN = "ct state established,related accept"
_HOOK = "type filter hook {0} priority filter - 10; policy accept;"
_FORWARD = (
    _KNOWN,
    "iifname != @bridges oifname != @bridges accept",
    "meta nfproto != ipv4 drop",
    # These would reach every container of a bridge, whatever its groups say.
    "ip daddr { 224.0.0.0/4, 255.255.255.255 } drop",
    "ip saddr . ip daddr @links accept",
    "iifname @bridges jump leave",
    "ip saddr @trusted accept",
    "oifname @bridges ip daddr != @members drop",
    "ip daddr vmap @destinations",
)
_LEAVE = (
    "meta nfproto != ipv4 drop",
    "ip saddr != @members drop",
    "ip saddr @isolated ip daddr != @ranges drop",
    "ip saddr vmap @sources",
)
_INPUT = (
    _KNOWN,
    "iifname @bridges jump leave",
    # The address of a load balancer is one of the host.
    'iifname "lo" ip saddr vmap @sources',
    "ip saddr @trusted accept",
    "ip daddr vmap @destinations",
    "ip daddr . tcp dport vmap @published",
    "tcp dport vmap @published-anywhere",
)
_OUTPUT = (
    _KNOWN,
    # Connections of the host's own programs to a published port; others of its own connections are allowed. This comes
    # first, as the interface is still the one of the published address: the loopback interface.
    "ct status dnat ip daddr vmap @destinations",
    # The input hook sees these packets, too.
    'oifname "lo" accept',
    "oifname != @bridges accept",
    "meta nfproto != ipv4 drop",
    "ip saddr vmap @sources",
    "ip saddr @members ip daddr vmap @destinations",
)


@dataclass(frozen=True, slots=True)
class Elements:
    """A named set, or a map to verdicts."""

    type: str
    elements: Mapping[str, str] = field(default_factory=dict[str, str])
    """The verdict of each key of a map, empty text for the keys of a set."""
    is_map: bool = False
    has_ranges: bool = False

    @property
    def declaration(self) -> str:
        """What it is declared with, besides its elements."""
        key = f"type {self.type} : verdict;" if self.is_map else f"type {self.type};"
        return f"{key} flags interval;" if self.has_ranges else key


@dataclass(frozen=True, slots=True)
class Chain:
    """Rules in order; ``hook`` is empty for a chain that others jump to."""

    rules: tuple[str, ...]
    hook: str = ""


@dataclass(frozen=True, slots=True)
class Ruleset:
    """The objects of a table, by name."""

    counters: frozenset[str]
    elements: Mapping[str, Elements]
    chains: Mapping[str, Chain]


def ruleset(table: FirewallTable, bridge: Callable[[str], str]) -> Ruleset:
    """Return the objects that enforce a table; ``bridge`` returns the interface of a VPC's network."""
    groups = {group.id: group for group in table.groups}
    mentioned = {group_id for member in table.members for group_id in member.group_ids}
    known = sorted(groups.keys() | mentioned)
    return Ruleset(
        counters=frozenset(known),
        elements=_addresses(table, bridge) | _groups(table, known) | _verdicts(table),
        chains={
            "leave": Chain(_LEAVE),
            **dict(_member_chains(table, groups)),
            "forward": Chain(_FORWARD, _HOOK.format("forward")),
            "input": Chain(_INPUT, _HOOK.format("input")),
            "output": Chain(_OUTPUT, _HOOK.format("output")),
        },
    )


def _keys(keys: Iterable[str]) -> dict[str, str]:
    return dict.fromkeys(sorted(keys), "")


def _addresses(table: FirewallTable, bridge: Callable[[str], str]) -> dict[str, Elements]:
    members = {each.address for each in table.members}
    isolated = {each.address for each in table.members if not each.has_internet}
    return {
        "bridges": Elements("ifname", _keys(f'"{bridge(vpc_id)}"' for vpc_id in table.ranges)),
        "ranges": Elements(ADDRESS, _keys(set(table.ranges.values())), has_ranges=True),
        "members": Elements(ADDRESS, _keys(members | set(table.trusted))),
        "trusted": Elements(ADDRESS, _keys(table.trusted)),
        "isolated": Elements(ADDRESS, _keys(isolated)),
        "links": Elements(f"{ADDRESS} . {ADDRESS}", _keys(" . ".join(pair) for pair in table.links)),
    }


def _groups(table: FirewallTable, known: Iterable[str]) -> dict[str, Elements]:
    addresses: dict[str, set[str]] = {group_id: set() for group_id in known}
    for member in table.members:
        for group_id in member.group_ids:
            addresses[group_id].add(member.address)
    return {_set(group_id): Elements(ADDRESS, _keys(found)) for group_id, found in addresses.items()}


def _verdicts(table: FirewallTable) -> dict[str, Elements]:
    sources: dict[str, str] = {}
    destinations: dict[str, str] = {}
    published: dict[str, str] = {}
    anywhere: dict[str, str] = {}
    for member in sorted(table.members, key=lambda each: each.resource_id):
        key = _combination(_ids(member))
        sources[member.address] = f"jump out-{key}"
        destinations[member.address] = f"jump in-{key}"
        for port in member.published:
            verdict = f"jump port-{key}-{port.port}"
            if port.host_address == "0.0.0.0" or ":" in port.host_address:  # noqa: S104 - nothing is bound
                anywhere[str(port.host_port)] = verdict
            else:
                published[f"{port.host_address} . {port.host_port}"] = verdict
    return {
        "sources": Elements(ADDRESS, sources, is_map=True),
        "destinations": Elements(ADDRESS, destinations, is_map=True),
        "published": Elements(f"{ADDRESS} . inet_service", published, is_map=True),
        "published-anywhere": Elements("inet_service", anywhere, is_map=True),
    }


def _member_chains(table: FirewallTable, groups: Mapping[str, FirewallGroup]) -> Iterator[tuple[str, Chain]]:
    """Yield the chains for each combination of groups, and for each port that such a member publishes."""
    ports: dict[tuple[str, ...], set[int]] = {}
    for member in table.members:
        ports.setdefault(_ids(member), set()).update(each.port for each in member.published)
    for ids, published in ports.items():
        key = _combination(ids)
        rules = [rule for group_id in ids if group_id in groups for rule in groups[group_id].rules]
        rules = [rule for rule in rules if rule.group_id is None or rule.group_id in groups]
        end = " ".join([*(f'counter name "{group_id}"' for group_id in ids), "drop"])
        yield f"out-{key}", _chain(rules, "egress", end)
        yield f"in-{key}", _chain(rules, "ingress", end)
        for port in sorted(published):
            allowed = [rule for rule in rules if rule.direction == "ingress" and _covers(rule, port)]
            texts = [f"{_peer(rule)}return" for rule in allowed]
            yield f"port-{key}-{port}", Chain((*dict.fromkeys(texts), end))


def _chain(rules: Iterable[FirewallRule], direction: Direction, end: str) -> Chain:
    """Return a chain with one rule for all ports of a range, and one for all ranges with the same ports."""
    ports: dict[tuple[str, str | None, str | None], set[tuple[int, int]]] = {}
    for rule in rules:
        if rule.direction == direction:
            ports.setdefault((rule.protocol, rule.cidr, rule.group_id), set()).add(_ports(rule))
    ranges: dict[str, list[IPv4Network]] = {}
    texts: list[str] = []
    for (protocol, cidr, group_id), found in ports.items():
        service = _service(protocol, found)
        if group_id is not None:
            texts.append(f"ip {_FIELDS[direction]} @{_set(group_id)} {service}return")
        else:
            ranges.setdefault(service, []).append(IPv4Network(cidr or EVERYWHERE))
    texts += [f"{_within(direction, found)}{service}return" for service, found in ranges.items()]
    return Chain((*texts, end))


def _peer(rule: FirewallRule) -> str:
    if rule.group_id is not None:
        return f"ip {_FIELDS[rule.direction]} @{_set(rule.group_id)} "
    return _within(rule.direction, [IPv4Network(rule.cidr or EVERYWHERE)])


def _within(direction: Direction, ranges: Iterable[IPv4Network]) -> str:
    """Return the condition that the other side is in one of the ranges; nothing when that is always so."""
    found = [str(each) for each in collapse_addresses(ranges)]
    if found == [EVERYWHERE]:
        return ""
    return f"ip {_FIELDS[direction]} {{ {', '.join(found)} }} "


def _ports(rule: FirewallRule) -> tuple[int, int]:
    if rule.from_port is None or rule.protocol in {"all", "icmp"}:
        return _EVERY_PORT
    return rule.from_port, rule.from_port if rule.to_port is None else rule.to_port


def _service(protocol: str, ports: Iterable[tuple[int, int]]) -> str:
    if protocol == "all":
        return ""
    merged: list[tuple[int, int]] = []
    for first, last in sorted(ports):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = merged[-1][0], max(last, merged[-1][1])
        else:
            merged.append((first, last))
    if _EVERY_PORT in merged:
        return f"meta l4proto {protocol} "
    listed = ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in merged)
    return f"{protocol} dport {{ {listed} }} "


def _covers(rule: FirewallRule, port: int) -> bool:
    """Return whether a rule allows a TCP port."""
    if rule.protocol not in {"tcp", "all"}:
        return False
    if rule.from_port is None:
        return True
    return rule.from_port <= port <= (rule.from_port if rule.to_port is None else rule.to_port)


def _set(group_id: str) -> str:
    return f"group-{group_id}"


def _ids(member: FirewallMember) -> tuple[str, ...]:
    return tuple(sorted(set(member.group_ids)))


def _combination(ids: tuple[str, ...]) -> str:
    """Return what the chains of a combination of groups are named after."""
    return hashlib.sha256(" ".join(ids).encode()).hexdigest()[:12]
