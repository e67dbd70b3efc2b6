"""Whether a connection is let through: what the rules say, and what a probe finds."""

from dataclasses import dataclass, replace
from ipaddress import AddressValueError, IPv4Address, IPv4Network
from typing import Any
from uuid import UUID

from domain.aggregate import Aggregate, Claim, name_scope
from domain.database import Database
from domain.errors import Conflict, Invalid, NotFound, PortError, Unavailable, Unreachable
from domain.interface import WithInterface
from domain.security_group import Decision, Endpoint, Match, Rule, SecurityGroup, decide
from domain.subnet import Subnet, address_scope
from domain.values import must, parse_id, shown
from domain.vpc import SUBNET_SCOPE, Vpc, gateway
from miniaws.application import Cloud
from miniaws.commands.security_group.bodies import CheckConnection

_PROBE_S = 3.0


class NotProbed(Conflict):
    """cannot probe a connection from this source"""

    code = "not_probed"


@dataclass(frozen=True, slots=True)
class _End:
    """One end of the connection, and which resource it is, if any."""

    endpoint: Endpoint
    resource: Aggregate | None = None

    def as_json(self) -> dict[str, Any]:
        """Return it as an answer shows it."""
        found = self.resource
        about = None if found is None else {"id": found.public_id, "name": found.name}
        return {"address": self.endpoint.address, "resource": about}


async def check(cloud: Cloud, account: str, asked: CheckConnection) -> dict[str, Any]:
    """Return whether a connection is let through, and by which rules. Raises NotFound, Invalid, NotProbed."""
    if (asked.protocol == "icmp") != (asked.port is None):
        rule = "be given for {}" if asked.port is None else "be left out for {}, which has no ports"
        raise must("port", rule.format(asked.protocol))
    source = await _end(cloud, account, asked.source, "from")
    destination = await _end(cloud, account, asked.destination, "to")
    groups = await _groups(cloud, source, destination)
    rules = {group_id: each.rules for group_id, each in groups.items()}
    decision = decide(source.endpoint, destination.endpoint, asked.protocol, asked.port, rules)
    if _is_link(source, destination):
        decision = Decision(allowed=True, reason="a replica reaches its source, whatever the rules say")
    return {
        "allowed": decision.allowed,
        "reason": decision.reason,
        "from": source.as_json(),
        "to": destination.as_json(),
        "protocol": asked.protocol,
        "port": asked.port,
        "egress": _match(decision.egress, groups),
        "ingress": _match(decision.ingress, groups),
        "probe": await _probe(cloud, source, destination, asked) if asked.probe else None,
        "not_enforced": await cloud.ports.firewall.why_unavailable(),
    }


async def _end(cloud: Cloud, account: str, text: str, field: str) -> _End:
    try:
        return await _at(cloud, account, str(IPv4Address(text)))
    except AddressValueError:
        pass
    found = await _resource(cloud, account, text, field)
    if found.interface is None:
        raise Conflict(f"cannot check {found.name}: it has no address yet; retry in a moment", field=field)
    return await _member(cloud, found, found.interface.address)


async def _resource(cloud: Cloud, account: str, id_or_name: str, field: str) -> WithInterface:
    """Return a resource with an interface, by its id, or by a name that only one of them has."""
    kinds = [each for each in Aggregate.kinds.values() if issubclass(each, WithInterface)]
    parsed = parse_id(id_or_name)
    if parsed is None:
        claims = {
            each: await cloud.ports.store.claim(name_scope(account, each.KIND), id_or_name) for each in kinds
        }
        kinds = [each for each, claim in claims.items() if claim is not None]
    else:
        kinds = [each for each in kinds if parsed[0] == each.PREFIX]
    if not kinds:
        raise NotFound(
            f"cannot find {shown(id_or_name)}: give the id or name of an instance, a database, a cache, a queue or a "
            "load balancer, or an IPv4 address",
            field=field,
        )
    if len(kinds) > 1:
        listed = ", ".join(each.KIND.replace("_", " ") for each in kinds)
        raise Invalid(
            f"cannot tell which resource {shown(id_or_name)} is: there is a {listed} of that name; give its id",
            field=field,
        )
    return await cloud.load(kinds[0], account, id_or_name)


async def _at(cloud: Cloud, account: str, address: str) -> _End:
    """Return what has an address: a member of a VPC of the account, the host, or something outside."""
    vpc = await _vpc_around(cloud, account, IPv4Address(address))
    if vpc is None or IPv4Address(address) == gateway(IPv4Network(vpc.cidr)):
        return _End(Endpoint(address))
    claims = {claim.key: claim for claim in await cloud.ports.store.claims(address_scope(vpc.id))}
    owner = claims.get(address)
    found = None if owner is None else await cloud.ports.store.load(owner.owner)
    if isinstance(found, WithInterface):
        return await _member(cloud, found, address)
    if found is not None:
        return _End(Endpoint(address, vpc_cidr=vpc.cidr), found)
    # Nobody has it, so no rule lets anything through.
    return _End(Endpoint(address, frozenset(), vpc.cidr))


async def _vpc_around(cloud: Cloud, account: str, address: IPv4Address) -> Vpc | None:
    claims: list[Claim] = await cloud.ports.store.claims(SUBNET_SCOPE)
    owners: set[UUID] = {claim.owner for claim in claims if address in IPv4Network(claim.key)}
    for owner in owners:
        vpc = await cloud.load_by_id(Vpc, owner)
        if vpc.account_id == account and address in IPv4Network(vpc.cidr):
            return vpc
    return None


async def _member(cloud: Cloud, member: WithInterface, address: str) -> _End:
    vpc = await cloud.load_by_id(Vpc, member.vpc_id)
    interface = member.interface
    endpoint = Endpoint(address, frozenset(interface.group_ids if interface else ()), vpc.cidr)
    if interface is not None:
        subnet = await cloud.load_by_id(Subnet, interface.subnet_id)
        endpoint = replace(endpoint, has_internet=subnet.internet)
    return _End(endpoint, member)


async def _groups(cloud: Cloud, *ends: _End) -> dict[str, SecurityGroup]:
    wanted = {group_id for end in ends for group_id in end.endpoint.group_ids or ()}
    return {group_id: await cloud.load_by_id(SecurityGroup, group_id) for group_id in sorted(wanted)}


def _is_link(source: _End, destination: _End) -> bool:
    replica = source.resource
    if not isinstance(replica, Database) or replica.replica_of is None or destination.resource is None:
        return False
    return replica.replica_of.id == destination.resource.public_id


def _match(match: Match | None, groups: dict[str, SecurityGroup]) -> dict[str, Any] | None:
    if match is None:
        return None
    group, rule = groups[match.group_id], match.rule
    return {"group": {"id": group.public_id, "name": group.name}, "rule": _rule(rule)}


def _rule(rule: Rule) -> dict[str, Any]:
    return {"id": rule.id, "allows": rule.what, "description": rule.description}


async def _probe(cloud: Cloud, source: _End, destination: _End, asked: CheckConnection) -> dict[str, Any]:
    if source.resource is None:
        raise NotProbed(
            f"cannot try it from {asked.source}: no container has that address; name a resource that runs",
            field="from",
        )
    try:
        passed = await cloud.ports.firewall.probe(
            source.resource.public_id, destination.endpoint.address, asked.protocol, asked.port, _PROBE_S
        )
    except Unreachable:
        raise Unavailable(
            "cannot try it at the moment: the container engine does not answer; retry later"
        ) from None
    except PortError as error:
        raise NotProbed(f"cannot try it from {asked.source}: {error}", field="from") from None
    return {"passed": passed}
