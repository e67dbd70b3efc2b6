"""Commands for caches."""

from typing import Any

from pydantic import Field

from domain.cache import (
    DATA_PATH,
    LEAST_MEMORY_MB,
    PORT,
    USERNAME,
    VERSIONS,
    Cache,
    Eviction,
    Persistence,
    default_eviction,
)
from domain.errors import PortError
from domain.server.spec import MOST_MEMORY_MB, check_engine
from miniaws.application import Cloud, Request, Saved
from miniaws.commands import server
from miniaws.commands.server import ChangeServer, CreateServer

FIGURES = {
    "clients": "Client connections",
    "keys": "Number of keys",
    "memory_used_bytes": "Memory used by keys and clients, in bytes",
    "memory_limit_bytes": "Memory limit, in bytes",
    "commands": "Commands since the start",
    "hits": "Key lookups that found a key since the start",
    "misses": "Key lookups that found no key since the start",
    "evicted": "Keys evicted since the start",
}
"""Metrics for Prometheus, by name, with their meaning."""


class CreateCache(CreateServer):
    """A cache to create."""

    engine: str = Field(default="redis", title="Engine", description="server program", examples=["redis"])
    memory_mb: int = Field(
        default=64,
        title="Memory (MiB)",
        le=MOST_MEMORY_MB,
        description=f"memory limit in MiB, at least {LEAST_MEMORY_MB}; three quarters of it are for keys",
    )
    eviction: Eviction | None = Field(
        default=None,
        title="Eviction policy",
        description="which keys are removed when it is full; left out: `allkeys-lru` without persistence, "
        "else `volatile-lru`",
    )
    persistence: Persistence = Field(
        default="none",
        title="Persistence",
        description="what survives a restart: `aof` stores every second, `snapshots` every few minutes; both on a "
        "volume",
    )
    parameters: dict[str, str] = Field(
        default={},
        title="Parameters",
        description="settings of the engine",
        examples=[{"maxmemory-samples": "10"}],
    )


class ChangeCache(ChangeServer):
    """What can be changed of a cache while it runs."""

    memory_mb: int | None = Field(
        default=None,
        title="Memory (MiB)",
        le=MOST_MEMORY_MB,
        description="memory limit in MiB; left out: unchanged",
    )
    eviction: Eviction | None = Field(
        default=None,
        title="Eviction policy",
        description="which keys are removed when it is full; left out: unchanged",
    )
    parameters: dict[str, str] | None = Field(
        default=None,
        title="Parameters",
        description="the complete new settings of the engine; left out: unchanged",
    )


async def create(cloud: Cloud, request: Request, new: CreateCache) -> Saved:
    """Create a cache. Raises what ``commands.server.create`` does."""
    version = new.version or VERSIONS.get(new.engine, ("",))[-1]
    check_engine(VERSIONS, new.engine, version)
    settings = {
        "eviction": new.eviction or default_eviction(new.persistence),
        "persistence": new.persistence,
        "parameters": dict(new.parameters),
    }
    asked = server.NewServer(
        name=new.name,
        engine=new.engine,
        version=version,
        role=new.engine,
        cpus=new.cpus,
        memory_mb=new.memory_mb,
        port=PORT,
        username=USERNAME,
        vpc=new.vpc,
        place=new.place(),
        publish=new.publish,
        data_path=DATA_PATH if new.persistence != "none" else None,
        storage_gb=new.storage_gb,
        volume=new.volume,
        tls=new.tls,
        deletion_protection=new.deletion_protection,
        settings=settings,
        tags=new.tags,
    )
    return await server.create(cloud, request, Cache, asked)


async def change(cloud: Cloud, request: Request, id_or_name: str, changes: ChangeCache) -> Saved:
    """Change limits, settings, tags, protection. Raises NotFound, Invalid, BeingDeleted."""

    def modify(cache: Cache) -> None:
        cache.modify(changes.memory_mb, changes.eviction, changes.parameters, changes.cpus)

    return await server.change(cloud, request, Cache, id_or_name, changes, modify)


async def rotate_credentials(cloud: Cloud, request: Request, id_or_name: str) -> Saved:
    """Ask for another password. Raises NotFound, ServerStopped, RotationUnderWay."""
    return await server.rotate_credentials(cloud, request, Cache, id_or_name, replaces=False)


async def flush(cloud: Cloud, request: Request, id_or_name: str) -> Saved:
    """Request that every key is removed. Raises NotFound, BeingDeleted, ServerStopped."""
    return await cloud.change(request, Cache, id_or_name, Cache.flush)


async def stats(cloud: Cloud, account: str, id_or_name: str) -> dict[str, Any]:
    """Return figures of the server itself. Raises NotFound, ServerStopped, Unavailable."""
    cache, at, password = await server.opened(cloud, Cache, account, id_or_name)
    try:
        return await cloud.ports.caches[cache.engine].stats(cache, at, password)
    except PortError as error:
        raise server.unanswered(cache, error) from error


async def figures(cloud: Cloud, document: dict[str, Any]) -> dict[str, Any]:
    """Return the metrics of a cache that is available."""
    if document["status"] != "available":
        return {}
    found = await stats(cloud, document["account_id"], document["id"])
    # The memory of the container is exported as `memory_bytes` for every server.
    return {**found, "memory_used_bytes": found.get("memory_bytes")}
