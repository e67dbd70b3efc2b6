"""Snapshots over HTTP."""

from typing import Any

import orjson
from fastapi import APIRouter
from pydantic import Field
from starlette.responses import Response

from domain.snapshot import Snapshot
from domain.volume import MAX_SIZE_GB
from miniaws.commands import snapshot as commands
from miniaws.http.reading import At, Caller, CloudDep, IfNoneMatch, Narrowed, one, page
from miniaws.http.writing import Body, Change, KnownQuery, Operator, answer

router = APIRouter(prefix="/api/snapshots", tags=["snapshots"], dependencies=[KnownQuery])


class CreateSnapshot(Body):
    """A snapshot as it is asked for."""

    name: str = Field(examples=["before-upgrade"])
    volume: str | None = Field(default=None, description="id or name of the one volume", examples=["data"])
    is_of_all: bool = Field(
        default=False,
        alias="all",
        description="instead of `volume`: every volume of the account at one moment",
    )
    tags: dict[str, str] = Field(default={}, examples=[{"env": "test"}])


class ChangeSnapshot(Body):
    """What of a snapshot can change."""

    tags: dict[str, str]


class RestoreSnapshot(Body):
    """The new volume, and which of the snapshot's it begins as."""

    name: str = Field(description="of the new volume", examples=["data-before"])
    volume: str | None = Field(
        default=None, description="id or name, as it was then; may be left out when there is one only"
    )
    size_gb: int | None = Field(
        default=None, ge=1, le=MAX_SIZE_GB, description="left out: that of the volume it was taken of"
    )
    tags: dict[str, str] = Field(default={}, examples=[{"env": "test"}])


class CopySnapshot(Body):
    """Where the copy is made, and what it is called."""

    to: str = Field(description="name of a target: `GET /api/copy-targets`", examples=["offsite"])
    name: str | None = Field(
        default=None, description="left out: the snapshot's and the target's", examples=["before-offsite"]
    )
    tags: dict[str, str] = Field(default={}, examples=[{"env": "test"}])


@router.post("", status_code=202, dependencies=[Operator])
async def create_snapshot(body: CreateSnapshot, change: Change) -> Response:
    """Take a snapshot of a volume, in use or not, or of every volume of the account at one moment."""
    wish = commands.Create(body.name, body.volume, body.is_of_all, body.tags)
    return await answer(change, commands.create(change.cloud, change.request, wish), "snapshots")


@router.get("")
async def list_snapshots(cloud: CloudDep, caller: Caller, at: At, narrowed: Narrowed) -> Response:
    """List snapshots, now or as of any moment."""
    return await page(cloud, Snapshot.KIND, caller.account_id, at, narrowed)


@router.get("/{id_or_name}")
async def show_snapshot(
    id_or_name: str, cloud: CloudDep, caller: Caller, at: At, if_none_match: IfNoneMatch = None
) -> Response:
    """Show a snapshot, now or as of any moment."""
    return await one(cloud, Snapshot, caller.account_id, id_or_name, at, if_none_match)


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
async def change_snapshot(id_or_name: str, body: ChangeSnapshot, change: Change) -> Response:
    """Change the tags of a snapshot."""
    command = commands.change_tags(change.cloud, change.request, id_or_name, body.tags)
    return await answer(change, command, "snapshots")


@router.delete("/{id_or_name}", status_code=202, dependencies=[Operator])
async def delete_snapshot(id_or_name: str, change: Change) -> Response:
    """Delete a snapshot: what nothing else needs is erased. Its copies at targets stay."""
    return await answer(change, commands.delete(change.cloud, change.request, id_or_name), "snapshots")


@router.post("/{id_or_name}/restore", status_code=202, dependencies=[Operator])
async def restore_snapshot(id_or_name: str, body: RestoreSnapshot, change: Change) -> Response:
    """Restore a snapshot into a new volume; the answer is that volume."""
    wish = commands.Restore(body.name, body.volume, body.size_gb, body.tags)
    command = commands.restore(change.cloud, change.request, id_or_name, wish)
    return await answer(change, command, "volumes")


@router.post("/{id_or_name}/copies", status_code=202, dependencies=[Operator])
async def copy_snapshot(id_or_name: str, body: CopySnapshot, change: Change) -> Response:
    """Copy a snapshot to a target; the answer is the copy, a snapshot of its own."""
    wish = commands.Copy(body.to, body.name, body.tags)
    command = commands.copy(change.cloud, change.request, id_or_name, wish)
    return await answer(change, command, "snapshots")


@router.post("/{id_or_name}/verify", status_code=202, dependencies=[Operator])
async def verify_snapshot(id_or_name: str, change: Change) -> Response:
    """Read back everything the snapshot holds, and check the whole repository it lies in."""
    return await answer(change, commands.verify(change.cloud, change.request, id_or_name), "snapshots")
