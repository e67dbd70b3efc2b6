"""Commands for security groups.

``bodies`` their inputs · ``checking`` whether a connection is let through
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from uuid import UUID

from domain.errors import Conflict, DomainError, NotFound
from domain.security_group import (
    MAX_GROUPS,
    Rule,
    SecurityGroup,
    default_rules,
    group_use_scope,
)
from domain.security_group.aggregate import DEFAULT
from domain.store import ScopeInUse
from domain.subnet import qualified
from domain.values import distinct, must, parse_id, shown
from domain.vpc import Vpc
from miniaws.application import Cloud, Request, Saved, UnitOfWork
from miniaws.commands import defaults
from miniaws.commands.security_group.bodies import AuthorizeRules as AuthorizeRules
from miniaws.commands.security_group.bodies import ChangeSecurityGroup as ChangeSecurityGroup
from miniaws.commands.security_group.bodies import CheckConnection as CheckConnection
from miniaws.commands.security_group.bodies import CreateSecurityGroup as CreateSecurityGroup
from miniaws.commands.security_group.bodies import SecurityRule as SecurityRule
from miniaws.commands.security_group.bodies import rules_of
from miniaws.commands.security_group.checking import NotProbed as NotProbed
from miniaws.commands.security_group.checking import check as check


class NotEnforced(Conflict):
    """cannot enforce the rules of a security group on this host"""

    code = "not_enforced"


FIGURES = {
    "dropped_packets": "Packets of its members that no rule allowed, since the firewall was first set up"
}
"""Metrics for Prometheus, by name, with their meaning."""

Groups = dict[str, SecurityGroup]
"""The groups that a body refers to, by what it calls them."""


async def create(cloud: Cloud, request: Request, new: CreateSecurityGroup) -> Saved:
    """Create a security group. Raises Invalid, NotFound, NameTaken, RuleExists, BeingDeleted."""

    async def work(unit: UnitOfWork) -> None:
        vpc = await cloud.load(Vpc, unit.account_id, new.vpc)
        vpc.refuse_if_deleting()
        group = SecurityGroup.create(unit.account_id, new.name, vpc, new.tags)
        named = await _named(cloud, group, [*new.ingress, *(new.egress or [])])
        out = None if new.egress is None else rules_of("egress", new.egress, named)
        if new.ingress or out is not None:
            egress = [each for each in group.rules if each.direction == "egress"] if out is None else out
            group.replace_rules([*rules_of("ingress", new.ingress, named), *egress], named.values())
        await refuse_unless_enforced(cloud, group)
        unit.add(group)

    return await cloud.transact(request, work)


async def change(cloud: Cloud, request: Request, id_or_name: str, changes: ChangeSecurityGroup) -> Saved:
    """Replace rules, tags or both. Raises NotFound, Invalid, RuleExists, BeingDeleted."""

    async def decide(group: SecurityGroup) -> None:
        named = await _named(cloud, group, [*(changes.ingress or []), *(changes.egress or [])])
        if changes.ingress is not None or changes.egress is not None:
            group.replace_rules(_replaced(group, changes, named), named.values())
            await refuse_unless_enforced(cloud, group)
        if changes.tags is not None:
            group.change_tags(changes.tags)

    return await _change(cloud, request, id_or_name, decide)


async def authorize(cloud: Cloud, request: Request, id_or_name: str, new: AuthorizeRules) -> Saved:
    """Add rules. Raises NotFound, Invalid, RuleExists, BeingDeleted."""
    if not new.ingress and not new.egress:
        raise must("ingress", "have a rule, or `egress`")

    async def decide(group: SecurityGroup) -> None:
        named = await _named(cloud, group, [*new.ingress, *new.egress])
        ingress, egress = rules_of("ingress", new.ingress, named), rules_of("egress", new.egress, named)
        group.authorize([*ingress, *egress], named.values())

    return await _change(cloud, request, id_or_name, decide)


async def revoke(cloud: Cloud, request: Request, id_or_name: str, rule_id: str) -> Saved:
    """Take a rule out. Raises NotFound, UnknownRule, BeingDeleted."""

    async def decide(group: SecurityGroup) -> None:
        group.revoke([rule_id])
        await refuse_unless_enforced(cloud, group)

    return await _change(cloud, request, id_or_name, decide)


async def delete(cloud: Cloud, request: Request, id_or_name: str) -> Saved:
    """Delete a security group that nothing uses. Raises NotFound, DefaultGroup, Conflict."""
    try:
        return await cloud.change(request, SecurityGroup, id_or_name, SecurityGroup.delete)
    except ScopeInUse:
        raise await _in_use(cloud, request, id_or_name) from None


async def figures(cloud: Cloud, document: dict[str, Any]) -> dict[str, Any]:
    """Return the metrics of a group."""
    return {"dropped_packets": (await cloud.ports.firewall.dropped()).get(document["id"])}


async def refuse_unless_enforced(cloud: Cloud, group: SecurityGroup) -> None:
    """Raise NotEnforced when a group allows less than everything, and this host cannot drop the rest."""
    if {each.id for each in group.rules} >= {each.id for each in default_rules()}:
        return
    if (why := await cloud.ports.firewall.why_unavailable()) is not None:
        raise NotEnforced(f"cannot enforce the rules of security group {group.name} on this host: {why}")


async def find_in(
    cloud: Cloud, vpc_id: UUID, vpc_name: str, ids_or_names: Sequence[str] | None = None
) -> list[SecurityGroup]:
    """Return groups of a VPC, for a member that is created or changed; None: the default one.

    Raises NotFound, Invalid, BeingDeleted.
    """
    wanted = [DEFAULT] if ids_or_names is None else list(ids_or_names)
    if not 1 <= len(wanted) <= MAX_GROUPS:
        raise must("security_groups", f"have 1 to {MAX_GROUPS} groups", len(wanted))
    found = [await _find(cloud, vpc_id, vpc_name, each, "security_groups") for each in wanted]
    distinct([each.public_id for each in found], "groups", "security_groups")
    return found


async def _change(
    cloud: Cloud, request: Request, id_or_name: str, decide: Callable[[SecurityGroup], Awaitable[None]]
) -> Saved:
    async def work(unit: UnitOfWork) -> None:
        await decide(await unit.load(SecurityGroup, id_or_name))

    return await cloud.transact(request, work)


async def _find(cloud: Cloud, vpc_id: UUID, vpc_name: str, id_or_name: str, field: str) -> SecurityGroup:
    if id_or_name in {DEFAULT, qualified(DEFAULT, vpc_name)}:
        return await defaults.group(cloud, vpc_id)
    vpc = await cloud.load_by_id(Vpc, vpc_id)
    name = id_or_name if parse_id(id_or_name) or "." in id_or_name else qualified(id_or_name, vpc.name)
    try:
        group = await cloud.load(SecurityGroup, vpc.account_id, name)
    except NotFound:
        raise NotFound(
            f"cannot find security group {shown(id_or_name)} in VPC {vpc.name}; list the groups to see what there is",
            field=field,
        ) from None
    if group.vpc_id != vpc.public_id:
        raise must(
            field, f"be a security group of VPC {vpc.name}", id_or_name, why=f"it is in VPC {group.vpc_name}"
        )
    group.refuse_if_deleting()
    return group


async def _named(cloud: Cloud, group: SecurityGroup, rules: Sequence[SecurityRule]) -> Groups:
    """Return the groups that rules of a group name."""
    found: Groups = {}
    parsed = parse_id(group.vpc_id)
    assert parsed is not None  # noqa: S101 - the VPC of a group that was found
    for name in dict.fromkeys(each.group for each in rules if each.group is not None):
        is_itself = name in {group.name, group.public_id}
        found[name] = group if is_itself else await _find(cloud, parsed[1], group.vpc_name, name, "group")
    return found


def _replaced(group: SecurityGroup, changes: ChangeSecurityGroup, named: Groups) -> list[Rule]:
    """Return all rules of a group after a change."""
    kept = {"ingress": changes.ingress is None, "egress": changes.egress is None}
    return [
        *(each for each in group.rules if kept[each.direction]),
        *rules_of("ingress", changes.ingress or [], named),
        *rules_of("egress", changes.egress or [], named),
    ]


async def _in_use(cloud: Cloud, request: Request, id_or_name: str) -> DomainError:
    group = await cloud.load(SecurityGroup, request.cause.account_id, id_or_name)
    users = await cloud.ports.store.claims(group_use_scope(group.public_id))
    members = [each for each in users if not each.key.startswith("sg-")]
    namers = [each for each in users if each.key.startswith("sg-")]
    what = [
        *(
            [f"it has the members {', '.join(f'{each.note} ({each.key})' for each in members[:10])}"]
            if members
            else []
        ),
        *(
            [f"rules of {', '.join(f'{each.note} ({each.key})' for each in namers[:10])} name it"]
            if namers
            else []
        ),
    ]
    return Conflict(
        f"cannot delete security group {group.name}: {' and '.join(what) or 'it was just used'}; take them out first",
        used_by=[{"id": claim.key, "name": claim.note} for claim in users],
    )
