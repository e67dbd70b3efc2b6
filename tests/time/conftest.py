"""A cloud for history tests: real API, controller and Postgres in one loop; only the containers are simulated."""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import psycopg
import pytest
import structlog
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient, Response

from adapters.memory import MemoryEngine
from miniaws import bootstrap
from miniaws.bootstrap import first_key
from miniaws.runtime.controller import Controller
from miniaws.settings import Settings

T = TypeVar("T")
DEADLINE_S = 30.0
IMAGE = "miniaws/hello:local"


class Remembering:
    """One cloud with an event loop; ``http`` uses its API as its first admin."""

    def __init__(self, home: Path, database_url: str) -> None:
        self.settings = Settings.model_validate(
            {
                "data_dir": home,
                "database_url": database_url,
                "engine": "memory",
                "vpc_pool": "10.192.0.0/11",
                "rate_limit": 1e6,
                "rate_burst": 1_000_000,
                "concurrency": 16,
            }
        )
        self.database_url = database_url
        self.engine: MemoryEngine
        self.http: AsyncClient
        self._app: FastAPI
        self._runner: asyncio.Runner
        self._inside: AbstractAsyncContextManager[None]

    def start(self) -> None:
        """Wait until it responds and has a default VPC."""
        bootstrap.prepare(self.settings)
        self.engine = MemoryEngine()
        self._runner, self._inside = asyncio.Runner(), self._open()
        self._runner.run(self._inside.__aenter__())

    def stop(self) -> None:
        """End it."""
        self._runner.run(self._inside.__aexit__(None, None, None))
        self._runner.close()

    def run(self, coroutine: Awaitable[T]) -> T:
        """Run a coroutine in its loop."""

        async def inside() -> T:
            return await coroutine

        return self._runner.run(inside())

    def client(self, key: str) -> AsyncClient:
        """Return a client signed in with a key."""
        transport = ASGITransport(self._app, raise_app_exceptions=False)
        return AsyncClient(transport=transport, base_url="http://localhost", headers={"Authorization": key})

    async def get(self, path: str, client: AsyncClient | None = None, **params: Any) -> Any:
        """Read a document that must exist."""
        answer = await (client or self.http).get(path, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def post(self, path: str, body: dict[str, Any] | None = None, wait: int = 20) -> dict[str, Any]:
        """Request a change that must be accepted, and wait until it has taken effect."""
        return accepted(await self.http.post(path, json=body, headers={"Prefer": f"wait={wait}"}))

    async def launch(self, name: str, **more: Any) -> dict[str, Any]:
        """Launch an instance and return it running."""
        document = await self.post("/api/instances", {"name": name, "image": IMAGE, "type": "nano", **more})
        assert document["status"] == "running", document
        return document

    async def until(self, condition: Callable[[], Awaitable[bool]], what: str) -> None:
        """Wait for a condition."""
        end = time.monotonic() + DEADLINE_S
        while not await condition():
            assert time.monotonic() < end, f"not within {DEADLINE_S:g} s: {what}"
            await asyncio.sleep(0.01)

    def query(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """Query the database directly."""
        with psycopg.connect(self.database_url) as connection:
            return connection.execute(sql.encode(), values).fetchall()

    @asynccontextmanager
    async def _open(self) -> AsyncGenerator[None]:
        await bootstrap.ensure_first_key(self.settings)
        world = bootstrap.memory_infrastructure(self.engine)
        self._app = bootstrap.create_api(self.settings, world)
        async with (
            self._app.router.lifespan_context(self._app),
            bootstrap.open_controller(self.settings, world) as controller,
            self.client(first_key.read(self.settings.credentials)["MINIAWS_API_KEY"]) as self.http,
        ):
            running = asyncio.create_task(Controller.run(controller))
            await self.until(self._has_default_vpc, "there is a default VPC")
            yield
            running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await running

    async def _has_default_vpc(self) -> bool:
        answer = await self.http.get("/api/vpcs/default")
        return answer.status_code == 200 and answer.json()["status"] == "available"


def accepted(answer: Response) -> dict[str, Any]:
    """Return the document of a change that must be accepted."""
    assert answer.status_code == 202, answer.text
    return answer.json()


@pytest.fixture
def cloud(tmp_path: Path, database_url: str) -> Generator[Remembering]:
    """A separate cloud."""
    found = Remembering(tmp_path / "cloud", database_url)
    with (tmp_path / "log").open("w") as log:
        structlog.configure(
            logger_factory=structlog.PrintLoggerFactory(log),
            wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
            # A logger that were remembered would write to this file after it is closed, and raise.
            cache_logger_on_first_use=False,
        )
        found.start()
        yield found
        found.stop()
        structlog.reset_defaults()
