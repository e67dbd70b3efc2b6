"""Caches over HTTP."""

import orjson
from fastapi import APIRouter
from pydantic import Field
from starlette.responses import Response

from domain.cache import LEAST_MEMORY_MB, Cache, Eviction, Persistence
from domain.server.spec import MOST_MEMORY_MB
from miniaws.commands import cache as commands
from miniaws.commands import server
from miniaws.http.metrics import Stretch, used
from miniaws.http.reading import At, Caller, CloudDep, IfNoneMatch, Narrowed, one, page
from miniaws.http.servers import ChangeServer, CreateServer, shown_connection
from miniaws.http.writing import Change, KnownQuery, Operator, answer

router = APIRouter(prefix="/api/caches", tags=["caches"], dependencies=[KnownQuery])


class CreateCache(CreateServer):
    """A cache as it is asked for."""

    engine: str = Field(default="redis", examples=["redis"])
    memory_mb: int = Field(
        default=64,
        le=MOST_MEMORY_MB,
        description=f"MiB, at least {LEAST_MEMORY_MB}; three quarters are for keys",
    )
    eviction: Eviction = Field(default="noeviction", description="what goes when it is full")
    persistence: Persistence = Field(
        default="none", description="`aof` keeps every second, `snapshots` some minutes; both on a volume"
    )
    parameters: dict[str, str] = Field(default={}, examples=[{"maxmemory-samples": "10"}])


class ChangeCache(ChangeServer):
    """What of a cache can change, while it runs."""

    memory_mb: int | None = Field(default=None, le=MOST_MEMORY_MB)
    eviction: Eviction | None = None
    parameters: dict[str, str] | None = Field(default=None, description="all of them; left out: as they are")


@router.post("", status_code=202, dependencies=[Operator])
async def create_cache(body: CreateCache, change: Change) -> Response:
    """Create a cache."""
    wish = commands.Create(**body.model_dump())
    return await answer(change, commands.create(change.cloud, change.request, wish), "caches")


@router.get("")
async def list_caches(cloud: CloudDep, caller: Caller, at: At, narrowed: Narrowed) -> Response:
    """List caches, now or as of any moment."""
    return await page(cloud, Cache.KIND, caller.account_id, at, narrowed)


@router.get("/{id_or_name}")
async def show_cache(
    id_or_name: str, cloud: CloudDep, caller: Caller, at: At, if_none_match: IfNoneMatch = None
) -> Response:
    """Show a cache, now or as of any moment."""
    return await one(cloud, Cache, caller.account_id, id_or_name, at, if_none_match)


@router.patch("/{id_or_name}", status_code=202, dependencies=[Operator])
async def change_cache(id_or_name: str, body: ChangeCache, change: Change) -> Response:
    """Change limits, settings, protection or tags."""
    wish = commands.Change(**body.model_dump())
    return await answer(change, commands.change(change.cloud, change.request, id_or_name, wish), "caches")


@router.delete("/{id_or_name}", status_code=202, dependencies=[Operator])
async def delete_cache(id_or_name: str, change: Change) -> Response:
    """Delete a cache and its volume."""
    return await answer(change, server.delete(change.cloud, change.request, Cache, id_or_name), "caches")


@router.post("/{id_or_name}/start", status_code=202, dependencies=[Operator])
async def start_cache(id_or_name: str, change: Change) -> Response:
    """Start a stopped cache."""
    return await answer(change, server.start(change.cloud, change.request, Cache, id_or_name), "caches")


@router.post("/{id_or_name}/stop", status_code=202, dependencies=[Operator])
async def stop_cache(id_or_name: str, change: Change) -> Response:
    """Stop a cache; what persists stays."""
    return await answer(change, server.stop(change.cloud, change.request, Cache, id_or_name), "caches")


@router.post("/{id_or_name}/rotate-credentials", status_code=202, dependencies=[Operator])
async def rotate_cache_credentials(id_or_name: str, change: Change) -> Response:
    """Give a cache another password; it goes on running."""
    command = commands.rotate_credentials(change.cloud, change.request, id_or_name)
    return await answer(change, command, "caches")


@router.post("/{id_or_name}/flush", status_code=202, dependencies=[Operator])
async def flush_cache(id_or_name: str, change: Change) -> Response:
    """Remove every key, at once."""
    return await answer(change, commands.flush(change.cloud, change.request, id_or_name), "caches")


@router.get("/{id_or_name}/connection", dependencies=[Operator])
async def show_cache_connection(id_or_name: str, cloud: CloudDep, caller: Caller) -> Response:
    """Show how to connect, with the password."""
    found = await server.connection(cloud, Cache, caller.account_id, id_or_name)
    return shown_connection(found, "rediss" if found.authority else "redis", "/0")


@router.get("/{id_or_name}/metrics")
async def show_cache_metrics(
    id_or_name: str, cloud: CloudDep, caller: Caller, at: At, stretch: Stretch
) -> Response:
    """Show what its container used: averages and maxima per step, null where nothing was measured."""
    return await used(cloud, Cache, caller.account_id, id_or_name, at, stretch)


@router.get("/{id_or_name}/stats")
async def show_cache_stats(id_or_name: str, cloud: CloudDep, caller: Caller) -> Response:
    """Show what the server says of itself: memory, clients, hit rate, evictions."""
    found = await commands.stats(cloud, caller.account_id, id_or_name)
    return Response(orjson.dumps(found), media_type="application/json")
