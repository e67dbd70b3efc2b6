"""Commands for caches."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from domain.cache import DATA_PATH, PORT, USERNAME, VERSIONS, Cache, Eviction, Persistence
from domain.errors import PortError
from domain.server.spec import check_engine
from miniaws.application import Cloud, Request, Saved
from miniaws.commands import server


@dataclass(frozen=True, slots=True)
class Create:
    """A cache as it is asked for; ``version`` None means the newest."""

    name: str
    engine: str = "redis"
    version: str | None = None
    memory_mb: int = 64
    cpus: float = 1.0
    eviction: Eviction = "noeviction"
    persistence: Persistence = "none"
    parameters: Mapping[str, str] = field(default_factory=dict[str, str])
    vpc: str = "default"
    publish: int | None = None
    storage_gb: int | None = None
    volume: str | None = None
    tls: bool = False
    deletion_protection: bool = False
    tags: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Change:
    """What of a cache should be otherwise; None leaves it as it is."""

    memory_mb: int | None = None
    cpus: float | None = None
    eviction: Eviction | None = None
    parameters: Mapping[str, str] | None = None
    tags: Mapping[str, str] | None = None
    deletion_protection: bool | None = None


async def create(cloud: Cloud, request: Request, wish: Create) -> Saved:
    """Ask for a cache. Raises what ``commands.server.create`` does."""
    version = wish.version or VERSIONS.get(wish.engine, ("",))[-1]
    check_engine(VERSIONS, wish.engine, version)
    settings = {
        "eviction": wish.eviction,
        "persistence": wish.persistence,
        "parameters": dict(wish.parameters),
    }
    asked = server.Create(
        name=wish.name,
        engine=wish.engine,
        version=version,
        role=wish.engine,
        cpus=wish.cpus,
        memory_mb=wish.memory_mb,
        port=PORT,
        username=USERNAME,
        vpc=wish.vpc,
        publish=wish.publish,
        data_path=DATA_PATH if wish.persistence != "none" else None,
        storage_gb=wish.storage_gb,
        volume=wish.volume,
        tls=wish.tls,
        deletion_protection=wish.deletion_protection,
        settings=settings,
        tags=wish.tags,
    )
    return await server.create(cloud, request, Cache, asked)


async def change(cloud: Cloud, request: Request, id_or_name: str, wish: Change) -> Saved:
    """Change limits, settings, tags, protection. Raises NotFound, Invalid, BeingDeleted."""

    def modify(cache: Cache) -> None:
        cache.modify(wish.memory_mb, wish.eviction, wish.parameters, wish.cpus)

    return await server.change(
        cloud,
        request,
        Cache,
        id_or_name,
        modify,
        tags=wish.tags,
        deletion_protection=wish.deletion_protection,
    )


async def rotate_credentials(cloud: Cloud, request: Request, id_or_name: str) -> Saved:
    """Ask for another password. Raises NotFound, ServerStopped, RotationUnderWay."""
    return await server.rotate_credentials(cloud, request, Cache, id_or_name, replaces=False)


async def flush(cloud: Cloud, request: Request, id_or_name: str) -> Saved:
    """Remove every key, then keep that it was done. Raises NotFound, ServerStopped, Unavailable."""
    await cloud.refuse_repeated(request)
    cache, at, password = await server.opened(cloud, Cache, request.cause.account_id, id_or_name)
    try:
        await cloud.ports.caches[cache.engine].flush(cache, at, password)
    except PortError as error:
        raise server.unanswered(cache, error) from error
    return await cloud.change(request, Cache, id_or_name, Cache.note_flush)


async def stats(cloud: Cloud, account: str, id_or_name: str) -> dict[str, Any]:
    """Return figures of the server itself. Raises NotFound, ServerStopped, Unavailable."""
    cache, at, password = await server.opened(cloud, Cache, account, id_or_name)
    try:
        return await cloud.ports.caches[cache.engine].stats(cache, at, password)
    except PortError as error:
        raise server.unanswered(cache, error) from error
