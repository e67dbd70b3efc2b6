"""The keyed work queue: marked resources are reconciled one at a time, with a back-off."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from typing import Any, LiteralString
from uuid import UUID, uuid4

import pytest
from psycopg import AsyncConnection
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool

from domain.store import Recorded
from miniaws.runtime.queue import Lease, LeaseBatch, WorkQueue, mark
from tests.runtime.running import rows

DUE: LiteralString = "UPDATE work SET due_at = clock_timestamp()"
"""A clock that skips every back-off."""
KINDS = ["vpc", "instance"]


@pytest.fixture
async def pool(prepared_url: str) -> AsyncGenerator[AsyncConnectionPool[AsyncConnection[DictRow]]]:
    async with AsyncConnectionPool[AsyncConnection[DictRow]](
        prepared_url, open=False, kwargs={"autocommit": True, "row_factory": dict_row}
    ) as opened:
        yield opened


@pytest.fixture
def queue(pool: AsyncConnectionPool[AsyncConnection[DictRow]]) -> WorkQueue:
    return WorkQueue(pool)


def event(resource_id: UUID, event_type: str = "vpc.tags_changed", actor: str = "key-1") -> Recorded:
    nobody: Any = None
    return Recorded(
        1,
        resource_id,
        1,
        event_type,
        {},
        "main",
        actor,
        *[nobody] * 4,
        recorded_at=datetime(2026, 1, 1, tzinfo=UTC),
    )


async def tell(pool: AsyncConnectionPool[AsyncConnection[DictRow]], *events: Recorded) -> None:
    async with pool.connection() as connection:
        await mark(connection, events, KINDS)


async def take(queue: WorkQueue, limit: int) -> list[Lease]:
    return (await queue.take(limit)).leases


async def test_what_an_event_touches_is_due_at_once(pool: Any, queue: WorkQueue) -> None:
    one, other = uuid4(), uuid4()
    await tell(
        pool, event(one), event(one), event(other, "instance.started"), event(uuid4(), "access_key.issued")
    )
    assert {(lease.resource_id, lease.kind) for lease in await take(queue, 10)} == {
        (one, "vpc"),
        (other, "instance"),
    }


async def test_what_is_taken_is_not_taken_again(pool: Any, queue: WorkQueue) -> None:
    await tell(pool, *(event(uuid4()) for _ in range(5)))
    first, second = await take(queue, 3), await take(queue, 3)
    assert (len(first), len(second), await take(queue, 3)) == (3, 2, [])
    assert len({lease.resource_id for lease in [*first, *second]}) == 5


async def test_what_is_finished_is_gone(pool: Any, queue: WorkQueue) -> None:
    await tell(pool, event(uuid4()))
    (lease,) = await take(queue, 1)
    assert not await queue.finish(lease)
    assert (await queue.state(), await queue.take(1)) == ((0, 0), LeaseBatch([], None))


async def test_what_was_marked_during_a_pass_is_due_after_it(pool: Any, queue: WorkQueue) -> None:
    id_ = uuid4()
    await tell(pool, event(id_))
    (lease,) = await take(queue, 1)
    await tell(pool, event(id_))
    assert await take(queue, 1) == [], "never two passes for one resource at a time"
    assert await queue.finish(lease), "it stays due"
    (again,) = await take(queue, 1)
    assert (again.resource_id, again.generation) == (id_, lease.generation + 1)


@pytest.mark.parametrize("way", ["fail", "again"])
async def test_what_was_marked_during_a_pass_is_due_whatever_became_of_it(
    pool: Any, queue: WorkQueue, way: str
) -> None:
    id_ = uuid4()
    await tell(pool, event(id_))
    (lease,) = await take(queue, 1)
    await tell(pool, event(id_))
    await (queue.fail(lease, "no", 0.5) if way == "fail" else queue.release(lease, 60))
    assert len(await take(queue, 1)) == 1


async def test_a_back_off_grows_and_has_an_end(queue: WorkQueue, prepared_url: str) -> None:
    id_ = uuid4()
    await queue.wake(id_, "vpc")
    waits: list[float] = []
    for attempt in range(9):
        await rows(prepared_url, DUE)
        (lease,) = await take(queue, 1)
        assert lease.attempts == attempt
        waits.append(await queue.fail(lease, "no", 0.5))
    assert waits == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]


async def test_jitter_spreads_a_back_off(queue: WorkQueue) -> None:
    await queue.wake(uuid4(), "vpc")
    (lease,) = await take(queue, 1)
    assert await queue.fail(lease, "no", 0) == pytest.approx(0.4)
    assert await queue.fail(lease, "no", 1) == pytest.approx(0.6)


async def test_a_back_off_outlives_the_controller(queue: WorkQueue, prepared_url: str) -> None:
    await queue.wake(uuid4(), "vpc")
    (lease,) = await take(queue, 1)
    await queue.fail(lease, "no", 1)
    await queue.free()
    taken = await queue.take(1)
    assert taken.next_due_s is not None
    assert taken.next_due_s > 0.3
    assert (taken.leases, await queue.state()) == ([], (1, 1))
    await rows(prepared_url, DUE)
    (again,) = await take(queue, 1)
    assert again.attempts == 1


async def test_what_a_dead_controller_had_taken_is_free_for_the_next(queue: WorkQueue) -> None:
    await queue.wake(uuid4(), "vpc")
    assert len(await take(queue, 1)) == 1
    assert await take(queue, 1) == []
    await queue.free()
    assert len(await take(queue, 1)) == 1


async def test_a_lease_ends(queue: WorkQueue, prepared_url: str) -> None:
    await queue.wake(uuid4(), "vpc")
    await take(queue, 1)
    await rows(prepared_url, "UPDATE work SET leased_until = leased_until - interval '10 minutes'")
    assert len(await take(queue, 1)) == 1


async def test_what_people_ask_for_ends_a_back_off(pool: Any, queue: WorkQueue) -> None:
    id_ = uuid4()
    await queue.wake(id_, "vpc")
    (lease,) = await take(queue, 1)
    await queue.fail(lease, "no", 1)
    await tell(pool, event(id_))
    (again,) = await take(queue, 1)
    assert again.attempts == 0


async def test_what_another_manager_did_ends_no_back_off(pool: Any, queue: WorkQueue) -> None:
    id_ = uuid4()
    await queue.wake(id_, "vpc")
    (lease,) = await take(queue, 1)
    await queue.fail(lease, "no", 1)
    await tell(pool, event(id_, "vpc.tags_changed", "system:instance-manager"))
    assert await take(queue, 1) == []
    await tell(pool, event(id_, "vpc.failed", "system:vpc-manager"), event(id_))
    assert len(await take(queue, 1)) == 1, "unless a person asks for something, too"


async def test_what_another_manager_did_during_a_pass_is_looked_at_after_it(
    pool: Any, queue: WorkQueue
) -> None:
    """The reconcile may have started before the change: without another one, it would be missed."""
    id_ = uuid4()
    await queue.wake(id_, "vpc")
    (lease,) = await take(queue, 1)
    await tell(pool, event(id_, "vpc.tags_changed", "system:instance-manager"))
    assert await take(queue, 1) == []
    assert await queue.finish(lease), "it stays due"
    (again,) = await take(queue, 1)
    await tell(pool, event(id_, "vpc.tags_changed", "system:instance-manager"))
    await queue.fail(again, "no", 1)
    assert await take(queue, 1) == [], "but it ends no back-off"


async def test_what_a_manager_reports_of_its_own_is_no_work_for_it(pool: Any, queue: WorkQueue) -> None:
    own, others = uuid4(), uuid4()
    await tell(pool, event(own, "vpc.became_available", "system:vpc-manager"))
    await tell(pool, event(others, "vpc.tags_changed", "system:instance-manager"))
    assert [lease.resource_id for lease in await take(queue, 10)] == [others]


async def test_the_longest_waiting_is_taken_first(queue: WorkQueue) -> None:
    ids = [uuid4() for _ in range(3)]
    for id_ in ids:
        await queue.wake(id_, "vpc")
    assert [lease.resource_id for _ in ids for lease in await take(queue, 1)] == ids


async def test_the_number_of_orphans_is_kept(queue: WorkQueue, prepared_url: str) -> None:
    await queue.note_orphans(2)
    await queue.note_orphans(3)
    found = await rows(prepared_url, "SELECT note FROM followers WHERE name = 'orphans'")
    assert found == [{"note": "3"}]
