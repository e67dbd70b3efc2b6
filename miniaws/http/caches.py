"""Caches over HTTP."""

from typing import Any

from starlette.responses import Response

from domain.cache import Cache
from miniaws.application import Cloud
from miniaws.commands import cache as commands
from miniaws.commands import server
from miniaws.http.generic import Routes
from miniaws.http.servers import add_lifecycle, shown
from miniaws.http.writing import CommandContext, Operator, answer

routes = Routes(Cache)
router = routes.router


@router.post("", status_code=202, dependencies=[Operator])
async def create_cache(body: commands.CreateCache, change: CommandContext) -> Response:
    """Create a cache."""
    return await answer(change, commands.create(change.cloud, change.request, body))


@router.patch("/{id_or_name}", status_code=202, dependencies=[Operator])
async def change_cache(id_or_name: str, body: commands.ChangeCache, change: CommandContext) -> Response:
    """Change limits, settings, protection or tags."""
    return await answer(change, commands.change(change.cloud, change.request, id_or_name, body))


async def _connection(cloud: Cloud, account: str, id_or_name: str) -> dict[str, Any]:
    found = await server.connection(cloud, Cache, account, id_or_name)
    return shown(found, "rediss" if found.authority else "redis", "/0")


routes.reads()
add_lifecycle(
    routes,
    Cache,
    "Start a stopped cache.",
    "Stop a cache; what persists stays.",
    "Delete a cache and its volume.",
)
routes.action(
    "rotate-credentials",
    commands.rotate_credentials,
    "Change the password of a cache; it keeps running.",
    "rotate_cache_credentials",
)
routes.action("flush", commands.flush, "Remove every key.")
routes.connection(_connection)
routes.stats(commands.stats, "Show what the server says of itself: memory, clients, hit rate, evictions.")
