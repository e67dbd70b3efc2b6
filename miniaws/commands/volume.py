"""Commands for volumes."""

from collections.abc import Callable
from typing import Any

from pydantic import Field

from domain.errors import Invalid, within
from domain.instance import Instance
from domain.snapshot.aggregate import copy_scope
from domain.snapshot.schedule import MOST_COUNT, MOST_DAYS, SnapshotPolicy
from domain.volume import MAX_SIZE_GB, SIZE_TAKES, Volume
from miniaws.application import Cloud, Request, Saved, UnitOfWork
from miniaws.commands import keeping
from miniaws.commands.body import Body, Change, Name, NewTags, Tags
from miniaws.commands.snapshot import unless_used

FIGURES = {
    "missed_snapshots": "Moments of its schedule without a snapshot, since the last one that was begun",
}
"""Metrics for Prometheus, by name, with their meaning."""


class SnapshotSchedule(Body):
    """When snapshots of the volume are taken, and how long they are kept."""

    schedule: str = Field(
        default=SnapshotPolicy().schedule,
        title="Schedule",
        max_length=100,
        description="cron expression, UTC",
    )
    retention_days: int = Field(
        default=SnapshotPolicy().retention_days,
        title="Retention (days)",
        ge=1,
        le=MOST_DAYS,
        description="days after which a scheduled snapshot is deleted",
    )
    retention_count: int | None = Field(
        default=None,
        title="Maximum snapshots",
        ge=1,
        le=MOST_COUNT,
        description="how many scheduled snapshots are kept at most; left out: any number",
    )

    def policy(self) -> SnapshotPolicy:
        """Return the policy."""
        return SnapshotPolicy(**self.model_dump())


class CreateVolume(Body):
    """A volume to create."""

    name: Name = Field(examples=["data"])
    size_gb: int | None = Field(
        default=None,
        title="Size (GiB)",
        ge=1,
        le=MAX_SIZE_GB,
        description="size limit in GiB; left out: no limit",
    )
    snapshot_policy: SnapshotSchedule | None = Field(
        default=None,
        title="Snapshot policy",
        description="when snapshots are taken, and how long they are kept; left out: none are taken",
    )
    tags: Tags = Field(default={})


class ChangeVolume(Change):
    """What can be changed of a volume."""

    tags: NewTags = None


class AttachVolume(Body):
    """Which stopped instance gets the volume, and where its program finds it."""

    instance: str = Field(title="Instance", description="id or name; it must be stopped", examples=["web-1"])
    path: str = Field(
        title="Path", description="where the program finds the volume's files", examples=["/data"]
    )


class DetachVolume(Body):
    """Which stopped instance loses the volume."""

    instance: str = Field(title="Instance", description="id or name", examples=["web-1"])


async def create(cloud: Cloud, request: Request, new: CreateVolume) -> Saved:
    """Create a volume. Raises Invalid, NameTaken."""

    async def work(unit: UnitOfWork) -> None:
        volume = Volume.create(unit.account_id, new.name, new.size_gb, new.tags)
        if new.snapshot_policy is not None:
            with within("snapshot_policy"):
                volume.change_snapshot_policy(new.snapshot_policy.policy(), cloud.ports.clock.now())
        unit.add(volume)
        if new.size_gb is not None:
            await refuse_unless_sizes_hold(cloud, "size_gb")

    return await cloud.transact(request, work)


async def refuse_unless_sizes_hold(cloud: Cloud, field: str) -> None:
    """Raise Invalid, about that field, where a volume cannot be held to a size."""
    if not await cloud.ports.volumes.can_limit_size():
        raise Invalid(
            f"cannot limit the size of a volume here: that requires {SIZE_TAKES}; leave `{field}` out to get one "
            "without a limit",
            field=field,
        )


async def change(cloud: Cloud, request: Request, id_or_name: str, changes: ChangeVolume) -> Saved:
    """Replace the tags. Raises NotFound, Invalid, BeingDeleted."""
    return await cloud.change(
        request, Volume, id_or_name, lambda volume: volume.change_tags(changes.tags or {})
    )


async def change_snapshot_policy(
    cloud: Cloud, request: Request, id_or_name: str, given: SnapshotSchedule | None
) -> Saved:
    """Set when snapshots are taken; None: no longer. Raises NotFound, Invalid, BeingDeleted."""
    policy = None if given is None else given.policy()
    now = cloud.ports.clock.now()
    return await cloud.change(request, Volume, id_or_name, lambda v: v.change_snapshot_policy(policy, now))


async def attach(cloud: Cloud, request: Request, id_or_name: str, to: AttachVolume) -> Saved:
    """Make a volume part of a stopped instance. Raises NotFound, VolumeInUse, InstanceNotStopped, Invalid."""

    def decide(volume: Volume, instance: Instance) -> None:
        instance.attach_volume(volume.public_id, volume.name, to.path)
        volume.attach(instance.public_id, instance.name, to.path)

    return await _change_both(cloud, request, id_or_name, to.instance, decide)


async def detach(cloud: Cloud, request: Request, id_or_name: str, from_: DetachVolume) -> Saved:
    """Take a volume out of a stopped instance. Raises NotFound, VolumeNotAttached, InstanceNotStopped."""

    def decide(volume: Volume, instance: Instance) -> None:
        volume.detach(instance.public_id)
        instance.detach_volume(volume.public_id)

    return await _change_both(cloud, request, id_or_name, from_.instance, decide)


async def delete(cloud: Cloud, request: Request, id_or_name: str, *, purge: bool = False) -> Saved:
    """Move a volume to the trash, or with ``purge`` remove it and its files.

    Raises NotFound, VolumeInUse, or Conflict with the snapshots being taken.
    """
    await cloud.refuse_repeated(request)
    return await unless_used(
        cloud,
        copy_scope((await cloud.load(Volume, request.cause.account_id, id_or_name)).public_id),
        lambda: cloud.change(request, Volume, id_or_name, lambda v: keeping.end(cloud, v, purge=purge)),
        f"cannot delete volume {id_or_name}: a snapshot of it is taken",
    )


async def _change_both(
    cloud: Cloud, request: Request, id_or_name: str, instance: str, decide: Callable[[Volume, Instance], None]
) -> Saved:
    async def work(unit: UnitOfWork) -> None:
        decide(await unit.load(Volume, id_or_name), await unit.load(Instance, instance))

    return await cloud.transact(request, work)


async def figures(cloud: Cloud, document: dict[str, Any]) -> dict[str, Any]:
    """Return how many scheduled snapshots were missed since the last one."""
    del cloud
    if document["spec"]["snapshot_policy"] is None:
        return {}
    missed = document["observed"]["missed_snapshot"]
    return {"missed_snapshots": missed["count"] if missed else 0}
