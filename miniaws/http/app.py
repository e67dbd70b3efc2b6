"""Puts the HTTP API together."""

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from miniaws.application import Cloud
from miniaws.capabilities import CAPABILITIES
from miniaws.http import (
    aws_credentials,
    console,
    copy_targets,
    dashboard,
    diff,
    errors,
    estate,
    health,
    instance_types,
    openapi,
    problems,
    resources,
    sessions,
    stream,
    timeline,
    trash,
    usage,
)
from miniaws.http.auth.active_requests import ActiveRequests
from miniaws.http.auth.authenticator import Authenticator, ReadOnlyBundle
from miniaws.http.auth.browser_sessions import BrowserSessions
from miniaws.http.figures import Watched
from miniaws.http.lifetime import Lifetime
from miniaws.http.live import Broadcaster
from miniaws.http.live.dashboard_feed import Live
from miniaws.http.live.subscription import EventSubscription
from miniaws.http.middleware import RequestGuard
from miniaws.settings import Settings
from miniaws.tasks import Loop, Loops
from projections.dashboard import Dashboard

ROUTERS = (
    health.router,
    sessions.router,
    *(capability.router() for capability in CAPABILITIES),
    copy_targets.router,
    instance_types.router,
    aws_credentials.router,
    resources.router,
    trash.router,
    estate.router,
    timeline.router,
    diff.router,
    usage.router,
    dashboard.router,
    stream.router,
    problems.router,
)

Opened = tuple[Cloud, EventSubscription]


def create_app(
    settings: Settings,
    open_cloud: Callable[[], AbstractAsyncContextManager[Opened]],
    bundle: ReadOnlyBundle | None = None,
    loops: Loops | None = None,
) -> FastAPI:
    """Return the API; ``open_cloud`` is entered when it starts to serve. With a bundle it refuses every change."""
    supervised = loops or Loops()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None, None]:
        async with open_cloud() as (cloud, tail):
            _compose(app, cloud, tail, bundle)
            app.state.loops, app.state.is_read_only = supervised, bundle is not None
            async with supervised.running(*_loops(app, cloud, tail)):
                yield

    app = FastAPI(
        title="miniaws",
        lifespan=lifespan,
        docs_url=None,  # the console has a page for it that loads nothing from elsewhere
        redoc_url=None,
    )
    app.router.routes.extend(_routes())
    errors.install(app)
    openapi.install(app)
    # Requests that match no route. A wrong method on the path of a route still gets a 405.
    app.router.default = console.Console(app.router.default)
    app.add_middleware(Lifetime)  # inside the gate, which identifies
    app.add_middleware(RequestGuard, settings=settings, read_only=bundle is not None)
    return app


def _routes() -> list[BaseRoute]:
    """Return all routes; the name of an operation is that of its function.

    ``include_router`` would analyse the parameters of each route again, which takes as long as all other parts of a
    start.
    """
    routes = [route for router in ROUTERS for route in router.routes]
    for route in routes:
        if isinstance(route, APIRoute):
            route.unique_id = route.name
    return routes


def _loops(app: FastAPI, cloud: Cloud, tail: EventSubscription) -> list[Loop]:
    """Return what runs beside the routes. Revocation depends on all but the last: they are soon back."""
    hub: Broadcaster = app.state.hub
    active: ActiveRequests = app.state.active
    live = Live(hub, app.state.dashboard, cloud.ports.metrics)
    return [
        Loop("tail", tail.run, longest_delay_s=1),
        Loop("hub", hub.run, longest_delay_s=1),
        Loop("sign-out", lambda: _sign_out(cloud, active), longest_delay_s=1),
        Loop("active requests", active.run, longest_delay_s=1),
        Loop("live", live.run),
    ]


async def _sign_out(cloud: Cloud, active: ActiveRequests) -> None:
    """End the requests of sessions that are closed, in whichever process."""
    async for session in cloud.ports.sessions.closed():
        active.end_session(session)


def _compose(app: FastAPI, cloud: Cloud, tail: EventSubscription, bundle: ReadOnlyBundle | None) -> None:
    """Make what routes find in ``app.state``."""
    ports, state = cloud.ports, app.state
    state.cloud = cloud
    state.tail = tail
    state.authenticator = Authenticator(ports.store, ports.clock, bundle)
    life = timedelta(hours=cloud.settings.session_hours)
    state.browsers = BrowserSessions(ports.sessions, state.authenticator, ports.clock, ports.random, life)
    state.active = ActiveRequests(ports.clock, state.browsers.check)
    state.hub = Broadcaster(ports.activity, ports.visibility)
    state.watched = Watched(cloud)
    state.dashboard = Dashboard(ports.inventory)
    # In this order: a key is forgotten before its requests end, or one of them could begin again.
    tail.listen(state.authenticator.forget)
    tail.listen(state.active.take)
    tail.listen(state.hub.take)
