"""A database that is asked for, and its archive."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from domain.archive import Archive, Policy
from domain.database import ENGINES, Database
from domain.server import UnknownEngine
from domain.server.spec import check_engine
from miniaws.application import Cloud, Request, Saved
from miniaws.commands import server
from miniaws.settings import Settings


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


async def create(
    cloud: Cloud,
    request: Request,
    wish: Create,
    begin: Callable[[Database], Awaitable[server.Company]] | None = None,
) -> Saved:
    """Ask for a database and its archive; ``begin`` says what else it begins with, and what is saved with it.

    Raises what ``commands.server.create`` does.
    """
    image, version = await _image(cloud, wish.engine, wish.version)
    admin_id = cloud.ports.chance.uuid()

    async def accompany(database: Database) -> server.Company:
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
        company, secrets = await begin(database) if begin is not None else ((), {})
        return [archive, *company], {admin_id: cloud.ports.chance.secret().encode(), **secrets}

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
