"""Scaling groups over HTTP."""

from typing import Annotated

from fastapi import Path as InPath
from starlette.responses import Response

from domain.scaling_group import ScalingGroup
from miniaws.commands import scaling_group as commands
from miniaws.http.generic import Routes
from miniaws.http.writing import CommandContext, Operator, answer

routes = Routes(ScalingGroup)
router = routes.router
routes.reads(about_one="Show a scaling group and its instances, now or as of any moment.")
routes.delete(commands.delete, "Delete a scaling group; its instances are terminated first.")
routes.delete(
    commands.cancel_refresh,
    "Stop a refresh; instances stay as they are.",
    name="cancel_scaling_group_refresh",
    under="/refresh",
)
PolicyName = Annotated[str, InPath(max_length=63)]


@router.post("", status_code=202, dependencies=[Operator])
async def create_scaling_group(body: commands.CreateScalingGroup, change: CommandContext) -> Response:
    """Create a scaling group: it launches its instances."""
    return await answer(change, commands.create(change.cloud, change.request, body))


@router.patch("/{id_or_name}", status_code=202, dependencies=[Operator])
async def change_scaling_group(
    id_or_name: str, body: commands.ChangeScalingGroup, change: CommandContext
) -> Response:
    """Change sizes, template, rules or tags. Instances that run stay as they are."""
    return await answer(change, commands.change(change.cloud, change.request, id_or_name, body))


@router.put("/{id_or_name}/policies/{name}", status_code=202, dependencies=[Operator])
async def put_scaling_policy(
    id_or_name: str, name: PolicyName, body: commands.AnyPolicy, change: CommandContext
) -> Response:
    """Set a scaling policy, in place of the one of that name."""
    command = commands.put_policy(change.cloud, change.request, id_or_name, name, body)
    return await answer(change, command)


@router.delete("/{id_or_name}/policies/{name}", status_code=202, dependencies=[Operator])
async def remove_scaling_policy(id_or_name: str, name: PolicyName, change: CommandContext) -> Response:
    """Remove a scaling policy."""
    command = commands.remove_policy(change.cloud, change.request, id_or_name, name)
    return await answer(change, command)


@router.post("/{id_or_name}/suspend", status_code=202, dependencies=[Operator])
async def suspend_scaling_group(
    id_or_name: str, body: commands.Processes, change: CommandContext
) -> Response:
    """Suspend what the group does by itself."""
    command = commands.suspend(change.cloud, change.request, id_or_name, body)
    return await answer(change, command)


@router.post("/{id_or_name}/resume", status_code=202, dependencies=[Operator])
async def resume_scaling_group(id_or_name: str, body: commands.Processes, change: CommandContext) -> Response:
    """Resume what was suspended."""
    command = commands.resume(change.cloud, change.request, id_or_name, body)
    return await answer(change, command)


@router.post("/{id_or_name}/refresh", status_code=202, dependencies=[Operator])
async def refresh_scaling_group(
    id_or_name: str, body: commands.StartRefresh, change: CommandContext
) -> Response:
    """Replace every instance of an older template, a few at a time, each when another one serves in its place."""
    command = commands.refresh(change.cloud, change.request, id_or_name, body)
    return await answer(change, command)


@router.put("/{id_or_name}/instances/{instance}/protection", status_code=202, dependencies=[Operator])
async def protect_scaling_group_instance(
    id_or_name: str, instance: str, body: commands.Protection, change: CommandContext
) -> Response:
    """Keep an instance when the group gets smaller, or not any more."""
    command = commands.protect(change.cloud, change.request, id_or_name, instance, body)
    return await answer(change, command)
