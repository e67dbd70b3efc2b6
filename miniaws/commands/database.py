"""Commands for databases."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.archive import Archive, Plan, Policy, archive_uuid
from domain.database import ENGINES, Database
from domain.errors import Conflict, PortError, Unavailable
from domain.server import UnknownEngine
from domain.server.spec import check_engine
from domain.store import VersionConflict
from miniaws.application import Cloud, Request, Saved
from miniaws.commands import archive as archives
from miniaws.commands import server
from miniaws.settings import Settings

_ATTEMPTS = 10


class NotBackedUp(Conflict):
    """cannot make a last backup of a database that does not run"""

    code = "not_backed_up"


@dataclass(frozen=True, slots=True)
class Create:
    """A database as it is asked for; ``version`` None means what is here."""

    name: str
    engine: str = "postgres"
    version: str | None = None
    class_: str = "small"
    database: str = "app"
    user: str = "app"
    parameters: Mapping[str, str] = field(default_factory=dict[str, str])
    vpc: str = "default"
    publish: int | None = None
    storage_gb: int | None = None
    deletion_protection: bool = False
    synchronous: bool = False
    policy: Policy = field(default_factory=Policy)
    tags: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Change:
    """What of a database should be otherwise; None leaves it as it is."""

    class_: str | None = None
    parameters: Mapping[str, str] | None = None
    tags: Mapping[str, str] | None = None
    deletion_protection: bool | None = None


@dataclass(frozen=True, slots=True)
class Restore:
    """Which moment becomes which new database; neither moment nor backup means the newest moment."""

    name: str
    to: datetime | None = None
    backup: str | None = None
    publish: int | None = None
    vpc: str | None = None
    """None: that of the source."""


async def create(cloud: Cloud, request: Request, wish: Create) -> Saved:
    """Ask for a database and its archive. Raises what ``commands.server.create`` does."""
    return await _create(cloud, request, wish, None)


async def change(cloud: Cloud, request: Request, id_or_name: str, wish: Change) -> Saved:
    """Change class, parameters, tags, protection. Raises NotFound, Invalid, BeingDeleted."""

    def modify(database: Database) -> None:
        if wish.class_ is not None or wish.parameters is not None:
            database.modify(wish.class_, wish.parameters)

    return await server.change(
        cloud,
        request,
        Database,
        id_or_name,
        modify,
        tags=wish.tags,
        deletion_protection=wish.deletion_protection,
    )


async def rotate_credentials(cloud: Cloud, request: Request, id_or_name: str) -> Saved:
    """Ask for another password. Raises NotFound, ServerStopped, RotationUnderWay."""
    return await server.rotate_credentials(cloud, request, Database, id_or_name, replaces=False)


async def delete(
    cloud: Cloud, request: Request, id_or_name: str, *, keep_backups: bool, final_backup: bool
) -> Saved:
    """Give a database and its files up. Raises NotFound, DeletionProtected, NotBackedUp."""
    await cloud.refuse_repeated(request)
    for _ in range(_ATTEMPTS):
        database, archive = await archives.find(cloud, request.cause.account_id, id_or_name)
        database.refuse_unless_version(request.expected_version)
        if final_backup and not database.is_deleting:
            if database.status != "available":
                raise NotBackedUp(
                    f"cannot make a last backup of {database.name}: it is {database.status}; delete it without one"
                )
            archive.request_backup("final", cloud.ports.clock.now())
        database.delete()
        archive.release(keep=keep_backups or final_backup)
        try:
            return Saved(database, await cloud.save(request, database, archive))
        except VersionConflict:
            continue
    raise Unavailable(f"cannot delete {id_or_name}: too many changes at once; retry")


async def plan(cloud: Cloud, account: str, id_or_name: str, wish: Restore) -> dict[str, Any]:
    """Return what a restore would do, and do nothing. Raises NotFound, NotRestorable, Invalid."""
    source, archive = await archives.find(cloud, account, id_or_name)
    found = await archives.planned(cloud, archive, wish.to, wish.backup)
    return {
        "source": {"id": source.public_id, "name": source.name},
        "name": wish.name,
        "backup": {
            "id": found.backup.id,
            "ended_at": found.backup.ended_at,
            "size_bytes": found.backup.size_bytes,
        },
        "to": found.to or found.backup.ended_at,
        "log_files": found.log_files,
        "log_bytes": found.log_bytes,
        "estimate_s": _estimate_s(found),
        "same": ["engine", "version", "class", "parameters", "user", "database", "vpc", "backup policy"],
        "differs": ["name", "password", "address", "archive", "published port", "tags"],
    }


async def restore(cloud: Cloud, request: Request, id_or_name: str, wish: Restore) -> Saved:
    """Ask for a new database that begins as another one was. Raises NotRestorable, and what ``create`` does."""
    await cloud.refuse_repeated(request)
    source, archive = await archives.find(cloud, request.cause.account_id, id_or_name)
    found = await archives.planned(cloud, archive, wish.to, wish.backup)
    asked = Create(
        name=wish.name,
        engine=source.engine,
        version=source.engine_version,
        class_=source.settings["class"],
        database=source.settings["database"],
        user=source.username,
        parameters=source.settings["parameters"],
        vpc=wish.vpc or source.vpc_id,
        publish=wish.publish,
        storage_gb=source.settings["storage_gb"],
        deletion_protection=source.deletion_protection,
        synchronous=source.settings["synchronous"],
        policy=archive.policy,
        tags=source.tags,
    )
    return await _create(cloud, request, asked, (source, archive, found))


async def stats(cloud: Cloud, account: str, id_or_name: str) -> dict[str, Any]:
    """Return figures of the server itself. Raises NotFound, ServerStopped, Unavailable."""
    found, at, _ = await server.opened(cloud, Database, account, id_or_name)
    archive = await cloud.load_by_id(Archive, archive_uuid(found.public_id))
    sealed = await cloud.ports.store.secret(UUID(archive.admin_id))
    try:
        return await cloud.ports.databases[found.engine].stats(found, at, (sealed or b"").decode())
    except PortError as error:
        raise server.unanswered(found, error) from error


async def _create(
    cloud: Cloud, request: Request, wish: Create, origin: tuple[Database, Archive, Plan] | None
) -> Saved:
    image, version = await _image(cloud, wish.engine, wish.version)
    admin_id = cloud.ports.chance.uuid()

    def accompany(database: Database) -> server.Company:
        archive = Archive.create(
            account_id=database.account_id,
            database_id=database.public_id,
            name=database.name,
            engine=database.engine,
            version=database.engine_version,
            image=database.image,
            admin_id=admin_id,
            policy=wish.policy,
            tags={},
        )
        if origin is not None:
            source, source_archive, found = origin
            database.restore_from(source, source_archive.public_id, found)
        return [archive], {admin_id: cloud.ports.chance.secret().encode()}

    return await server.create(cloud, request, Database, _asked(wish, image, version), accompany)


def _asked(wish: Create, image: str, version: str) -> server.Create:
    engine = ENGINES[wish.engine]
    return server.Create(
        name=wish.name,
        engine=wish.engine,
        version=version,
        role=engine.role,
        image=image,
        cpus=1.0,
        memory_mb=engine.least_memory_mb,
        port=engine.port,
        username=wish.user,
        vpc=wish.vpc,
        publish=wish.publish,
        data_path=engine.data_path,
        storage_gb=wish.storage_gb,
        deletion_protection=wish.deletion_protection,
        settings={
            "class": wish.class_,
            "database": wish.database,
            "parameters": dict(wish.parameters),
            "synchronous": wish.synchronous,
            "storage_gb": wish.storage_gb,
        },
        tags=wish.tags,
    )


async def _image(cloud: Cloud, engine: str, version: str | None) -> tuple[str, str]:
    """Return the image that is here and its version. Raises UnknownEngine, Unavailable."""
    known = {name: each.versions for name, each in ENGINES.items()}
    check_engine(known, engine, version or known.get(engine, ("",))[0])
    candidates = dict(_candidates(cloud.settings, engine, version))
    image = await server.first_here(cloud, list(candidates))
    if image is not None:
        return image, candidates[image]
    wanted = f"{engine} {version}" if version else engine
    tried = " and ".join(candidates) or "no image of this version"
    raise UnknownEngine(
        f"cannot run {wanted} here: {tried}; run `scripts/images {ENGINES[engine].role}` and leave the version out",
        field="version",
    )


def _candidates(settings: Settings, name: str, version: str | None) -> list[tuple[str, str]]:
    """Return images that may be what was asked for, with the version that each is; the preferred one first."""
    engine = ENGINES[name]
    found: list[tuple[str, str]] = []
    for image in settings.images(engine.role):
        if image.endswith(":local"):
            found.append((image, engine.local_version))
            continue
        repository, _, tag = image.rpartition(":")
        of_tag = next(
            (each for each in engine.versions if tag.startswith(each)), version or engine.versions[-1]
        )
        found.append(
            (image, of_tag) if version in {None, of_tag} else (f"{repository}:{version}", version or tag)
        )
    return [each for each in found if version in {None, each[1]}]


def _estimate_s(found: Plan) -> float:
    """Return about how long a restore takes: what was measured on two cores, rounded up."""
    return round(3 + found.backup.size_bytes / 25_000_000 + found.log_bytes / 50_000_000, 1)
