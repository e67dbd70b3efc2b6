"""Commands for snapshots."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from domain.aggregate import Aggregate, name_scope
from domain.errors import Conflict, Invalid, Unavailable
from domain.snapshot import NewSnapshot, Snapshot, SnapshotNotRestorable
from domain.snapshot.aggregate import restore_scope
from domain.store import RequirementMissing, ScopeInUse
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
        f"cannot delete snapshot {id_or_name}: volumes are restored from it",
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
    shared = await _shared(cloud, account)
    key_id = cloud.ports.chance.uuid()
    repository_id, key = await _repository(cloud, shared)
    new = NewSnapshot(
        account_id=account,
        name=wish.name,
        volumes=[{"id": v.public_id, "name": v.name, "size_gb": v.size_gb} for v in volumes],
        repository_id=repository_id,
        key_id=key_id,
        is_of_all=wish.is_of_all,
        skipped=skipped,
        tags=wish.tags,
    )
    snapshot = Snapshot.create(new)
    if shared is not None:
        snapshot.conditions.requires.append(shared.alive_claim())
    return snapshot, {key_id: key}


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


async def _shared(cloud: Cloud, account: str) -> Snapshot | None:
    """Return a snapshot that lives, whose repository a new one joins; preferably one that holds something."""
    living: Snapshot | None = None
    for claim in await cloud.ports.store.claims(name_scope(account, Snapshot.KIND)):
        snapshot = await cloud.load_by_id(Snapshot, claim.owner)
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
