"""What may be asked of a scaling group."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

import orjson

from domain.errors import Unavailable
from domain.instance_type import instance_type
from domain.load_balancer import LoadBalancer
from domain.load_balancer.errors import TargetInAnotherVpc
from domain.load_balancer.spec import DEFAULT_GROUP
from domain.managed import BeingDeleted
from domain.scaling_group import Attachment, GroupSpec, Keeping, ScalingGroup, Size, Template
from domain.store import RequirementMissing, VersionConflict
from domain.vpc import Vpc
from miniaws.application import Cloud, Request, Saved
from miniaws.commands.instance import refuse_impossible

_ATTEMPTS = 10


@dataclass(frozen=True, slots=True)
class Launched:
    """What instances are launched from, or (in a change) what of that becomes other; None stays as it is."""

    image: str | None = None
    type: str | None = None
    restart: str | None = None
    command: Sequence[str] | None = None
    environment: Mapping[str, str] | None = field(default=None, repr=False)
    ports: Sequence[int] | None = None
    tags: Mapping[str, str] | None = None

    def given(self) -> dict[str, Any]:
        """Return what is given, by the names of a template, without the environment."""
        names = ("image", "type", "restart", "command", "ports", "tags")
        return {name: getattr(self, name) for name in names if getattr(self, name) is not None}


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many instances; None stays as it is."""

    min: int | None = None
    desired: int | None = None
    max: int | None = None

    def changed(self, now: Size) -> Size:
        """Return the sizes after a change; a desired size that nobody gave stays between min and max."""
        least = now.min if self.min is None else self.min
        most = now.max if self.max is None else self.max
        wanted = max(least, min(now.desired, most)) if self.desired is None else self.desired
        return Size(least, wanted, most)


@dataclass(frozen=True, slots=True)
class Behind:
    """A load balancer by id or name that sends requests to the instances."""

    load_balancer: str
    port: int
    target_group: str = DEFAULT_GROUP
    weight: int = 1


