"""Databases that follow another one: asked for, looked at, promoted."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from domain.archive import Policy
from domain.database import Database, Standing
from domain.errors import Invalid, PortError, Unavailable
from domain.server import Endpoint
from domain.store import VersionConflict
from miniaws.application import Cloud, Request, Saved
from miniaws.commands import archive as archives
from miniaws.commands import server
from miniaws.commands.database.creation import Create, create

_ATTEMPTS = 10
_PATIENCE_S = 3.0


@dataclass(frozen=True, slots=True)
class Replicate:
    """A replica as it is asked for; None is as with its source."""

    name: str
    class_: str | None = None
    publish: int | None = None
    storage_gb: int | None = None
    deletion_protection: bool = False
    tags: Mapping[str, str] = field(default_factory=dict[str, str])


async def replicate(cloud: Cloud, request: Request, id_or_name: str, wish: Replicate) -> Saved:
    """Ask for a new database that follows another one. Raises NotFound, NotReplicable, and what ``create`` does."""
    await cloud.refuse_repeated(request)
    account = request.cause.account_id
    source, archive = await archives.find(cloud, account, id_or_name)
    source.refuse_if_deleting()
    source.refuse_unless_replicable()
    _refuse_too_little(wish, source)
    password_id = cloud.ports.chance.uuid()

    async def begin(replica: Database) -> server.Company:
        # As it is now: this is asked again when somebody changed it in between.
        followed = await cloud.load(Database, account, source.public_id)
        replica.follow(followed, password_id)
        return [followed], {password_id: cloud.ports.chance.secret().encode()}

    return await create(cloud, request, _asked(wish, source, archive.policy), begin)


def _asked(wish: Replicate, source: Database, policy: Policy) -> Create:
    return Create(
        name=wish.name,
        engine=source.engine,
        version=source.engine_version,
        class_=wish.class_ or source.settings["class"],
        database=source.settings["database"],
        user=source.username,
        parameters=source.settings["parameters"],
        vpc=source.vpc_id,
        publish=wish.publish,
        storage_gb=wish.storage_gb or source.settings["storage_gb"],
        deletion_protection=wish.deletion_protection,
        synchronous=source.settings["synchronous"],
        policy=policy,
        tags=wish.tags,
    )


async def promote(cloud: Cloud, request: Request, id_or_name: str) -> Saved:
    """Ask for a replica to be a database of its own. Raises NotFound, ServerStopped, NotPromotable, Unavailable."""
    await cloud.refuse_repeated(request)
    for _ in range(_ATTEMPTS):
        replica = await cloud.load(Database, request.cause.account_id, id_or_name)
        replica.refuse_unless_version(request.expected_version)
        login_id, source = cloud.ports.chance.uuid(), replica.replica_of
        replica.promote(login_id)
        assert source is not None  # noqa: S101 - else it was refused
        # Who could sign in before can do so afterwards.
        password = await login_of(cloud, await cloud.load(Database, replica.account_id, source["id"]))
        try:
            receipt = await cloud.save(request, replica, secrets={login_id: password.encode()})
            return Saved(replica, receipt)
        except VersionConflict:
            continue
    raise Unavailable(f"cannot promote {id_or_name}: too many changes at once; retry")


async def replicas(cloud: Cloud, account: str, id_or_name: str) -> dict[str, Any]:
    """Return who follows a database, and how far each is; what cannot be told is left out. Raises NotFound."""
    source = await cloud.load(Database, account, id_or_name)
    admin = await archives.admin_password(cloud, source)
    found = [await cloud.load(Database, account, id_) for id_ in source.replicas]
    shown = await asyncio.gather(*(_shown(cloud, each, admin) for each in found))
    return {"database_id": source.public_id, "replicas": shown}


def _refuse_too_little(wish: Replicate, source: Database) -> None:
    least = source.settings["storage_gb"]
    if wish.storage_gb is not None and least is not None and wish.storage_gb < least:
        raise Invalid(
            f"cannot copy {source.name} into {wish.storage_gb} GiB: it has {least}; use at least as much",
            field="storage_gb",
        )


async def login_of(cloud: Cloud, source: Database) -> str:
    """Return the password that people sign in with."""
    sealed = await cloud.ports.store.secret(UUID(source.login_id))
    if sealed is None:
        raise Unavailable(f"cannot connect to {source.name} yet: it is {source.status}; retry later")
    return sealed.decode()


def lag(standing: Standing) -> dict[str, Any]:
    """Return what is known of how far a replica is; what is not is left out."""
    told = {
        "replica_state": "streaming" if standing.is_streaming else "interrupted",
        "replica_lag_bytes": standing.lag_bytes,
        "replica_lag_s": standing.lag_s,
        "last_change_at": standing.last_change_at,
    }
    return {name: value for name, value in told.items() if value is not None}


async def _shown(cloud: Cloud, replica: Database, admin: str) -> dict[str, Any]:
    known = {"id": replica.public_id, "name": replica.name, "status": replica.status}
    if replica.address is None:
        return known
    replicator = cloud.ports.replicators[replica.engine]
    try:
        async with asyncio.timeout(_PATIENCE_S):
            standing = await replicator.standing(Endpoint(replica.address, replica.port), admin)
    except (PortError, TimeoutError):
        return known
    return {**known, **lag(standing)}
