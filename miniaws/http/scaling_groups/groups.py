"""What is wanted of scaling groups."""

from typing import Annotated

from fastapi import APIRouter
from fastapi import Path as InPath
from starlette.responses import Response

from domain.scaling_group import Keeping, ScalingGroup, Size
from miniaws.commands import scaling_group as commands
from miniaws.http.reading import At, Caller, CloudDep, IfNoneMatch, Narrowed, one, page
from miniaws.http.scaling_groups.bodies import (
    AnyPolicy,
    ChangeScalingGroup,
    CreateScalingGroup,
    Processes,
    Protection,
    StartRefresh,
    behind,
)
from miniaws.http.writing import Change, KnownQuery, Operator, answer

PREFIX = "/api/scaling-groups"
_PATH = "scaling-groups"
router = APIRouter(prefix=PREFIX, tags=["scaling groups"], dependencies=[KnownQuery])
PolicyName = Annotated[str, InPath(max_length=63)]


@router.post("", status_code=202, dependencies=[Operator])
async def create_scaling_group(body: CreateScalingGroup, change: Change) -> Response:
    """Create a scaling group: it launches its instances."""
    desired = body.min if body.desired is None else body.desired
    wish = commands.Create(
        name=body.name,
        template=body.template.wish(),
        size=Size(body.min, desired, body.max),
        vpc=body.template.vpc,
        keeping=Keeping(
            body.health_check, body.health_check_grace_s, body.replace_percent, body.termination_policy
        ),
        load_balancers=behind(body.load_balancers),
        tags=body.tags,
    )
    return await answer(change, commands.create(change.cloud, change.request, wish), _PATH)


@router.get("")
async def list_scaling_groups(cloud: CloudDep, caller: Caller, at: At, narrowed: Narrowed) -> Response:
    """List scaling groups, now or as of any moment."""
    return await page(cloud, ScalingGroup.KIND, caller.account_id, at, narrowed)


@router.get("/{id_or_name}")
async def show_scaling_group(
    id_or_name: str, cloud: CloudDep, caller: Caller, at: At, if_none_match: IfNoneMatch = None
) -> Response:
    """Show a scaling group and its instances, now or as of any moment."""
    return await one(cloud, ScalingGroup, caller.account_id, id_or_name, at, if_none_match)


@router.patch("/{id_or_name}", status_code=202, dependencies=[Operator])
async def change_scaling_group(id_or_name: str, body: ChangeScalingGroup, change: Change) -> Response:
    """Change sizes, template, rules or tags. Instances that run stay as they are."""
    wish = commands.Update(
        sizes=commands.Sizes(body.min, body.desired, body.max),
        template=body.template.wish() if body.template else None,
        keeping=body.keeping(),
        load_balancers=None if body.load_balancers is None else behind(body.load_balancers),
        tags=body.tags,
    )
    return await answer(change, commands.update(change.cloud, change.request, id_or_name, wish), _PATH)


@router.delete("/{id_or_name}", status_code=202, dependencies=[Operator])
async def delete_scaling_group(id_or_name: str, change: Change) -> Response:
    """Delete a scaling group; its instances are terminated first."""
    return await answer(change, commands.delete(change.cloud, change.request, id_or_name), _PATH)


@router.put("/{id_or_name}/policies/{name}", status_code=202, dependencies=[Operator])
async def put_scaling_policy(id_or_name: str, name: PolicyName, body: AnyPolicy, change: Change) -> Response:
    """Have a scaling policy, in place of one of that name."""
    given = body.model_dump(by_alias=True)
    command = commands.put_policy(change.cloud, change.request, id_or_name, name, given)
    return await answer(change, command, _PATH)


@router.delete("/{id_or_name}/policies/{name}", status_code=202, dependencies=[Operator])
async def remove_scaling_policy(id_or_name: str, name: PolicyName, change: Change) -> Response:
    """Remove a scaling policy."""
    command = commands.remove_policy(change.cloud, change.request, id_or_name, name)
    return await answer(change, command, _PATH)


@router.post("/{id_or_name}/suspend", status_code=202, dependencies=[Operator])
async def suspend_scaling_group(id_or_name: str, body: Processes, change: Change) -> Response:
    """Let what the group does by itself rest."""
    command = commands.suspend(change.cloud, change.request, id_or_name, list(body.processes))
    return await answer(change, command, _PATH)


@router.post("/{id_or_name}/resume", status_code=202, dependencies=[Operator])
async def resume_scaling_group(id_or_name: str, body: Processes, change: Change) -> Response:
    """Let what rests go on."""
    command = commands.resume(change.cloud, change.request, id_or_name, list(body.processes))
    return await answer(change, command, _PATH)


@router.post("/{id_or_name}/refresh", status_code=202, dependencies=[Operator])
async def refresh_scaling_group(id_or_name: str, body: StartRefresh, change: Change) -> Response:
    """Replace every instance of an older template, a few at a time, each when another one serves in its place."""
    template = body.template.wish() if body.template else None
    command = commands.refresh(change.cloud, change.request, id_or_name, template, rolls_back=body.roll_back)
    return await answer(change, command, _PATH)


@router.delete("/{id_or_name}/refresh", status_code=202, dependencies=[Operator])
async def cancel_scaling_group_refresh(id_or_name: str, change: Change) -> Response:
    """Stop a refresh; instances stay as they are."""
    return await answer(change, commands.cancel_refresh(change.cloud, change.request, id_or_name), _PATH)


@router.put("/{id_or_name}/instances/{instance}/protection", status_code=202, dependencies=[Operator])
async def protect_scaling_group_instance(
    id_or_name: str, instance: str, body: Protection, change: Change
) -> Response:
    """Keep an instance when the group gets smaller, or not any more."""
    command = commands.protect(
        change.cloud, change.request, id_or_name, instance, is_protected=body.is_protected
    )
    return await answer(change, command, _PATH)
