"""Controllers on a real Postgres with simulated containers, and waiting with a deadline."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, LiteralString, TypeVar
from uuid import UUID

import psycopg
from psycopg.rows import dict_row
from pydantic import SecretStr

from adapters.memory import MemoryEngine
from domain.aggregate import Aggregate
from domain.store import Cause
from miniaws import bootstrap, telemetry
from miniaws.application import Cloud, Request
from miniaws.commands import vpc as vpcs
from miniaws.runtime.controller import Controller
from miniaws.settings import Settings
from projections.inventory import PositionMoved

A = TypeVar("A", bound=Aggregate)
T = TypeVar("T")
REQUEST = Request(Cause(actor="key-test", account_id="main"))
DEADLINE_S = 30


async def eventually(look: Callable[[], Awaitable[T | None]], deadline_s: float = DEADLINE_S) -> T:
    """Wait for a true value, and return it."""
    async with asyncio.timeout(deadline_s):
        while True:
            if found := await look():
                return found
            await asyncio.sleep(0.01)


async def rows(database_url: str, query: LiteralString, *values: Any) -> list[dict[str, Any]]:
    """Return the rows of a query, on a new connection."""
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
        cursor = await connection.cursor(row_factory=dict_row).execute(query, values)
        return await cursor.fetchall() if cursor.description else []


@dataclass
class Running:
    settings: Settings
    engine: MemoryEngine
    world: bootstrap.Infrastructure
    cloud: Cloud
    stack: AsyncExitStack
    database_url: str

    async def controller(self) -> tuple[Controller, asyncio.Task[None]]:
        """Start one more controller, which leads or stands by."""
        opened = await self.stack.enter_async_context(bootstrap.open_controller(self.settings, self.world))
        task = asyncio.create_task(opened.run())
        self.stack.push_async_callback(self.end, task)
        return opened, task

    async def end(self, task: asyncio.Task[None]) -> None:
        task.cancel()
        # One of two projectors stops by design; any other error that ended a task is raised.
        with contextlib.suppress(asyncio.CancelledError, PositionMoved):
            await task

    async def leading(self) -> Controller:
        controller, _ = await self.controller()
        async with asyncio.timeout(DEADLINE_S):
            await controller.leads.wait()
        return controller

    async def vpc(self, name: str = "web") -> Aggregate:
        return (await vpcs.create(self.cloud, REQUEST, vpcs.CreateVpc(name=name))).aggregate

    async def becomes(self, about: Aggregate, status: str) -> Any:
        """Wait until a resource has a status, and return it."""

        async def look() -> Aggregate | None:
            found = await self.cloud.load_by_id(type(about), about.id)
            return found if getattr(found, "status", None) == status else None

        return await eventually(look)

    async def idle(self) -> None:
        """Wait until the queue is empty, so that the next reconcile has a new cause."""

        async def nothing_due() -> bool:
            found = await rows(
                self.database_url,
                "SELECT (SELECT count(*) FROM work) = 0 AND (SELECT position FROM read_model.progress)"
                " = (SELECT max(notification_id) FROM events) AS idle",
            )
            return found[0]["idle"]

        await eventually(nothing_due)

    async def told(self, resource_id: UUID) -> list[str]:
        events = await self.cloud.ports.store.events(resource_id)
        return [event.type.partition(".")[2] for event in events]


@asynccontextmanager
async def open_running(database_url: str, directory: Path, **settings: Any) -> AsyncGenerator[Running]:
    found = Settings(
        data_dir=directory,
        database_url=SecretStr(database_url),
        engine="memory",
        log_level="error",
        **settings,
    )
    telemetry.configure_logs(found)
    bootstrap.prepare(found)
    engine = MemoryEngine()
    world = bootstrap.memory_infrastructure(engine)
    async with AsyncExitStack() as stack:
        cloud = await stack.enter_async_context(bootstrap.open_cloud(found, world))
        yield Running(found, engine, world, cloud, stack, database_url)
