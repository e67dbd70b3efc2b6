"""Puts the HTTP API together."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from fastapi import FastAPI

from miniaws.application import Cloud
from miniaws.http import (
    access_keys,
    diff,
    errors,
    health,
    instances,
    problems,
    resources,
    stream,
    timeline,
    volumes,
    vpcs,
)
from miniaws.http.middleware import Gate
from miniaws.hub import Hub
from miniaws.keyring import Keyring, RateLimit
from miniaws.settings import Settings
from miniaws.tail import Tail
from miniaws.tasks import end

ROUTERS = (health, access_keys, vpcs, volumes, instances, resources, timeline, diff, stream, problems)

Opened = tuple[Cloud, Tail]


def create_app(settings: Settings, open_cloud: Callable[[], AbstractAsyncContextManager[Opened]]) -> FastAPI:
    """Return the API; ``open_cloud`` is entered when it starts to serve."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None, None]:
        async with open_cloud() as (cloud, tail):
            app.state.cloud = cloud
            app.state.tail = tail
            app.state.keyring = Keyring(cloud.ports.store, cloud.ports.clock)
            app.state.hub = Hub(cloud.ports.activity, cloud.ports.clock)
            tail.listen(app.state.keyring.forget)
            tail.listen(app.state.hub.take)
            handing_out = asyncio.create_task(app.state.hub.run(), name="hub")
            try:
                yield
            finally:
                await end(handing_out)

    app = FastAPI(
        title="miniaws",
        version="0.1.0",
        description="A cloud you can rewind. Sign in with `Authorization: miniaws_<key>`.",
        lifespan=lifespan,
        redoc_url=None,
    )
    for module in ROUTERS:
        app.include_router(module.router)
    errors.install(app)
    app.add_middleware(Gate, settings=settings, rate=RateLimit(settings.rate_limit, settings.rate_burst))
    return app
