"""Creates a database and its archive."""

from collections.abc import Awaitable, Callable
from typing import Any

from pydantic import Field

from domain.archive import Archive, Policy
from domain.archive.schedule import MOST_COUNT, MOST_DAYS, MOST_WINDOW_MINUTES
from domain.database import ENGINES, Database
from domain.errors import within
from domain.server import UnknownEngine
from domain.server.spec import check_engine
from miniaws.application import Cloud, Request, Saved, UnitOfWork
from miniaws.commands import server
from miniaws.commands.body import (
    Body,
    DeletionProtection,
    HostName,
    Publish,
    SecurityGroups,
    StorageGb,
    SubnetName,
    Tags,
    VpcName,
)
from miniaws.commands.interface import Place
from miniaws.settings import Settings


class Backups(Body):
    """When base backups are made, and how long they are kept. The log is kept as long."""

    schedule: str = Field(
        default=Policy().schedule, title="Backup schedule", max_length=100, description="cron expression, UTC"
    )
    window_minutes: int = Field(
        default=Policy().window_minutes,
        title="Window (minutes)",
        ge=0,
        le=MOST_WINDOW_MINUTES,
        description="a backup starts within this time after the scheduled moment",
    )
    retention_days: int = Field(
        default=Policy().retention_days,
        title="Backup retention (days)",
        ge=1,
        le=MOST_DAYS,
        description="days for which backups are kept",
    )
    retention_count: int | None = Field(
        default=None,
        title="Maximum backups",
        ge=1,
        le=MOST_COUNT,
        description="maximum number of backups that are kept; left out: no limit",
    )
    drill_schedule: str | None = Field(
        default=Policy().drill_schedule,
        title="Restore test schedule",
        max_length=100,
        description="cron expression, UTC: when a backup is restored as a test; null: never",
    )
    synchronous: bool = Field(
        default=False,
        title="Synchronous archiving",
        description="commits wait until the archive has them, also while the archive is not available",
    )

    def policy(self) -> Policy:
        """Return the policy of the archive."""
        return Policy(**self.model_dump(exclude={"synchronous"}))


class CreateDatabase(Body):
    """A database to create."""

    name: HostName = Field(examples=["orders"])
    version: str | None = Field(
        default=None,
        title="Version",
        description="left out: the version of the image on this machine",
    )
    engine: str = Field(
        default="postgres",
        title="Engine",
        description="postgres, mariadb or mysql",
        examples=["postgres"],
    )
    class_: str = Field(
        default="small",
        alias="class",
        title="Class",
        description="CPU and memory",
        examples=["small"],
    )
    database: str = Field(default="app", title="Database name", description="name of the first database")
    user: str = Field(default="app", title="User name", description="owner of that database")
    parameters: dict[str, str] = Field(
        default={},
        title="Parameters",
        description="settings of the engine",
        examples=[{"work_mem": "8192"}],
    )
    vpc: VpcName = "default"
    subnet: SubnetName = "default"
    security_groups: SecurityGroups = Field(default=["default"])
    publish: Publish = None
    storage_gb: StorageGb = None
    backup: Backups = Field(
        default=Backups(),
        title="Backup policy",
        description="when base backups are made, and how long they are kept",
    )
    deletion_protection: DeletionProtection = False
    replica_of: str | None = Field(
        default=None,
        title="Replica of",
        description="id or name of the database to replicate, whose settings it gets; left out: none",
    )
    tags: Tags = Field(default={})

    def place(self) -> Place:
        """Return where in its VPC it is to be."""
        return Place(self.subnet, tuple(self.security_groups))


async def create(
    cloud: Cloud,
    request: Request,
    new: CreateDatabase,
    begin: Callable[[UnitOfWork, Database], Awaitable[None]] | None = None,
) -> Saved:
    """Create a database and its archive; ``begin`` adds its initial state.

    Raises what ``commands.server.create`` does.
    """
    image, version = await _image(cloud, new.engine, new.version)

    async def set_up(unit: UnitOfWork, database: Database) -> None:
        with within("backup"):
            archive = Archive.create(
                account_id=database.account_id,
                database_id=database.public_id,
                name=database.name,
                engine=database.engine,
                version=database.engine_version,
                image=database.image,
                admin_id=unit.seal(cloud.ports.random.secret()),
                policy=new.backup.policy(),
                tags={},
            )
        unit.add(archive)
        if begin is not None:
            await begin(unit, database)

    return await server.create(cloud, request, Database, _asked(new, image, version), set_up)


def copy_of(source: Database, policy: Policy) -> CreateDatabase:
    """Return what creates a database with the settings of another one."""
    settings = source.settings
    return CreateDatabase(
        name=source.name,
        engine=source.engine,
        version=source.engine_version,
        database=settings["database"],
        user=source.username,
        parameters=settings["parameters"],
        vpc=source.vpc_id,
        **_beside(source),
        storage_gb=settings["storage_gb"],
        backup=Backups(**policy.as_json(), synchronous=settings["synchronous"]),
        deletion_protection=source.deletion_protection,
        tags=dict(source.tags),
        **{"class": settings["class"]},
    )


def _beside(source: Database) -> dict[str, Any]:
    """Return where a copy is in the VPC of its source: in the same subnet and security groups."""
    if source.interface is None:
        return {}
    return {"subnet": source.interface.subnet_id, "security_groups": [*source.interface.group_ids]}


def _asked(new: CreateDatabase, image: str, version: str) -> server.NewServer:
    engine = ENGINES[new.engine]
    return server.NewServer(
        name=new.name,
        engine=new.engine,
        version=version,
        role=engine.role,
        image=image,
        cpus=1.0,
        memory_mb=engine.least_memory_mb,
        port=engine.port,
        username=new.user,
        vpc=new.vpc,
        place=new.place(),
        publish=new.publish,
        data_path=engine.data_path,
        storage_gb=new.storage_gb,
        deletion_protection=new.deletion_protection,
        settings={
            "class": new.class_,
            "database": new.database,
            "parameters": dict(new.parameters),
            "synchronous": new.backup.synchronous,
            "storage_gb": new.storage_gb,
        },
        tags=new.tags,
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
        f"cannot run {wanted} here: {tried}; leave the version out, or load its image by `docker load`",
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
