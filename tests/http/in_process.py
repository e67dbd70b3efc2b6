"""The whole API in this process, without a socket, with a controller and a real database."""

import asyncio
import re
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI
from pydantic import SecretStr

from adapters.memory import MemoryEngine
from miniaws import bootstrap, telemetry
from miniaws.bootstrap import first_key
from miniaws.settings import Settings
from miniaws.tasks import end
from tests.http.declared import conforms, names_a_field
from tests.runtime.running import eventually

WAIT = {"Prefer": "wait=20"}
CANARY = "canary-3f9c1e7a"
"""A secret that must never be visible."""


@dataclass
class Cloud:
    """An API, its controller and clients with keys."""

    settings: Settings
    engine: MemoryEngine
    world: bootstrap.Infrastructure
    app: FastAPI
    key: str = field(repr=False)
    stack: AsyncExitStack = field(repr=False)

    @property
    def admin(self) -> httpx.AsyncClient:
        """The first admin of the account ``main``."""
        return self.client(self.key)

    def client(self, key: str | None, app: FastAPI | None = None) -> httpx.AsyncClient:
        """Return a client with a key, or none."""
        transport = httpx.ASGITransport(app or self.app)
        headers = {} if key is None else {"Authorization": key}
        return httpx.AsyncClient(
            transport=transport,
            base_url="http://localhost",
            headers=headers,
            timeout=30,
            event_hooks={"response": [conforms, names_a_field]},
        )

    async def another(self, role: str = "admin", account: str = "main", **more: Any) -> httpx.AsyncClient:
        """Issue a key and return a client with it."""
        body = {"name": f"k-{role}-{len(more)}", "role": role, "account": account, **more}
        issued = await self.admin.post("/api/keys", json=body)
        assert issued.status_code == 202, issued.text
        return self.client(issued.json()["key"])

    async def another_process(self, **more: Any) -> FastAPI:
        """Start a second API on the same database, as on another host, with other settings."""
        app = bootstrap.create_api(self.settings.model_copy(update=more), self.world)
        await self.stack.enter_async_context(app.router.lifespan_context(app))
        return app

    async def launched(self, name: str = "web-1", **more: Any) -> dict[str, Any]:
        """Return a running instance."""
        body = {"name": name, "image": "nginx:1.27", **more}
        return done(await self.admin.post("/api/instances", json=body, headers=WAIT), "running")


BEGINNING = re.compile("cannot |`.*` must ")
"""How the detail of a problem document begins."""


def done(answer: httpx.Response, status: str | None = None) -> dict[str, Any]:
    """Return the document of an accepted command."""
    assert answer.status_code == 202, answer.text
    document = answer.json()
    assert status in {None, document["status"]}, document
    return document


def refused(answer: httpx.Response, status: int, code: str, *words: str) -> dict[str, Any]:
    """Return the problem document of a refusal, after checking its common fields."""
    assert answer.status_code == status, f"{answer.status_code} {answer.text}"
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    expected = {"type": f"/problems#{code}", "status": status, "code": code}
    assert expected == {name: problem[name] for name in expected}
    assert BEGINNING.match(problem["detail"]), problem
    assert [word for word in words if word not in problem["detail"]] == [], problem["detail"]
    assert problem["request_id"] == answer.headers["x-request-id"]
    assert problem["title"]
    assert problem["retryable"] == (status in {429, 503})
    return problem


@asynccontextmanager
async def open_cloud(database_url: str, directory: Path, **more: Any) -> AsyncGenerator[Cloud]:
    """Start a cloud whose controller leads and whose API serves."""
    limits: Mapping[str, Any] = {"rate_limit": 100_000, "rate_burst": 100_000, "log_level": "error"}
    settings = Settings(
        data_dir=directory, database_url=SecretStr(database_url), engine="memory", **{**limits, **more}
    )
    telemetry.configure_logs(settings)
    bootstrap.prepare(settings)
    engine = MemoryEngine()
    world = bootstrap.memory_infrastructure(engine)
    await bootstrap.ensure_first_key(settings)
    key = first_key.read(settings.credentials)["MINIAWS_API_KEY"]
    async with AsyncExitStack() as stack:
        controller = await stack.enter_async_context(bootstrap.open_controller(settings, world))
        running = asyncio.create_task(controller.run())
        stack.push_async_callback(end, running)
        app = bootstrap.create_api(settings, world)
        await stack.enter_async_context(app.router.lifespan_context(app))
        opened = Cloud(settings, engine, world, app, key, stack)
        await eventually(lambda: _has_its_network(opened))
        yield opened


async def _has_its_network(cloud: Cloud) -> bool:
    answer = await cloud.admin.get("/api/vpcs/default")
    return answer.status_code == 200 and answer.json()["status"] == "available"
