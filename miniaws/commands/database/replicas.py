"""Creates, shows and promotes replicas of databases."""

import asyncio
from typing import Any
from uuid import UUID

from pydantic import Field

from domain.archive import Policy
from domain.database import Database, ReplicationStatus
from domain.errors import PortError, Unavailable
from domain.server import Endpoint
from domain.values import must
from domain.volume import MAX_SIZE_GB
from miniaws.application import Cloud, Request, Saved, UnitOfWork
from miniaws.commands import archive as archives
from miniaws.commands.body import Body, DeletionProtection, HostName, Publish, Tags
from miniaws.commands.database import creation
from miniaws.commands.database.creation import Backups, CreateDatabase, copy_of

_TIMEOUT_S = 3.0
_OF_REPLICAS = {
    "name",
    "class_",
    "subnet",
    "security_groups",
    "publish",
    "storage_gb",
    "deletion_protection",
    "tags",
}
"""What is given of a new database for a replica as well."""


class CreateReplica(Body):
    """A replica to create; what is left out is as with its source."""

    name: HostName = Field(title="Name of the replica", examples=["orders-r1"])
    class_: str | None = Field(
        default=None, alias="class", title="Class", description="CPU and memory; left out: that of the source"
    )
    subnet: str | None = Field(
        default=None, title="Subnet", description="id or name; left out: that of the source"
    )
    security_groups: list[str] | None = Field(
        default=None, title="Security groups", description="ids or names; left out: those of the source"
    )
    publish: Publish = None
    storage_gb: int | None = Field(
        default=None,
        title="Storage (GiB)",
        ge=1,
        le=MAX_SIZE_GB,
        description="size limit of its volume in GiB; left out: that of the source",
    )
    deletion_protection: DeletionProtection = False
    tags: Tags = Field(default={})


async def create(cloud: Cloud, request: Request, new: CreateDatabase) -> Saved:
    """Create a database, or a replica of another one. Raises NotFound, NotReplicable, and what ``create`` does."""
    if new.replica_of is None:
        return await creation.create(cloud, request, new)
    source, _ = await archives.find(cloud, request.cause.account_id, new.replica_of)
    _refuse_other_settings(new, source)
    given = new.model_dump(include=_OF_REPLICAS & new.model_fields_set, by_alias=True)
    backup = new.backup if "backup" in new.model_fields_set else None
    return await replicate(cloud, request, new.replica_of, CreateReplica(**given), backup)


async def replicate(
    cloud: Cloud, request: Request, id_or_name: str, new: CreateReplica, backup: Backups | None = None
) -> Saved:
    """Create a database that replicates another one; ``backup`` None is the policy of that one.

    Raises NotFound, NotReplicable, and what ``create`` does.
    """
    await cloud.refuse_repeated(request)
    account = request.cause.account_id
    source, archive = await archives.find(cloud, account, id_or_name)
    source.refuse_if_deleting()
    source.refuse_unless_replicable()
    _refuse_too_little(new, source)

    async def begin(unit: UnitOfWork, replica: Database) -> None:
        followed = await unit.load(Database, source.public_id)
        replica.follow(followed, unit.seal(cloud.ports.random.secret()))

    asked = _asked(new, source, archive.policy)
    return await creation.create(
        cloud, request, asked.model_copy(update={"backup": backup or asked.backup}), begin
    )


def _asked(new: CreateReplica, source: Database, policy: Policy) -> CreateDatabase:
    asked = copy_of(source, policy)
    given = new.model_dump(exclude_none=True, include={"class_", "storage_gb", "subnet", "security_groups"})
    more = {
        "name": new.name,
        "publish": new.publish,
        "deletion_protection": new.deletion_protection,
        "tags": new.tags,
    }
    return asked.model_copy(update=given | more)


async def promote(cloud: Cloud, request: Request, id_or_name: str) -> Saved:
    """Ask for a replica to be a database of its own. Raises NotFound, ServerStopped, NotPromotable, Unavailable."""

    async def work(unit: UnitOfWork) -> None:
        replica = await unit.load(Database, id_or_name)
        replica.refuse_unless_promotable()
        assert replica.replica_of is not None  # noqa: S101 - else it was refused
        source = await cloud.load(Database, unit.account_id, replica.replica_of.id)
        # Who could sign in before can do so afterwards.
        replica.promote(unit.seal(await login_of(cloud, source)))

    return await cloud.transact(request, work)


async def replicas(cloud: Cloud, account: str, id_or_name: str) -> dict[str, Any]:
    """Return the replicas of a database and their lag; what is unknown is left out. Raises NotFound."""
    source = await cloud.load(Database, account, id_or_name)
    admin = await archives.admin_password(cloud, source)
    found = [await cloud.load(Database, account, id_) for id_ in source.followers.names]
    shown = await asyncio.gather(*(_shown(cloud, each, admin) for each in found))
    return {"database_id": source.public_id, "replicas": shown}


def _refuse_other_settings(new: CreateDatabase, source: Database) -> None:
    """Raise Invalid for what was given and is not as with the source, though a replica has it in common."""
    common = {
        "engine": {source.engine},
        "version": {source.engine_version},
        "database": {source.settings["database"]},
        "user": {source.username},
        "vpc": {source.vpc_id, source.vpc_name},
    }
    given = new.model_dump(include=common.keys() & new.model_fields_set, exclude_none=True)
    wrong = [name for name, value in given.items() if value not in common[name]]
    if new.parameters and new.parameters != source.settings["parameters"]:
        wrong.append("parameters")
    for name in wrong:
        raise must(name, f"be left out, or be the same as for {source.name}")


def _refuse_too_little(new: CreateReplica, source: Database) -> None:
    least = source.settings["storage_gb"]
    if new.storage_gb is not None and least is not None and new.storage_gb < least:
        raise must("storage_gb", f"be at least {least}, the limit of {source.name}", new.storage_gb)


async def login_of(cloud: Cloud, source: Database) -> str:
    """Return the password that people sign in with."""
    sealed = await cloud.ports.store.secret(UUID(source.login_id))
    if sealed is None:
        raise Unavailable(f"cannot connect to {source.name} yet: it is {source.status}; retry later")
    return sealed.decode()


def lag(status: ReplicationStatus) -> dict[str, Any]:
    """Return the lag of a replica, without the values that are unknown."""
    fields = {
        "replica_state": "streaming" if status.is_streaming else "interrupted",
        "replica_lag_bytes": status.lag_bytes,
        "replica_lag_s": status.lag_s,
        "last_change_at": status.last_change_at,
    }
    return {name: value for name, value in fields.items() if value is not None}


async def _shown(cloud: Cloud, replica: Database, admin: str) -> dict[str, Any]:
    known = {"id": replica.public_id, "name": replica.name, "status": replica.status}
    if replica.address is None:
        return known
    replicator = cloud.ports.replicators[replica.engine]
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            status = await replicator.replication_status(Endpoint(replica.address, replica.port), admin)
    except (PortError, TimeoutError):
        return known
    return {**known, **lag(status)}
