"""Snapshots over HTTP."""

from typing import Any

import orjson
from starlette.responses import Response

from domain.snapshot import Snapshot
from miniaws.commands import snapshot as commands
from miniaws.http.generic import Routes
from miniaws.http.reading import Caller, CloudDep
from miniaws.http.writing import CommandContext, Operator, answer

routes = Routes(Snapshot)
router = routes.router
routes.reads()
routes.delete(
    commands.delete, "Delete a snapshot: what nothing else needs is erased. Its copies at targets stay."
)
routes.action(
    "verify",
    commands.verify,
    "Read back everything the snapshot holds, and check its whole repository.",
)


@router.post("", status_code=202, dependencies=[Operator])
async def create_snapshot(body: commands.CreateSnapshot, change: CommandContext) -> Response:
    """Take a snapshot of a volume, in use or not, or of every volume of the account at one moment."""
    return await answer(change, commands.create(change.cloud, change.request, body))


@router.get("/{id_or_name}/progress")
async def show_snapshot_progress(id_or_name: str, cloud: CloudDep, caller: Caller) -> Response:
    """Show what is done with a snapshot at this moment, and how far that is."""
    snapshot = await cloud.load(Snapshot, caller.account_id, id_or_name)
    seen = await cloud.ports.copies.look(snapshot.repository_id, snapshot.public_id)
    shown: dict[str, Any] = {"task": None, "state": None, "percent": None}
    if seen is not None:
        shown = {"task": seen.verb, "state": seen.state, "percent": seen.percent}
    return Response(orjson.dumps(shown), media_type="application/json")


@router.patch("/{id_or_name}", status_code=202, dependencies=[Operator])
async def change_snapshot(id_or_name: str, body: commands.ChangeSnapshot, change: CommandContext) -> Response:
    """Change the tags of a snapshot."""
    command = commands.change(change.cloud, change.request, id_or_name, body)
    return await answer(change, command)


@router.post("/{id_or_name}/restore", status_code=202, dependencies=[Operator])
async def restore_snapshot(
    id_or_name: str, body: commands.RestoreSnapshot, change: CommandContext
) -> Response:
    """Restore a snapshot into a new volume; the answer is that volume."""
    command = commands.restore(change.cloud, change.request, id_or_name, body)
    return await answer(change, command)


@router.post("/{id_or_name}/copies", status_code=202, dependencies=[Operator])
async def copy_snapshot(id_or_name: str, body: commands.CopySnapshot, change: CommandContext) -> Response:
    """Copy a snapshot to a target; the answer is the copy, a snapshot of its own."""
    command = commands.copy(change.cloud, change.request, id_or_name, body)
    return await answer(change, command)
