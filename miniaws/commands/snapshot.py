"""Commands for snapshots."""

from collections.abc import Awaitable, Callable
from functools import partial
from uuid import UUID

from pydantic import Field

from domain.aggregate import name_scope
from domain.errors import Conflict, Invalid
from domain.snapshot import NewSnapshot, Snapshot, SnapshotNotRestorable
from domain.snapshot.offsite_copies import Original, Target, copy_name, find_target, restore_scope
from domain.store import ClaimTaken, RequirementMissing, ScopeInUse
from domain.values import must, shown
from domain.volume import MAX_SIZE_GB, SIZE_TAKES, Origin, Volume
from miniaws.application import Cloud, Request, Saved, UnitOfWork
from miniaws.commands.body import Body, Change, Name, NewTags, Tags


class CreateSnapshot(Body):
    """A snapshot to take: of one volume, or of all in the account."""

    name: Name = Field(examples=["before-upgrade"])
    volume: str | None = Field(default=None, title="Volume", description="id or name", examples=["data"])
    is_of_all: bool = Field(
        default=False,
        alias="all",
        title="All volumes",
        description="instead of `volume`: every volume of the account at one moment",
    )
    tags: Tags = Field(default={})


class ChangeSnapshot(Change):
    """What can be changed of a snapshot."""

    tags: NewTags = None


class RestoreSnapshot(Body):
    """The volume to create, and which volume of the snapshot it is restored from."""

    name: Name = Field(
        title="Name of the new volume", description="name of the new volume", examples=["data-before"]
    )
    volume: str | None = Field(
        default=None,
        title="Volume",
        description="id or name, as it was then; may be left out when the snapshot has only one",
    )
    size_gb: int | None = Field(
        default=None,
        title="Size (GiB)",
        ge=1,
        le=MAX_SIZE_GB,
        description="left out: that of the original volume",
    )
    tags: Tags = Field(default={})


class CopySnapshot(Body):
    """Where the copy is made, and its name."""

    to: str = Field(
        title="Target",
        description="a target that the operator configured: `GET /api/copy-targets`",
        examples=["offsite"],
    )
    name: str | None = Field(
        default=None,
        title="Name of the copy",
        description="left out: the snapshot's and the target's",
        examples=["before-offsite"],
    )
    tags: Tags = Field(default={})


async def create(
    cloud: Cloud,
    request: Request,
    new: CreateSnapshot,
    note: Callable[[UnitOfWork, Snapshot], Awaitable[None]] | None = None,
) -> Saved:
    """Take a snapshot; ``note`` adds what else is saved with it.

    Raises Invalid, NotFound, NameTaken, BeingDeleted, Conflict.
    """
    if (new.volume is None) != new.is_of_all:
        raise must("volume", "be given, or `all`, but not both")

    async def work(unit: UnitOfWork) -> None:
        snapshot = await _asked_for(cloud, unit, new)
        unit.add(snapshot)
        if note is not None:
            await note(unit, snapshot)

    return await cloud.transact(request, work, _unless_repository_gone)


async def restore(cloud: Cloud, request: Request, id_or_name: str, new: RestoreSnapshot) -> Saved:
    """Restore a snapshot into a new volume. Raises NotFound, Invalid, NameTaken, SnapshotNotRestorable."""

    async def work(unit: UnitOfWork) -> None:
        snapshot = await cloud.load(Snapshot, unit.account_id, id_or_name)
        part = snapshot.restorable(new.volume)
        size_gb = new.size_gb or part["size_gb"]
        if size_gb is not None and not await cloud.ports.volumes.can_limit_size():
            raise Invalid(
                f"cannot restore a volume of {size_gb} GB here: a size limit requires {SIZE_TAKES}",
                field="size_gb",
            )
        origin = Origin(snapshot.public_id, snapshot.name, part["id"])
        volume = Volume.create(unit.account_id, new.name, size_gb, new.tags, origin)
        volume.conditions.requires.append(snapshot.alive_claim())
        unit.add(volume)

    async def recover(conflict: ClaimTaken | RequirementMissing) -> None:
        if isinstance(conflict, ClaimTaken):
            raise conflict
        raise SnapshotNotRestorable(
            f"cannot restore snapshot {shown(id_or_name)}: it is being deleted"
        ) from None

    return await cloud.transact(request, work, recover)


