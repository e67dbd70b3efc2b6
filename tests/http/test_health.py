"""``/health/ready`` reports whether the cloud can be used, and the reason if not."""

import asyncio
import contextlib
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from adapters.memory import MemoryEngine
from miniaws import bootstrap
from miniaws.settings import Settings
from miniaws.tasks import LoopState
from tests.http.in_process import Cloud
from tests.runtime.running import eventually, rows
from tests.runtime.test_supervision import end_loop

LOOPS = {"active requests", "tail", "hub", "sign-out", "live", "visibility"}


def states(cloud: Cloud) -> dict[str, LoopState]:
    return {each.name: each for each in cloud.app.state.loops.states()}


async def test_ready_tells_of_every_loop_and_of_the_controller(cloud: Cloud) -> None:
    async def told() -> dict[str, Any] | None:
        answer = await cloud.client(None).get("/health/ready")
        assert answer.status_code == 200, answer.text
        (found,) = answer.json()["controllers"]
        names = {each["name"] for each in found["loops"]}
        # Its first heartbeat comes before its loops.
        return answer.json() if {"projector", "workers", "watch", "measure"} <= names else None

    ready = await eventually(told)
    assert {each["name"] for each in ready["loops"]} == LOOPS
    assert {each["state"] for each in ready["loops"]} == {"running"}
    (controller,) = ready["controllers"]
    assert controller["state"] == "leading"
    assert controller["heartbeat_age_s"] < 5


async def test_every_loop_is_known_here(cloud: Cloud) -> None:
    assert states(cloud).keys() == LOOPS


@pytest.mark.parametrize("name", sorted(LOOPS))
async def test_a_loop_that_ends_is_restarted_and_the_others_go_on(cloud: Cloud, name: str) -> None:
    before = states(cloud)
    await end_loop(name)

    async def runs_again() -> bool:
        found = states(cloud)[name]
        return (found.state, found.restarts) == ("running", 1)

    await eventually(runs_again)
    others = {other: state for other, state in states(cloud).items() if other != name}
    assert others == {other: state for other, state in before.items() if other != name}
    assert (await cloud.launched("after"))["status"] == "running"
    revoked = await cloud.another("viewer")
    assert (await revoked.get("/api/vpcs")).status_code == 200
    (await cloud.admin.delete("/api/keys/k-viewer-0")).raise_for_status()

    async def is_refused() -> bool:
        return (await revoked.get("/api/vpcs")).status_code == 401

    await eventually(is_refused)


async def test_a_loop_that_cannot_run_makes_the_api_not_ready(cloud: Cloud) -> None:
    url = bootstrap.conninfo(cloud.settings)
    await rows(url, "ALTER TABLE read_model.progress RENAME TO away")
    try:
        await end_loop("visibility")

        async def not_ready() -> dict[str, Any] | None:
            answer = await cloud.client(None).get("/health/ready")
            found = answer.json()
            return found if answer.status_code == 503 and "visibility" in found["detail"] else None

        found = await eventually(not_ready)
        assert found["code"] == "not_ready"
        assert [each["name"] for each in found["loops"] if each["state"] != "running"] == ["visibility"]
    finally:
        await rows(url, "ALTER TABLE read_model.away RENAME TO progress")

    async def ready() -> bool:
        return (await cloud.client(None).get("/health/ready")).status_code == 200

    await eventually(ready)


@contextlib.contextmanager
def controller(settings: Settings) -> Generator[subprocess.Popen[bytes]]:
    """A controller in a separate process."""
    environment = settings.environment(MINIAWS_DATABASE_URL=bootstrap.conninfo(settings))
    process = subprocess.Popen([sys.executable, "-m", "miniaws", "controller"], env=environment)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@asynccontextmanager
async def api(settings: Settings) -> AsyncGenerator[httpx.AsyncClient]:
    app = bootstrap.create_api(settings, bootstrap.memory_infrastructure(MemoryEngine()))
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://localhost", timeout=30
        ) as client,
    ):
        yield client


async def becomes(
    client: httpx.AsyncClient, status: int, says: Callable[[dict[str, Any]], bool]
) -> dict[str, Any]:
    async def look() -> dict[str, Any] | None:
        answer = await client.get("/health/ready")
        return answer.json() if answer.status_code == status and says(answer.json()) else None

    return await eventually(look)


async def test_without_a_controller_and_with_a_frozen_or_killed_one_nothing_is_ready(
    prepared_url: str, tmp_path: Path
) -> None:
    settings = Settings(
        data_dir=tmp_path, database_url=SecretStr(prepared_url), engine="memory", log_level="error"
    )
    bootstrap.prepare(settings)
    async with api(settings) as client:
        found = await becomes(client, 503, lambda found: "no controller leads" in found["detail"])
        assert found["controllers"] == []
        with controller(settings) as process:
            await becomes(client, 200, lambda found: found["controllers"][0]["pid"] == process.pid)
            process.send_signal(signal.SIGSTOP)
            found = await becomes(client, 503, lambda found: "the last heartbeat" in found["detail"])
            assert [each["state"] for each in found["controllers"]] == ["not-responding"]
            process.send_signal(signal.SIGCONT)
            await becomes(client, 200, lambda found: found["controllers"][0]["state"] == "leading")
            process.send_signal(signal.SIGKILL)
            await asyncio.to_thread(process.wait)
            await becomes(client, 503, lambda found: "the last heartbeat" in found["detail"])
        with controller(settings) as process:
            await becomes(client, 200, lambda found: found["controllers"][0]["pid"] == process.pid)
            process.send_signal(signal.SIGTERM)
            await asyncio.to_thread(process.wait)
            found = await becomes(client, 503, lambda found: "no controller leads" in found["detail"])
            assert process.pid not in [each["pid"] for each in found["controllers"]]
