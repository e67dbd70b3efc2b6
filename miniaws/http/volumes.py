"""Volumes over HTTP."""

from fastapi import APIRouter
from pydantic import Field
from starlette.responses import Response

from domain.snapshot.schedule import MOST_COUNT, MOST_DAYS, SnapshotPolicy
from domain.volume import MAX_SIZE_GB, Volume
from miniaws.commands import volume as commands
from miniaws.http.reading import At, Caller, CloudDep, IfNoneMatch, Narrowed, one, page
from miniaws.http.writing import Body, Change, KnownQuery, Operator, answer

router = APIRouter(prefix="/api/volumes", tags=["volumes"], dependencies=[KnownQuery])


class CreateVolume(Body):
    """A volume as it is asked for."""

    name: str = Field(examples=["data"])
    size_gb: int | None = Field(
        default=None,
        ge=1,
        le=MAX_SIZE_GB,
        description="a real limit in GiB; left out: as much as the disk holds",
    )
    tags: dict[str, str] = Field(default={}, examples=[{"env": "test"}])


class ChangeVolume(Body):
    """What of a volume can change."""

    tags: dict[str, str]


class AttachVolume(Body):
    """Which stopped instance gets the volume, and where its program finds it."""

    instance: str = Field(description="id or name", examples=["web-1"])
    path: str = Field(examples=["/data"])


class DetachVolume(Body):
    """Which stopped instance loses the volume."""

    instance: str = Field(description="id or name", examples=["web-1"])


class SnapshotsByTheClock(Body):
    """When snapshots of the volume are taken, and how long they are kept."""

    schedule: str = Field(
        default=SnapshotPolicy().schedule, max_length=100, description="cron expression, UTC"
    )
    retention_days: int = Field(default=SnapshotPolicy().retention_days, ge=1, le=MOST_DAYS)
    retention_count: int | None = Field(
        default=None, ge=1, le=MOST_COUNT, description="at most so many, besides; left out: any number"
    )


@router.post("", status_code=202, dependencies=[Operator])
async def create_volume(body: CreateVolume, change: Change) -> Response:
    """Create a volume."""
    wish = commands.Create(body.name, body.size_gb, body.tags)
    return await answer(change, commands.create(change.cloud, change.request, wish), "volumes")


@router.get("")
async def list_volumes(cloud: CloudDep, caller: Caller, at: At, narrowed: Narrowed) -> Response:
    """List volumes, now or as of any moment."""
    return await page(cloud, Volume.KIND, caller.account_id, at, narrowed)


@router.get("/{id_or_name}")
async def show_volume(
    id_or_name: str, cloud: CloudDep, caller: Caller, at: At, if_none_match: IfNoneMatch = None
) -> Response:
    """Show a volume, now or as of any moment."""
    return await one(cloud, Volume, caller.account_id, id_or_name, at, if_none_match)


@router.patch("/{id_or_name}", status_code=202, dependencies=[Operator])
async def change_volume(id_or_name: str, body: ChangeVolume, change: Change) -> Response:
    """Change the tags of a volume."""
    return await answer(
        change, commands.change_tags(change.cloud, change.request, id_or_name, body.tags), "volumes"
    )


@router.delete("/{id_or_name}", status_code=202, dependencies=[Operator])
async def delete_volume(id_or_name: str, change: Change) -> Response:
    """Delete a volume and its files."""
    return await answer(change, commands.delete(change.cloud, change.request, id_or_name), "volumes")


@router.put("/{id_or_name}/snapshot-policy", status_code=202, dependencies=[Operator])
async def set_snapshot_policy(id_or_name: str, body: SnapshotsByTheClock, change: Change) -> Response:
    """Have snapshots of a volume taken by the clock, and dropped when their time is up."""
    policy = SnapshotPolicy(**body.model_dump())
    command = commands.change_snapshot_policy(change.cloud, change.request, id_or_name, policy)
    return await answer(change, command, "volumes")


@router.delete("/{id_or_name}/snapshot-policy", status_code=202, dependencies=[Operator])
async def remove_snapshot_policy(id_or_name: str, change: Change) -> Response:
    """Have no more snapshots of a volume taken by the clock; those there are stay."""
    command = commands.change_snapshot_policy(change.cloud, change.request, id_or_name, None)
    return await answer(change, command, "volumes")


@router.post("/{id_or_name}/attach", status_code=202, dependencies=[Operator])
async def attach_volume(id_or_name: str, body: AttachVolume, change: Change) -> Response:
    """Attach a volume to a stopped instance."""
    command = commands.attach(change.cloud, change.request, id_or_name, body.instance, body.path)
    return await answer(change, command, "volumes")


@router.post("/{id_or_name}/detach", status_code=202, dependencies=[Operator])
async def detach_volume(id_or_name: str, body: DetachVolume, change: Change) -> Response:
    """Detach a volume from a stopped instance."""
    command = commands.detach(change.cloud, change.request, id_or_name, body.instance)
    return await answer(change, command, "volumes")
