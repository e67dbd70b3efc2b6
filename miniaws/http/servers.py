"""What the routes of all managed servers share: start, stop, metrics, and what a connection shows."""

from collections.abc import Awaitable
from typing import Any

from domain.server import Server
from miniaws.application import Cloud, Request, Saved
from miniaws.commands import server
from miniaws.commands.server import Connection
from miniaws.http.generic import Routes


def add_lifecycle(routes: Routes, kind: type[Server], start: str, stop: str, delete: str = "") -> None:
    """Add start, stop, metrics and, unless the kind has its own, delete; the texts describe them."""
    if delete:

        def end(cloud: Cloud, request: Request, id_or_name: str, *, purge: bool) -> Awaitable[Saved]:
            return server.delete(cloud, request, kind, id_or_name, purge=purge)

        routes.trash(end, delete)
    routes.action("start", lambda cloud, request, id_: server.start(cloud, request, kind, id_), start)
    routes.action("stop", lambda cloud, request, id_: server.stop(cloud, request, kind, id_), stop)
    routes.metrics()


def shown(found: Connection, scheme: str, path: str = "", **more: Any) -> dict[str, Any]:
    """Return how to connect, as JSON."""
    return {
        "engine": found.server.engine,
        "status": found.server.status,
        "url": found.url(scheme, found.here, path),
        "host": found.here.host,
        "port": found.here.port,
        "username": found.username,
        "password": found.password,
        "private_url": found.url(scheme, found.inside, path),
        "private_host": found.inside.host,
        "private_port": found.inside.port,
        **({} if found.authority is None else {"ca_certificate": found.authority}),
        **more,
    }