@dataclass(frozen=True, slots=True)
class Create:
    """A group as it is asked for."""

    name: str
    template: Launched
    size: Size
    vpc: str = "default"
    keeping: Keeping = field(default_factory=Keeping)
    load_balancers: Sequence[Behind] = ()
    tags: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Update:
    """What of a group becomes other; None stays as it is."""

    sizes: Sizes = field(default_factory=Sizes)
    template: Launched | None = None
    keeping: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Fields of Keeping."""
    load_balancers: Sequence[Behind] | None = None
    tags: Mapping[str, str] | None = None


async def create(cloud: Cloud, request: Request, wish: Create) -> Saved:
    """Ask for a group. Raises Invalid, NotFound, NameTaken, UnknownImage, BeingDeleted."""
    await cloud.refuse_repeated(request)
    account = request.cause.account_id
    vpc = await cloud.load(Vpc, account, wish.vpc)
    environment = dict(wish.template.environment or {})
    environment_id, secrets = _sealed(cloud, environment)
    template = Template(
        vpc_id=vpc.public_id,
        vpc_name=vpc.name,
        environment_names=sorted(environment),
        environment_id=environment_id,
        **wish.template.given(),
    )
    await refuse_impossible(cloud, template.type, template.image)
    for _ in range(_ATTEMPTS):
        attachments, balancers = await _load_balancers(cloud, account, vpc.public_id, wish.load_balancers)
        spec = GroupSpec(account, wish.name, template, wish.size, wish.keeping, attachments, wish.tags)
        group = ScalingGroup.create(spec, environment)
        _select(group, attachments, balancers)
        try:
            return Saved(group, await cloud.save(request, group, *balancers.values(), secrets=secrets))
        except VersionConflict:
            continue
        except RequirementMissing:
            raise BeingDeleted(
                f"cannot launch into VPC {wish.vpc}: it is being deleted; choose another", field="vpc"
            ) from None
    raise Unavailable(f"cannot create {wish.name}: too many changes at once; retry")


async def update(cloud: Cloud, request: Request, id_or_name: str, wish: Update) -> Saved:
    """Change sizes, rules, template or tags; refreshes nothing. Raises NotFound, Invalid, RefreshRuns, BeingDeleted."""

    def decide(group: ScalingGroup) -> None:
        group.resize(wish.sizes.changed(group.size))
        group.keep(replace(group.keeping, **wish.keeping))
        if wish.tags is not None:
            group.change_tags(wish.tags)

    if wish.template is None and wish.load_balancers is None:
        return await cloud.change(request, ScalingGroup, id_or_name, decide)
    return await _change_much(cloud, request, id_or_name, wish, decide)


async def refresh(
    cloud: Cloud, request: Request, id_or_name: str, template: Launched | None, *, rolls_back: bool
) -> Saved:
    """Replace every instance of an older template, a few at a time. Raises NotFound, Invalid, RefreshRuns, Conflict."""
    now = cloud.ports.clock.now()

    def decide(group: ScalingGroup) -> None:
        group.refresh(rolls_back=rolls_back, now=now)

    if template is None:
        return await cloud.change(request, ScalingGroup, id_or_name, decide)
    return await _change_much(cloud, request, id_or_name, Update(template=template), decide)


async def cancel_refresh(cloud: Cloud, request: Request, id_or_name: str) -> Saved:
    """Leave instances as they are. Raises NotFound, Conflict."""
    return await cloud.change(request, ScalingGroup, id_or_name, ScalingGroup.cancel_refresh)


async def put_policy(
    cloud: Cloud, request: Request, id_or_name: str, name: str, policy: Mapping[str, Any]
) -> Saved:
    """Have a policy. Raises NotFound, Invalid, BeingDeleted."""
    now = cloud.ports.clock.now()
    return await cloud.change(
        request, ScalingGroup, id_or_name, lambda group: group.put_policy(name, policy, now)
    )


async def remove_policy(cloud: Cloud, request: Request, id_or_name: str, name: str) -> Saved:
    """Have no such policy. Raises NotFound, BeingDeleted."""
    return await cloud.change(request, ScalingGroup, id_or_name, lambda group: group.remove_policy(name))


async def suspend(cloud: Cloud, request: Request, id_or_name: str, named: list[str]) -> Saved:
    """Let processes rest; all when none is named. Raises NotFound, Invalid, BeingDeleted."""
    return await cloud.change(request, ScalingGroup, id_or_name, lambda group: group.suspend(named))


async def resume(cloud: Cloud, request: Request, id_or_name: str, named: list[str]) -> Saved:
    """Let processes go on; all when none is named. Raises NotFound, Invalid, BeingDeleted."""
    return await cloud.change(request, ScalingGroup, id_or_name, lambda group: group.resume(named))


async def protect(
    cloud: Cloud, request: Request, id_or_name: str, instance: str, *, is_protected: bool
) -> Saved:
    """Keep an instance when the group gets smaller, or not any more. Raises NotFound, BeingDeleted."""

    def decide(group: ScalingGroup) -> None:
        group.protect(instance, is_protected=is_protected)

    return await cloud.change(request, ScalingGroup, id_or_name, decide)


async def delete(cloud: Cloud, request: Request, id_or_name: str) -> Saved:
    """Give a group up; its instances end. Raises NotFound."""
    return await cloud.change(request, ScalingGroup, id_or_name, ScalingGroup.delete)


async def _change_much(
    cloud: Cloud, request: Request, id_or_name: str, wish: Update, decide: Callable[[ScalingGroup], None]
) -> Saved:
    """Change the template, the load balancers, and what else is decided, in one save."""
    await cloud.refuse_repeated(request)
    if wish.template is not None:
        await refuse_impossible(cloud, wish.template.type, wish.template.image)
    for _ in range(_ATTEMPTS):
        group = await cloud.load(ScalingGroup, request.cause.account_id, id_or_name)
        group.refuse_unless_version(request.expected_version)
        secrets = _change_template(cloud, group, wish.template) if wish.template else {}
        balancers = await _attach(cloud, group, wish.load_balancers)
        decide(group)
        try:
            return Saved(group, await cloud.save(request, group, *balancers, secrets=secrets))
        except VersionConflict:
            continue
    raise Unavailable(f"cannot change {id_or_name}: too many changes at once; retry")


async def _attach(
    cloud: Cloud, group: ScalingGroup, wishes: Sequence[Behind] | None
) -> Iterable[LoadBalancer]:
    """Put the group behind other load balancers, and return those that change with it."""
    if wishes is None:
        return ()
    account, vpc_id = group.account_id, group.template.vpc_id
    attachments, balancers = await _load_balancers(cloud, account, vpc_id, wishes)
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
    cloud: Cloud, account: str, vpc_id: str, wishes: Sequence[Behind]
) -> tuple[list[Attachment], dict[str, LoadBalancer]]:
    attachments: list[Attachment] = []
    balancers: dict[str, LoadBalancer] = {}
    for wish in wishes:
        found = await cloud.load(LoadBalancer, account, wish.load_balancer)
        if found.vpc_id != vpc_id:
            raise TargetInAnotherVpc(
                f"cannot put {found.name} before the group: it is in VPC {found.vpc_name}, and the group is not; use a "
                "load balancer of the group's VPC",
                field="load_balancers",
            )
        balancer = balancers.setdefault(found.public_id, found)
        attachments.append(
            Attachment(balancer.public_id, balancer.name, wish.port, wish.target_group, wish.weight)
        )
    return attachments, balancers


def _select(
    group: ScalingGroup, attachments: Sequence[Attachment], balancers: Mapping[str, LoadBalancer]
) -> None:
    for each in attachments:
        balancers[each.load_balancer_id].select(each.selector(group.public_id))


def _change_template(cloud: Cloud, group: ScalingGroup, template: Launched) -> dict[UUID, bytes]:
    changes = template.given()
    if template.type is not None:
        instance_type(template.type)
    if template.environment is None:
        group.change_template(changes, {})
        return {}
    environment = dict(template.environment)
    environment_id, secrets = _sealed(cloud, environment)
    changes |= {"environment_names": sorted(environment), "environment_id": environment_id}
    group.change_template(changes, environment)
    return secrets


def _sealed(cloud: Cloud, environment: Mapping[str, str]) -> tuple[str | None, dict[UUID, bytes]]:
    if not environment:
        return None, {}
    environment_id = cloud.ports.chance.uuid()
    return str(environment_id), {environment_id: orjson.dumps(dict(environment))}