async def copy(cloud: Cloud, request: Request, id_or_name: str, new: CopySnapshot) -> Saved:
    """Copy a snapshot to a target. Raises NotFound, Invalid, NameTaken, Conflict, what it refuses."""

    async def work(unit: UnitOfWork) -> None:
        target = await _target(cloud, new.to)
        original = await cloud.load(Snapshot, unit.account_id, id_or_name)
        original.refuse_to_copy()
        snapshot = await _copy_of(cloud, unit, original, target, new)
        original.note_copy(snapshot.public_id, snapshot.name, target.name)
        unit.add(snapshot, original)

    async def recover(conflict: ClaimTaken | RequirementMissing) -> None:
        if isinstance(conflict, ClaimTaken):
            raise Conflict(
                f"cannot copy snapshot {shown(id_or_name)} to {new.to}: its copy {conflict.claim.note} is there; "
                "delete that one first"
            ) from None

    return await cloud.transact(request, work, recover)


async def verify(cloud: Cloud, request: Request, id_or_name: str) -> Saved:
    """Read everything back. Raises NotFound, BeingDeleted, SnapshotNotRestorable."""
    return await cloud.change(request, Snapshot, id_or_name, Snapshot.request_verification)


async def change(cloud: Cloud, request: Request, id_or_name: str, changes: ChangeSnapshot) -> Saved:
    """Replace the tags. Raises NotFound, Invalid, BeingDeleted."""

    def decide(snapshot: Snapshot) -> None:
        snapshot.change_tags(changes.tags or {})

    return await cloud.change(request, Snapshot, id_or_name, decide)


async def delete(cloud: Cloud, request: Request, id_or_name: str) -> Saved:
    """Delete a snapshot. Raises NotFound, or Conflict with the volumes that are restored from it."""
    await cloud.refuse_repeated(request)
    return await unless_used(
        cloud,
        restore_scope((await cloud.load(Snapshot, request.cause.account_id, id_or_name)).public_id),
        lambda: cloud.change(request, Snapshot, id_or_name, Snapshot.delete),
        f"cannot delete snapshot {id_or_name}: volumes are restored, or copies made, from it",
    )


async def unless_used(
    cloud: Cloud, scope: str, change: Callable[[], Awaitable[Saved]], refusal: str
) -> Saved:
    """Change something unless the scope holds claims; then say whose."""
    try:
        return await change()
    except ScopeInUse:
        users = await cloud.ports.store.claims(scope)
        raise Conflict(
            f"{refusal} ({', '.join(claim.note or claim.key for claim in users)}); wait until that is done",
            used_by=[{"id": claim.key, "name": claim.note} for claim in users],
        ) from None


async def _unless_repository_gone(conflict: ClaimTaken | RequirementMissing) -> None:
    """Try again when the snapshot whose repository the new one would have joined has just been deleted."""
    if isinstance(conflict, ClaimTaken):
        raise conflict


async def _asked_for(cloud: Cloud, unit: UnitOfWork, new: CreateSnapshot) -> Snapshot:
    """Return a snapshot in the repository of the others, or in a new one."""
    volumes, skipped = await _volumes(cloud, unit.account_id, new)
    prepared = partial(
        NewSnapshot,
        account_id=unit.account_id,
        name=new.name,
        volumes=[{"id": v.public_id, "name": v.name, "size_gb": v.size_gb} for v in volumes],
        is_of_all=new.is_of_all,
        skipped=skipped,
        tags=new.tags,
    )
    return await _in_its_repository(cloud, unit, "", prepared)


