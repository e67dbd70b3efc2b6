"""Workers: one reconcile per resource at a time, however long it takes, with a timeout."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from psycopg import AsyncConnection
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool

from adapters.docker.client import Timeouts
from adapters.system import SystemRandomSource
from miniaws import bootstrap
from miniaws.bootstrap import memory_infrastructure
from miniaws.runtime.queue import LEASE_S, WorkQueue
from miniaws.runtime.workers import ReconcileResult, Workers
from miniaws.tasks import end
from tests.runtime.running import eventually, open_running, rows

LEASE_IN_TEST_S = 0.6


class Slow:
    """Runs until it is stopped."""

    kind = "vpc"

    def __init__(self, timeout_s: float = 60) -> None:
        self.timeout_s = timeout_s
        self.begun = 0
        self.running = 0
        self.most = 0
        self.released = asyncio.Event()

    async def reconcile(self, resource_id: UUID) -> ReconcileResult:
        del resource_id
        self.begun += 1
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            await self.released.wait()
        finally:
            self.running -= 1
        return ReconcileResult("did it")


@pytest.fixture
async def pool(prepared_url: str) -> AsyncGenerator[AsyncConnectionPool[AsyncConnection[DictRow]]]:
    async with AsyncConnectionPool[AsyncConnection[DictRow]](
        prepared_url, open=False, kwargs={"autocommit": True, "row_factory": dict_row}
    ) as opened:
        yield opened


@asynccontextmanager
async def working(queue: WorkQueue, manager: Slow) -> AsyncGenerator[Workers]:
    workers = Workers(queue, [manager], SystemRandomSource(), concurrency=4)
    task = asyncio.create_task(workers.run())
    try:
        yield workers
    finally:
        await end(task)


async def leased_until(url: str) -> Any:
    found = await rows(url, "SELECT leased_until FROM work")
    return found[0]["leased_until"] if found else None


async def test_a_pass_that_takes_longer_than_its_lease_is_not_run_beside_itself(
    pool: AsyncConnectionPool[AsyncConnection[DictRow]], prepared_url: str
) -> None:
    queue, manager = WorkQueue(pool, lease_s=LEASE_IN_TEST_S), Slow()
    await queue.wake(uuid4(), "vpc")
    async with working(queue, manager):
        seen: set[Any] = set()

        async def renewed_often() -> bool:
            seen.add(await leased_until(prepared_url))
            return len(seen - {None}) > 5  # each a third of a lease later: the first one is long over

        await eventually(renewed_often)
        assert (manager.begun, manager.most) == (1, 1)
        manager.released.set()

        async def done() -> bool:
            return await rows(prepared_url, "SELECT FROM work") == []

        await eventually(done)
        assert manager.begun == 1


async def test_a_lease_that_nobody_renews_ends(
    pool: AsyncConnectionPool[AsyncConnection[DictRow]],
) -> None:
    queue = WorkQueue(pool, lease_s=LEASE_IN_TEST_S)
    await queue.wake(uuid4(), "vpc")
    assert len((await queue.take(9)).leases) == 1
    assert (await queue.take(9)).leases == []

    async def taken_again() -> bool:
        return len((await queue.take(9)).leases) == 1

    await eventually(taken_again)


async def test_what_was_given_back_is_not_leased_by_a_late_renewal(
    pool: AsyncConnectionPool[AsyncConnection[DictRow]], prepared_url: str
) -> None:
    queue = WorkQueue(pool)
    await queue.wake(uuid4(), "vpc")
    (lease,) = (await queue.take(9)).leases
    await queue.release(lease, 0)
    await queue.renew([lease])
    assert await leased_until(prepared_url) is None


async def test_a_hung_pass_is_cut_off_reported_and_tried_again(
    pool: AsyncConnectionPool[AsyncConnection[DictRow]], prepared_url: str
) -> None:
    queue, manager = WorkQueue(pool), Slow(timeout_s=0.3)
    await queue.wake(uuid4(), "vpc")
    async with working(queue, manager):

        async def failed() -> str | None:
            found = await rows(prepared_url, "SELECT last_error FROM work WHERE attempts > 0")
            return found[0]["last_error"] if found else None

        assert await eventually(failed) == "cannot finish within 0.3 s: the pass was cut off"

        async def again() -> bool:
            return manager.begun > 1

        await eventually(again)
        assert manager.most == 1


async def test_a_time_out_of_its_own_is_not_told_as_ours(
    pool: AsyncConnectionPool[AsyncConnection[DictRow]], prepared_url: str
) -> None:
    class Impatient(Slow):
        async def reconcile(self, resource_id: UUID) -> ReconcileResult:
            del resource_id
            raise TimeoutError

    queue = WorkQueue(pool)
    await queue.wake(uuid4(), "vpc")
    async with working(queue, Impatient()):

        async def failed() -> str | None:
            found = await rows(prepared_url, "SELECT last_error FROM work WHERE attempts > 0")
            return found[0]["last_error"] if found else None

        assert await eventually(failed) == "TimeoutError"


async def test_a_renewed_lease_that_fails_keeps_its_back_off(
    pool: AsyncConnectionPool[AsyncConnection[DictRow]], prepared_url: str
) -> None:
    queue = WorkQueue(pool)
    await queue.wake(uuid4(), "vpc")
    (lease,) = (await queue.take(9)).leases
    await queue.renew([lease])
    await queue.fail(lease, "cannot", 0.5)
    (row,) = await rows(prepared_url, "SELECT due_at > clock_timestamp() AS waits FROM work")
    assert row["waits"]


async def test_what_was_asked_for_before_a_renewal_ends_the_back_off(
    pool: AsyncConnectionPool[AsyncConnection[DictRow]], prepared_url: str
) -> None:
    queue, resource_id = WorkQueue(pool), uuid4()
    await queue.wake(resource_id, "vpc")
    (lease,) = (await queue.take(9)).leases
    await queue.wake(resource_id, "vpc")
    await queue.renew([lease])
    await queue.fail(lease, "cannot", 0.5)
    (row,) = await rows(prepared_url, "SELECT due_at <= clock_timestamp() AS due FROM work")
    assert row["due"]


async def test_every_kind_has_a_time_out_beyond_its_longest_call(prepared_url: str, tmp_path: Path) -> None:
    async with (
        open_running(prepared_url, tmp_path) as running,
        bootstrap.open_controller(running.settings, memory_infrastructure(running.engine)) as controller,
    ):
        limits = {manager.kind: manager.timeout_s for manager in controller.managers}
    assert set(limits) >= {"instance", "database", "cache", "queue", "volume", "vpc", "scaling_group"}
    assert all(limit > Timeouts().short_s for limit in limits.values())
    in_containers = {
        "instance",
        "database",
        "cache",
        "queue",
        "archive",
        "snapshot",
        "load_balancer",
        "orphan",
    }
    assert all(limits[kind] > Timeouts().long_s > LEASE_S for kind in in_containers)
