"""Commands for volumes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from domain.errors import Invalid, Unavailable
from domain.instance import Instance
from domain.snapshot.aggregate import copy_scope
from domain.snapshot.schedule import SnapshotPolicy
from domain.store import VersionConflict
from domain.volume import SIZE_TAKES, Volume
from miniaws.application import Cloud, Request, Saved
from miniaws.commands.snapshot import unless_used

_ATTEMPTS = 10


@dataclass(frozen=True, slots=True)
class Create:
    """A volume as it is asked for; ``size_gb`` None means no limit but the disk's."""

    name: str
    size_gb: int | None = None
    tags: Mapping[str, str] = field(default_factory=dict[str, str])


async def create(cloud: Cloud, request: Request, wish: Create) -> Saved:
    """Ask for a volume. Raises Invalid, NameTaken."""
    await cloud.refuse_repeated(request)
    volume = Volume.create(request.cause.account_id, wish.name, wish.size_gb, wish.tags)
    if wish.size_gb is not None:
        await refuse_unless_sizes_hold(cloud, "size_gb")
    return Saved(volume, await cloud.save(request, volume))


async def refuse_unless_sizes_hold(cloud: Cloud, field: str) -> None:
    """Raise Invalid, about that field, where a volume cannot be held to a size."""
    if not await cloud.ports.volumes.can_limit_size():
        raise Invalid(
            f"cannot hold a volume to a size here: that takes {SIZE_TAKES}; leave `{field}` out to get one without "
            "a limit",
            field=field,
        )


async def change_tags(cloud: Cloud, request: Request, id_or_name: str, tags: Mapping[str, str]) -> Saved:
    """Replace the tags. Raises NotFound, Invalid, BeingDeleted."""
    return await cloud.change(request, Volume, id_or_name, lambda volume: volume.change_tags(tags))


async def change_snapshot_policy(
    cloud: Cloud, request: Request, id_or_name: str, policy: SnapshotPolicy | None
) -> Saved:
    """Have snapshots taken by the clock, or none any more. Raises NotFound, Invalid, BeingDeleted."""
    now = cloud.ports.clock.now()
    return await cloud.change(request, Volume, id_or_name, lambda v: v.change_snapshot_policy(policy, now))


async def attach(cloud: Cloud, request: Request, id_or_name: str, instance: str, path: str) -> Saved:
    """Make a volume part of a stopped instance. Raises NotFound, VolumeInUse, InstanceNotStopped, Invalid."""

    def decide(volume: Volume, to: Instance) -> None:
        to.attach_volume(volume.public_id, volume.name, path)
        volume.attach(to.public_id, to.name, path)

    return await _change_both(cloud, request, id_or_name, instance, decide)


async def detach(cloud: Cloud, request: Request, id_or_name: str, instance: str) -> Saved:
    """Take a volume out of a stopped instance. Raises NotFound, VolumeNotAttached, InstanceNotStopped."""

    def decide(volume: Volume, from_: Instance) -> None:
        volume.detach(from_.public_id)
        from_.detach_volume(volume.public_id)

    return await _change_both(cloud, request, id_or_name, instance, decide)


async def delete(cloud: Cloud, request: Request, id_or_name: str) -> Saved:
    """Give a volume and its files up. Raises NotFound, VolumeInUse, or Conflict with the snapshots being taken."""
    return await unless_used(
        cloud,
        copy_scope((await cloud.load(Volume, request.cause.account_id, id_or_name)).public_id),
        lambda: cloud.change(request, Volume, id_or_name, Volume.delete),
        f"cannot delete volume {id_or_name}: a snapshot of it is taken",
    )


async def _change_both(
    cloud: Cloud, request: Request, id_or_name: str, instance: str, decide: Callable[[Volume, Instance], None]
) -> Saved:
    await cloud.refuse_repeated(request)
    account = request.cause.account_id
    for _ in range(_ATTEMPTS):
        volume = await cloud.load(Volume, account, id_or_name)
        other = await cloud.load(Instance, account, instance)
        volume.refuse_unless_version(request.expected_version)
        decide(volume, other)
        try:
            return Saved(volume, await cloud.save(request, volume, other))
        except VersionConflict:
            continue
    raise Unavailable(f"cannot change volume {id_or_name}: too many changes at once; retry")
