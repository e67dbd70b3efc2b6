"""Restores a database into a new one."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import Field

from domain import moments
from domain.archive import Plan
from domain.database import Database
from domain.database.swap import NotReplaceable, name_beside
from domain.database.swapping import refuse_unless_replaceable, request_swap
from domain.subnet import DEFAULT
from domain.values import must
from miniaws.application import Cloud, Request, Saved, UnitOfWork
from miniaws.commands import archive as archives
from miniaws.commands.body import Body, Name, Publish
from miniaws.commands.database.creation import copy_of, create
from miniaws.commands.database.replicas import login_of

_SAME = [
    "engine",
    "version",
    "class",
    "parameters",
    "user",
    "database",
    "vpc",
    "subnet",
    "security groups",
    "backup policy",
]
_BESIDE = {"same": _SAME, "differs": ["name", "password", "address", "archive", "published port", "tags"]}
_IN_PLACE = {
    "same": [*_SAME, "name", "password", "published port", "tags"],
    "differs": ["address", "archive"],
}


class RestoreDatabase(Body):
    """The moment to restore, and the new database. Neither moment nor backup: the newest moment there is."""

    name: Name | None = Field(
        default=None,
        title="Name of the new database",
        description="name of the new database; left out with `in_place`",
        examples=["orders-before"],
    )
    in_place: bool = Field(
        default=False,
        title="In place",
        description="the restored database takes over name, host port and password; the current one is moved to the "
        "trash",
    )
    to: str | None = Field(
        default=None,
        title="Moment",
        max_length=64,
        description="RFC 3339; left out: the newest moment",
        examples=["2026-11-23T10:02:11.250Z"],
    )
    backup: str | None = Field(
        default=None,
        title="Backup",
        max_length=32,
        description="id of a backup to restore without the log after it, instead of a moment",
    )
    publish: Publish = None
    vpc: str | None = Field(default=None, title="VPC", description="id or name; left out: that of the source")
    subnet: str | None = Field(
        default=None,
        title="Subnet",
        description="id or name; left out: that of the source, in another VPC `default`",
    )
    security_groups: list[str] | None = Field(
        default=None,
        title="Security groups",
        description="ids or names; left out: those of the source, in another VPC `default`",
    )

    def new_name(self, source: Database, now: datetime) -> str:
        """Return the name of the new database; in place, the one that it has at first. Raises Invalid."""
        if not self.in_place:
            if self.name is None:
                raise must("name", "be given unless `in_place` is true")
            return self.name
        others = ("name", "publish", "vpc", "subnet", "security_groups")
        if any(getattr(self, each) is not None for each in others):
            raise must("in_place", f"be false when `{'`, `'.join(others[:-1])}` or `{others[-1]}` is given")
        return name_beside(source.name, now)

    def where(self, source: Database) -> dict[str, Any]:
        """Return the fields that say where the new database is: by default, where its source is."""
        given = self.model_dump(include={"subnet", "security_groups"}, exclude_none=True)
        if self.vpc is None or self.vpc in {source.vpc_id, source.vpc_name}:
            return {"vpc": source.vpc_id, **given}
        return {"vpc": self.vpc, "subnet": DEFAULT, "security_groups": [DEFAULT], **given}

    def moment(self) -> datetime | None:
        """Return the moment to restore, in UTC. Raises Invalid."""
        if self.to is None:
            return None
        found = moments.instant(self.to)
        if found is None:
            raise must("to", f"be {moments.FORM}", self.to)
        return found


async def plan(cloud: Cloud, account: str, id_or_name: str, new: RestoreDatabase) -> dict[str, Any]:
    """Return what a restore would do, and do nothing. Raises NotFound, NotRestorable, Invalid, IsReplica."""
    source, archive = await archives.find(cloud, account, id_or_name)
    source.refuse_if_replica("restore", "restore {source}")
    found = await archives.planned(cloud, archive, new.moment(), new.backup)
    return {
        "source": {"id": source.public_id, "name": source.name},
        "name": source.name if new.in_place else new.new_name(source, cloud.ports.clock.now()),
        "backup": {
            "id": found.backup.id,
            "ended_at": found.backup.ended_at,
            "size_bytes": found.backup.size_bytes,
        },
        "to": found.to or found.backup.ended_at,
        "log_files": found.log_files,
        "log_bytes": found.log_bytes,
        "estimate_s": _estimate_s(found),
        **(_IN_PLACE if new.in_place else _BESIDE),
    }


async def restore(cloud: Cloud, request: Request, id_or_name: str, new: RestoreDatabase) -> Saved:
    """Restore a database into a new one. Raises NotRestorable, and what ``create`` does."""
    await cloud.refuse_repeated(request)
    source, archive = await archives.find(cloud, request.cause.account_id, id_or_name)
    source.refuse_if_replica("restore", "restore {source}")
    if new.in_place:
        refuse_without_trash(cloud, source)
        refuse_unless_replaceable(source)
    found = await archives.planned(cloud, archive, new.moment(), new.backup)
    name = new.new_name(source, cloud.ports.clock.now())
    more = {"name": name, "publish": new.publish, **new.where(source)}
    asked = copy_of(source, archive.policy).model_copy(update=more)

    async def begin(unit: UnitOfWork, database: Database) -> None:
        database.restore_from(source, archive.public_id, found)
        if new.in_place:
            # Instead of a password of its own, it has that of the database whose place it takes.
            unit.secrets[UUID(database.login_id)] = (await login_of(cloud, source)).encode()
            request_swap(database, source)

    return await create(cloud, request, asked, begin)


def refuse_without_trash(cloud: Cloud, source: Database) -> None:
    """Raise NotReplaceable when the database that is replaced could not be kept."""
    if not cloud.settings.trash_hours:
        raise NotReplaceable(
            f"cannot restore in place of {source.name}: the trash is switched off, and the current database would be "
            "lost; set MINIAWS_TRASH_HOURS, or restore it under another name"
        )


def _estimate_s(found: Plan) -> float:
    """Return about how long a restore takes: what was measured on two cores, rounded up."""
    return round(3 + found.backup.size_bytes / 25_000_000 + found.log_bytes / 50_000_000, 1)
