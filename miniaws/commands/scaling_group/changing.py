"""Creates, changes and deletes scaling groups."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import orjson

from domain.errors import within
from domain.instance_type import instance_type
from domain.load_balancer import LoadBalancer
from domain.load_balancer.errors import TargetInAnotherVpc
from domain.managed import BeingDeleted
from domain.scaling_group import Attachment, GroupSpec, ScalingGroup, Template
from domain.scaling_group.outdated import has_outdated
from domain.store import ClaimTaken, RequirementMissing
from domain.vpc import Vpc
from miniaws.application import Cloud, Request, Saved, UnitOfWork
from miniaws.commands import interface
from miniaws.commands.instance import refuse_impossible
from miniaws.commands.scaling_group.bodies import (
    BehindBalancer,
    ChangeScalingGroup,
    ChangeTemplate,
    CreateScalingGroup,
    LaunchTemplate,
    Processes,
    Protection,
    StartRefresh,
)
from miniaws.commands.scaling_group.policies import AnyPolicy


async def create(cloud: Cloud, request: Request, new: CreateScalingGroup) -> Saved:
    """Create a group. Raises Invalid, NotFound, NameTaken, UnknownImage, BeingDeleted."""
    fields, size, policy = new.template.fields(), new.size(), new.health_policy()

    async def work(unit: UnitOfWork) -> None:
        template = await _template(cloud, unit, new.template, fields)
        attachments, balancers = await _load_balancers(
            cloud, unit.account_id, template.vpc_id, new.load_balancers
        )
        spec = GroupSpec(unit.account_id, new.name, template, size, policy, attachments, new.tags)
        group = ScalingGroup.create(spec, new.template.env)
        for name, each in new.policies.items():
            with within("policies", name):
                group.put_policy(name, each.model_dump(by_alias=True), cloud.ports.clock.now())
        if new.suspended:
            group.suspend([*new.suspended])
        with within("template"):
            await refuse_impossible(cloud, template.type, template.image)
        _select(group, attachments, balancers)
        unit.add(group, *balancers.values())

    async def recover(conflict: ClaimTaken | RequirementMissing) -> None:
        if isinstance(conflict, ClaimTaken):
            raise conflict
        raise BeingDeleted(
            f"cannot launch into VPC {new.template.vpc}: it is being deleted; choose another",
            field="template.vpc",
        ) from None

    return await cloud.transact(request, work, recover)


async def change(cloud: Cloud, request: Request, id_or_name: str, changes: ChangeScalingGroup) -> Saved:
    """Change sizes, rules, template or tags; refreshes nothing. Raises NotFound, Invalid, RefreshRuns, BeingDeleted."""

    def decide(group: ScalingGroup) -> None:
        group.resize(changes.size(group.size))
        group.change_health_policy(changes.health_policy(group.health_policy))
        if changes.tags is not None:
            group.change_tags(changes.tags)

    if changes.template is None and changes.load_balancers is None:
        return await cloud.change(request, ScalingGroup, id_or_name, decide)
    return await _change_much(cloud, request, id_or_name, changes, decide)


async def refresh(cloud: Cloud, request: Request, id_or_name: str, start: StartRefresh) -> Saved:
    """Replace every instance of an older template, a few at a time. Raises NotFound, Invalid, RefreshRuns, Conflict."""
    now = cloud.ports.clock.now()

    def decide(group: ScalingGroup) -> None:
        group.refresh(rolls_back=start.roll_back, now=now)

    if start.template is None:
        return await cloud.change(request, ScalingGroup, id_or_name, decide)
    changes = ChangeScalingGroup(template=start.template)
    return await _change_much(cloud, request, id_or_name, changes, decide)


async def refresh_outdated(cloud: Cloud, request: Request, id_or_name: str) -> Saved:
    """Replace every instance of an older template, if there is one. Raises NotFound, RefreshRuns, BeingDeleted."""
    now = cloud.ports.clock.now()

    def decide(group: ScalingGroup) -> None:
        if has_outdated(group):
            group.refresh(rolls_back=True, now=now)

    return await cloud.change(request, ScalingGroup, id_or_name, decide)


async def cancel_refresh(cloud: Cloud, request: Request, id_or_name: str) -> Saved:
    """Leave instances as they are. Raises NotFound, Conflict."""
    return await cloud.change(request, ScalingGroup, id_or_name, ScalingGroup.cancel_refresh)


async def put_policy(cloud: Cloud, request: Request, id_or_name: str, name: str, policy: AnyPolicy) -> Saved:
    """Set a policy, in place of the one of that name. Raises NotFound, Invalid, BeingDeleted."""
    now, given = cloud.ports.clock.now(), policy.model_dump(by_alias=True)
    return await cloud.change(
        request, ScalingGroup, id_or_name, lambda group: group.put_policy(name, given, now)
    )


async def remove_policy(cloud: Cloud, request: Request, id_or_name: str, name: str) -> Saved:
    """Remove a policy. Raises NotFound, BeingDeleted."""
    return await cloud.change(request, ScalingGroup, id_or_name, lambda group: group.remove_policy(name))


async def suspend(cloud: Cloud, request: Request, id_or_name: str, named: Processes) -> Saved:
    """Suspend processes; all when none is named. Raises NotFound, Invalid, BeingDeleted."""
    processes: list[str] = list(named.processes)
    return await cloud.change(request, ScalingGroup, id_or_name, lambda group: group.suspend(processes))


async def resume(cloud: Cloud, request: Request, id_or_name: str, named: Processes) -> Saved:
    """Resume processes; all when none is named. Raises NotFound, Invalid, BeingDeleted."""
    processes: list[str] = list(named.processes)
    return await cloud.change(request, ScalingGroup, id_or_name, lambda group: group.resume(processes))


async def protect(
    cloud: Cloud, request: Request, id_or_name: str, instance: str, protection: Protection
) -> Saved:
    """Protect an instance when the group shrinks, or stop protecting it. Raises NotFound, BeingDeleted."""

    def decide(group: ScalingGroup) -> None:
        group.protect(instance, is_protected=protection.is_protected)

    return await cloud.change(request, ScalingGroup, id_or_name, decide)


async def delete(cloud: Cloud, request: Request, id_or_name: str) -> Saved:
    """Delete a group; its instances are terminated. Raises NotFound."""
    return await cloud.change(request, ScalingGroup, id_or_name, ScalingGroup.delete)


async def _change_much(
    cloud: Cloud,
    request: Request,
    id_or_name: str,
    changes: ChangeScalingGroup,
    decide: Callable[[ScalingGroup], None],
) -> Saved:
    """Change the template, the load balancers, and what else is decided, in one save."""
    template = changes.template
    fields = {} if template is None else template.fields()

    async def work(unit: UnitOfWork) -> None:
        if template is not None:
            with within("template"):
                await refuse_impossible(cloud, template.type, template.image)
        group = await unit.load(ScalingGroup, id_or_name)
        if template is not None:
            place = await _place(cloud, (group.template.vpc_id, group.template.vpc_name), template)
            _change_template(unit, group, {**fields, **place}, template.env)
        unit.add(*await _attach(cloud, group, changes.load_balancers))
        decide(group)

    return await cloud.transact(request, work)


async def _template(
    cloud: Cloud, unit: UnitOfWork, asked: LaunchTemplate, fields: Mapping[str, Any]
) -> Template:
    vpc = await cloud.load(Vpc, unit.account_id, asked.vpc)
    return Template(
        vpc_id=vpc.public_id,
        vpc_name=vpc.name,
        environment_names=sorted(asked.env),
        environment_id=_seal(unit, asked.env),
        **fields,
        **await _place(cloud, (vpc.public_id, vpc.name), asked),
    )


async def _place(
    cloud: Cloud, vpc: tuple[str, str], asked: LaunchTemplate | ChangeTemplate
) -> dict[str, Any]:
    """Return the subnet and the security groups that are given, by the names of a template."""
    with within("template"):
        return await interface.references(cloud, vpc, asked.subnet, asked.security_groups)


async def _attach(
    cloud: Cloud, group: ScalingGroup, behind: Sequence[BehindBalancer] | None
) -> Iterable[LoadBalancer]:
    """Put the group behind other load balancers, and return those that change with it."""
    if behind is None:
        return ()
    account, vpc_id = group.account_id, group.template.vpc_id
    attachments, balancers = await _load_balancers(cloud, account, vpc_id, behind)
    before = group.attachments
    group.attach(attachments)
    for gone in (each for each in before if each not in attachments):
        id_ = gone.load_balancer_id
        if id_ not in balancers:
            balancers[id_] = await cloud.load(LoadBalancer, account, id_)
        selector_id = gone.selector(group.public_id).id
        if not balancers[id_].is_deleting and selector_id in balancers[id_].selectors:
            balancers[id_].unselect(selector_id)
    _select(group, attachments, balancers)
    return balancers.values()


async def _load_balancers(
    cloud: Cloud, account: str, vpc_id: str, behind: Sequence[BehindBalancer]
) -> tuple[list[Attachment], dict[str, LoadBalancer]]:
    attachments: list[Attachment] = []
    balancers: dict[str, LoadBalancer] = {}
    for index, each in enumerate(behind):
        found = await cloud.load(LoadBalancer, account, each.load_balancer)
        if found.vpc_id != vpc_id:
            raise TargetInAnotherVpc(
                f"cannot put {found.name} before the group: it is in VPC {found.vpc_name}, and the group is not; use a "
                "load balancer of the group's VPC",
                field=f"load_balancers.{index}.load_balancer",
            )
        balancer = balancers.setdefault(found.public_id, found)
        attachments.append(
            Attachment(balancer.public_id, balancer.name, each.port, each.target_group, each.weight)
        )
    return attachments, balancers


def _select(
    group: ScalingGroup, attachments: Sequence[Attachment], balancers: Mapping[str, LoadBalancer]
) -> None:
    for index, each in enumerate(attachments):
        with within("load_balancers", index):
            balancers[each.load_balancer_id].select(each.selector(group.public_id))


def _change_template(
    unit: UnitOfWork, group: ScalingGroup, changes: Mapping[str, Any], environment: Mapping[str, str] | None
) -> None:
    if "type" in changes:
        with within("template"):
            instance_type(changes["type"])
    sealed: dict[str, Any] = {}
    if environment is not None:
        sealed = {"environment_names": sorted(environment), "environment_id": _seal(unit, environment)}
    group.change_template({**changes, **sealed}, dict(environment or {}))


def _seal(unit: UnitOfWork, environment: Mapping[str, str]) -> str | None:
    return str(unit.seal(orjson.dumps(dict(environment)))) if environment else None
