"""Puts the HTTP API together."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta

from fastapi import FastAPI

from miniaws.application import Cloud
from miniaws.http import (
    access_keys,
    archives,
    caches,
    console,
    copy_targets,
    dashboard,
    databases,
    diff,
    errors,
    health,
    instances,
    load_balancers,
    openapi,
    orphans,
    problems,
    queues,
    resources,
    scaling_groups,
    sessions,
    snapshots,
    stream,
    timeline,
    usage,
    volumes,
    vpcs,
)
from miniaws.http.figures import Watched
from miniaws.http.middleware import Gate
from miniaws.hub import Hub
from miniaws.keyring import Exhibit, Keyring, RateLimit
from miniaws.live import Live
from miniaws.sessions import Browsers
from miniaws.settings import Settings
from miniaws.tail import Tail
from miniaws.tasks import end
from projections.dashboard import Dashboard

ROUTERS = (
    health,
    sessions,
    access_keys,
    vpcs,
    volumes,
    snapshots,
    copy_targets,
    instances,
    caches,
    scaling_groups,
    queues,
    databases,
    archives,
    load_balancers,
    orphans,
    resources,
    timeline,
    diff,
    usage,
    dashboard,
    stream,
    problems,
)

Opened = tuple[Cloud, Tail]


def create_app(
    settings: Settings,
    open_cloud: Callable[[], AbstractAsyncContextManager[Opened]],
    exhibit: Exhibit | None = None,
) -> FastAPI:
    """Return the API; ``open_cloud`` is entered when it starts to serve. An exhibit refuses every change."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None, None]:
        async with open_cloud() as (cloud, tail):
            _compose(app, cloud, tail, exhibit)
            state = app.state
            live = Live(state.hub, state.dashboard, cloud.ports.metrics)
            work = {"hub": state.hub.run(), "live": live.run(), "sign-out": _sign_out(cloud, state.hub)}
            running = [asyncio.create_task(each, name=name) for name, each in work.items()]
            try:
                yield
            finally:
                for task in running:
                    await end(task)

    app = FastAPI(
        title="miniaws",
        lifespan=lifespan,
        redoc_url=None,
        generate_unique_id_function=lambda route: route.name,
    )
    for module in ROUTERS:
        app.include_router(module.router)
    errors.install(app)
    openapi.install(app)
    # What no route answers; a wrong method on a route's path is still told as one.
    app.router.default = console.Console(app.router.default)
    app.add_middleware(Gate, settings=settings, rate=_rate(settings), read_only=exhibit is not None)
    return app


async def _sign_out(cloud: Cloud, hub: Hub) -> None:
    """End the streams of sessions that are closed, in whichever process."""
    async for session in cloud.ports.sessions.closed():
        hub.end_session(session)


def _rate(settings: Settings) -> RateLimit:
    return RateLimit(settings.rate_limit, settings.rate_burst)


def _compose(app: FastAPI, cloud: Cloud, tail: Tail, exhibit: Exhibit | None) -> None:
    """Make what routes find in ``app.state``."""
    ports, state = cloud.ports, app.state
    state.cloud = cloud
    state.tail = tail
    state.keyring = Keyring(ports.store, ports.clock, exhibit)
    life = timedelta(hours=cloud.settings.session_hours)
    state.browsers = Browsers(ports.sessions, state.keyring, ports.clock, ports.chance, life)
    state.hub = Hub(ports.activity, ports.clock)
    state.watched = Watched(cloud)
    state.dashboard = Dashboard(ports.inventory)
    # In this order: a key is forgotten before the hub ends the streams of who used it.
    tail.listen(state.keyring.forget)
    tail.listen(state.hub.take)
