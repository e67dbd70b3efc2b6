"""Volumes over HTTP."""

from functools import partial

from starlette.responses import Response

from domain.volume import Volume
from miniaws.commands import volume as commands
from miniaws.http.generic import Routes
from miniaws.http.writing import CommandContext, Operator, answer

routes = Routes(Volume)
router = routes.router
routes.reads()
routes.trash(commands.delete, "Delete a volume with its files.")
routes.delete(
    partial(commands.change_snapshot_policy, given=None),
    "Stop taking snapshots of a volume on a schedule; existing ones stay.",
    name="remove_snapshot_policy",
    under="/snapshot-policy",
)


@router.post("", status_code=202, dependencies=[Operator])
async def create_volume(body: commands.CreateVolume, change: CommandContext) -> Response:
    """Create a volume."""
    return await answer(change, commands.create(change.cloud, change.request, body))


@router.patch("/{id_or_name}", status_code=202, dependencies=[Operator])
async def change_volume(id_or_name: str, body: commands.ChangeVolume, change: CommandContext) -> Response:
    """Change the tags of a volume."""
    return await answer(change, commands.change(change.cloud, change.request, id_or_name, body))


@router.put("/{id_or_name}/snapshot-policy", status_code=202, dependencies=[Operator])
async def set_snapshot_policy(
    id_or_name: str, body: commands.SnapshotSchedule, change: CommandContext
) -> Response:
    """Take snapshots of a volume on a schedule, and delete them when their retention ends."""
    command = commands.change_snapshot_policy(change.cloud, change.request, id_or_name, body)
    return await answer(change, command)


@router.post("/{id_or_name}/attach", status_code=202, dependencies=[Operator])
async def attach_volume(id_or_name: str, body: commands.AttachVolume, change: CommandContext) -> Response:
    """Attach a volume to a stopped instance."""
    command = commands.attach(change.cloud, change.request, id_or_name, body)
    return await answer(change, command)


@router.post("/{id_or_name}/detach", status_code=202, dependencies=[Operator])
async def detach_volume(id_or_name: str, body: commands.DetachVolume, change: CommandContext) -> Response:
    """Detach a volume from a stopped instance."""
    command = commands.detach(change.cloud, change.request, id_or_name, body)
    return await answer(change, command)