async def _copy_of(
    cloud: Cloud, unit: UnitOfWork, original: Snapshot, target: Target, new: CopySnapshot
) -> Snapshot:
    """Return a copy in the repository of the others at its target, or in a new one."""
    assert original.taken_at is not None  # noqa: S101 - what was not taken was refused
    prepared = partial(
        NewSnapshot,
        account_id=original.account_id,
        name=copy_name(original.name, target.name) if new.name is None else new.name,
        volumes=original.volumes,
        is_of_all=original.is_of_all,
        tags=new.tags,
        target=target.name,
        original=Original(
            snapshot_id=original.public_id,
            name=original.name,
            repository_id=original.repository_id,
            key_id=original.key_id,
            copy_id=original.copy_id,
            taken_at=original.taken_at,
            held=original.held,
        ),
    )
    snapshot = await _in_its_repository(cloud, unit, target.name, prepared)
    snapshot.conditions.requires.append(original.alive_claim())
    return snapshot


async def _in_its_repository(
    cloud: Cloud, unit: UnitOfWork, target: str, new: partial[NewSnapshot]
) -> Snapshot:
    shared = await _shared(cloud, unit.account_id, target)
    repository_id, key = await _repository(cloud, shared)
    snapshot = Snapshot.create(new(repository_id=repository_id, key_id=unit.seal(key)))
    if shared is not None:
        snapshot.conditions.requires.append(shared.alive_claim())
    return snapshot


async def _target(cloud: Cloud, name: str) -> Target:
    known = await cloud.ports.targets.known()
    found = find_target(known, name)
    if found is None:
        there = ", ".join(target.name for target in known)
        raise Invalid(
            f"cannot copy to {shown(name)}: "
            + (
                f"the targets here are {there}"
                if there
                else "no target is set up here; see MINIAWS_COPY_TARGETS"
            ),
            field="to",
        )
    return found


async def _volumes(
    cloud: Cloud, account: str, new: CreateSnapshot
) -> tuple[list[Volume], list[dict[str, str]]]:
    """Return what to take a snapshot of, and what cannot be included."""
    if new.volume is not None:
        volume = await cloud.load(Volume, account, new.volume)
        volume.refuse_if_deleting()
        if volume.status != "available":
            raise Conflict(
                f"cannot take a snapshot of volume {volume.name}: it is {volume.status}; wait until it is available"
            )
        return [volume], []
    claims = await cloud.ports.store.claims(name_scope(account, Volume.KIND))
    found = [await cloud.load_by_id(Volume, claim.owner) for claim in claims]
    skipped = [
        {"id": volume.public_id, "name": volume.name, "reason": f"it is {volume.status}"}
        for volume in found
        if volume.status not in {"available", "deleting"}
    ]
    return [volume for volume in found if volume.status == "available"], skipped


async def _shared(cloud: Cloud, account: str, target: str) -> Snapshot | None:
    """Return a snapshot that lives, whose repository a new one joins; preferably one that holds something."""
    living: Snapshot | None = None
    for claim in await cloud.ports.store.claims(name_scope(account, Snapshot.KIND)):
        snapshot = await cloud.load_by_id(Snapshot, claim.owner)
        if snapshot.target != target:
            continue
        if snapshot.was_taken and not snapshot.is_deleting:
            return snapshot
        living = living if snapshot.is_deleting else living or snapshot
    return living


async def _repository(cloud: Cloud, shared: Snapshot | None) -> tuple[str, bytes]:
    """Return the repository of a snapshot and the key that opens it, or new ones."""
    if shared is not None:
        key = await cloud.ports.store.secret(UUID(shared.key_id))
        if key is not None:
            return shared.repository_id, key
    return cloud.ports.random.uuid().hex, cloud.ports.random.secret().encode()
