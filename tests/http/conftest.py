"""An API on a real socket, with a controller and a real database; only the containers are simulated."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from pydantic import SecretStr

from adapters.memory import (
    MemoryEngine,
    MemoryStats,
)
from adapters.system import SystemClock
from miniaws import application, bootstrap
from miniaws.bootstrap import first_key
from miniaws.http.live import Broadcaster
from miniaws.settings import Settings
from tests.conftest import free_port
from tests.http.following import ReplicationSource
from tests.http.in_process import Cloud, open_cloud
from tests.runtime.running import eventually


@dataclass
class Api:
    """The API from the view of a client; ``http`` uses the key of the first admin of the account ``main``."""

    settings: Settings
    server: uvicorn.Server
    http: httpx.AsyncClient
    key: str
    engine: MemoryEngine
    stats: MemoryStats
    state: Any = field(repr=False)

    @property
    def app(self) -> FastAPI:
        app = self.server.config.app
        assert isinstance(app, FastAPI)
        return app

    @property
    def hub(self) -> Broadcaster:
        return self.state.hub

    @property
    def cloud(self) -> application.Cloud:
        return self.state.cloud

    @property
    def followed(self) -> ReplicationSource:
        """A client for its streams as the first admin."""
        return ReplicationSource(self.settings.port, self.key)

    async def key_of(self, account: str, name: str = "other", **more: Any) -> tuple[str, str]:
        """Issue a key and return it with its id."""
        body = {"name": name, "role": "admin", "account": account, **more}
        issued = (await self.post("/api/keys", body)).json()
        return issued["key"], issued["id"]

    async def post(self, path: str, body: dict[str, Any] | None = None, **headers: str) -> httpx.Response:
        """Send a command and return the response when the resource has settled."""
        answer = await self.http.post(path, json=body, headers={"Prefer": "wait=20", **headers})
        assert answer.is_success, answer.text
        return answer


@asynccontextmanager
async def serving(settings: Settings) -> AsyncGenerator[Api]:
    """An API and a controller."""
    bootstrap.prepare(settings)
    await bootstrap.ensure_first_key(settings)
    key = first_key.read(settings.credentials)["MINIAWS_API_KEY"]
    engine = MemoryEngine()
    stats = MemoryStats(engine, SystemClock().now)
    world = replace(bootstrap.memory_infrastructure(engine), stats=stats)
    app = bootstrap.create_api(settings, world)
    server = uvicorn.Server(
        uvicorn.Config(app, port=settings.port, log_config=None, timeout_graceful_shutdown=5)
    )
    async with (
        bootstrap.open_controller(settings, world) as controller,
        asyncio.TaskGroup() as tasks,
        httpx.AsyncClient(
            base_url=settings.url, headers={"Authorization": key}, timeout=30, trust_env=False
        ) as http,
    ):
        running = tasks.create_task(controller.run())
        served = tasks.create_task(server.serve())
        while not server.started:  # noqa: ASYNC110 - uvicorn offers no event
            await asyncio.sleep(0.01)
        await eventually(lambda: _has_default_vpc(http))
        try:
            yield Api(settings, server, http, key, engine, stats, app.state)
        finally:
            server.should_exit = True
            await served
            running.cancel()


async def _has_default_vpc(http: httpx.AsyncClient) -> bool:
    answer = await http.get("/api/vpcs/default")
    return answer.is_success and answer.json()["status"] == "available"


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    """Settings without effective rate limits."""
    return Settings(
        data_dir=tmp_path,
        database_url=SecretStr(database_url),
        port=free_port(),
        engine="memory",
        rate_limit=100_000,
        rate_burst=100_000,
        heartbeat_s=0.3,
    )


@pytest.fixture
async def api(settings: Settings) -> AsyncGenerator[Api]:
    """A running cloud."""
    async with serving(settings) as found:
        yield found


@pytest.fixture
async def cloud(prepared_url: str, tmp_path: Path) -> AsyncGenerator[Cloud]:
    """A cloud in this process, without a socket."""
    async with open_cloud(prepared_url, tmp_path) as opened:
        yield opened
