"""Commands for snapshots."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from uuid import UUID

from domain.aggregate import Aggregate, name_scope
from domain.errors import Conflict, Invalid, Unavailable
from domain.snapshot import NewSnapshot, Snapshot, SnapshotNotRestorable
from domain.snapshot.elsewhere import Original, Target, copy_name, find_target, restore_scope
from domain.store import ClaimTaken, RequirementMissing, ScopeInUse, VersionConflict
from domain.values import shown
from domain.volume import SIZE_TAKES, Origin, Volume
from miniaws.application import Cloud, Request, Saved

_ATTEMPTS = 10


@dataclass(frozen=True, slots=True)
class Create:
    """A snapshot as it is asked for: of one volume, or of all there are in the account."""

    name: str
    volume: str | None = None
    is_of_all: bool = False
    tags: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Restore:
    """A new volume as it is asked for; ``volume`` names the one to restore when the snapshot holds several."""

    name: str
    volume: str | None = None
    size_gb: int | None = None
    tags: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy as it is asked for: at the target of that name."""

    to: str
    name: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict[str, str])


async def create(
    cloud: Cloud,
    request: Request,
    wish: Create,
    note: Callable[[Snapshot], Awaitable[Aggregate]] | None = None,
) -> Saved:
    """Ask for a snapshot; ``note`` returns what else is saved with it.

    Raises Invalid, NotFound, NameTaken, BeingDeleted, Conflict.
    """
    await cloud.refuse_repeated(request)
    if (wish.volume is None) != wish.is_of_all:
        raise Invalid("cannot tell what to take a snapshot of: give either `volume` or `all`", field="volume")
    for _ in range(_ATTEMPTS):
        snapshot, secrets = await _asked_for(cloud, request.cause.account_id, wish)
        try:
            noted = [await note(snapshot)] if note else []
            return Saved(snapshot, await cloud.save(request, snapshot, *noted, secrets=secrets))
        except RequirementMissing:
            continue  # the one whose repository it would have joined has just been given up
    raise Unavailable(f"cannot take snapshot {wish.name}: too many changes at once; retry")


async def restore(cloud: Cloud, request: Request, id_or_name: str, wish: Restore) -> Saved:
    """Ask for a new volume that begins as a snapshot. Raises NotFound, Invalid, NameTaken, SnapshotNotRestorable."""
    await cloud.refuse_repeated(request)
    snapshot = await cloud.load(Snapshot, request.cause.account_id, id_or_name)
    part = snapshot.restorable(wish.volume)
    size_gb = wish.size_gb or part["size_gb"]
    if size_gb is not None and not await cloud.ports.volumes.can_limit_size():
        raise Invalid(
            f"cannot restore a volume of {size_gb} GB here: a size takes {SIZE_TAKES}",
            field="size_gb",
        )
    origin = Origin(snapshot.public_id, snapshot.name, part["id"])
    volume = Volume.create(request.cause.account_id, wish.name, size_gb, wish.tags, origin)
    volume.conditions.requires.append(snapshot.alive_claim())
    try:
        return Saved(volume, await cloud.save(request, volume))
    except RequirementMissing:
        raise SnapshotNotRestorable(f"cannot restore snapshot {snapshot.name}: it is being deleted") from None


async def copy(cloud: Cloud, request: Request, id_or_name: str, wish: Copy) -> Saved:
    """Ask for a copy of a snapshot at a target. Raises NotFound, Invalid, NameTaken, Conflict, what it refuses."""
    await cloud.refuse_repeated(request)
    target = await _target(cloud, wish.to)
    for _ in range(_ATTEMPTS):
        original = await cloud.load(Snapshot, request.cause.account_id, id_or_name)
        original.refuse_to_copy()
        snapshot, secrets = await _copy_of(cloud, original, target, wish)
        original.note_copy(snapshot.public_id, snapshot.name, target.name)
        try:
            return Saved(snapshot, await cloud.save(request, snapshot, original, secrets=secrets))
        except (RequirementMissing, VersionConflict):
            continue  # the one whose repository it would have joined is given up, or the original has changed
        except ClaimTaken as taken:
            raise Conflict(
                f"cannot copy snapshot {original.name} to {target.name}: its copy {taken.claim.note} is there; "
                "delete that one first"
            ) from None
    raise Unavailable(f"cannot copy snapshot {id_or_name}: too many changes at once; retry")


async def verify(cloud: Cloud, request: Request, id_or_name: str) -> Saved:
    """Have everything read back. Raises NotFound, BeingDeleted, SnapshotNotRestorable."""
    return await cloud.change(request, Snapshot, id_or_name, Snapshot.request_verification)


async def change_tags(cloud: Cloud, request: Request, id_or_name: str, tags: Mapping[str, str]) -> Saved:
    """Replace the tags. Raises NotFound, Invalid, BeingDeleted."""
    return await cloud.change(request, Snapshot, id_or_name, lambda snapshot: snapshot.change_tags(tags))


async def delete(cloud: Cloud, request: Request, id_or_name: str) -> Saved:
    """Give a snapshot up. Raises NotFound, or Conflict with the volumes that are restored from it."""
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


async def _asked_for(cloud: Cloud, account: str, wish: Create) -> tuple[Snapshot, dict[UUID, bytes]]:
    """Return a snapshot in the repository of the others, or in a new one, and the key that opens it."""
    volumes, skipped = await _volumes(cloud, account, wish)
    new = partial(
        NewSnapshot,
        account_id=account,
        name=wish.name,
        volumes=[{"id": v.public_id, "name": v.name, "size_gb": v.size_gb} for v in volumes],
        is_of_all=wish.is_of_all,
        skipped=skipped,
        tags=wish.tags,
    )
    return await _in_its_repository(cloud, account, "", new)


async def _copy_of(
    cloud: Cloud, original: Snapshot, target: Target, wish: Copy
) -> tuple[Snapshot, dict[UUID, bytes]]:
    """Return a copy in the repository of the others at its target, or in a new one, and the key that opens it."""
    assert original.taken_at is not None  # noqa: S101 - what was not taken was refused
    new = partial(
        NewSnapshot,
        account_id=original.account_id,
        name=copy_name(original.name, target.name) if wish.name is None else wish.name,
        volumes=original.volumes,
        is_of_all=original.is_of_all,
        tags=wish.tags,
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
    snapshot, secrets = await _in_its_repository(cloud, original.account_id, target.name, new)
    snapshot.conditions.requires.append(original.alive_claim())
    return snapshot, secrets


async def _in_its_repository(
    cloud: Cloud, account: str, target: str, new: partial[NewSnapshot]
) -> tuple[Snapshot, dict[UUID, bytes]]:
    shared = await _shared(cloud, account, target)
    key_id = cloud.ports.chance.uuid()
    repository_id, key = await _repository(cloud, shared)
    snapshot = Snapshot.create(new(repository_id=repository_id, key_id=key_id))
    if shared is not None:
        snapshot.conditions.requires.append(shared.alive_claim())
    return snapshot, {key_id: key}


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


async def _volumes(cloud: Cloud, account: str, wish: Create) -> tuple[list[Volume], list[dict[str, str]]]:
    """Return what to take a snapshot of, and what cannot be included."""
    if wish.volume is not None:
        volume = await cloud.load(Volume, account, wish.volume)
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
    return cloud.ports.chance.uuid().hex, cloud.ports.chance.secret().encode()
