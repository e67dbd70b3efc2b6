"""What looking back costs: an estate of 10,000 resources after 1,000,000 events, then and now."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

import orjson
import psycopg

from benchmarks import machine, tables
from benchmarks.replay import COLUMNS, LAUNCHED
from projections import rebuild
from projections.activity import Activity, Filter
from projections.inventory import Inventory, Query
from projections.usage import Usage, Window

RESOURCES = 10_000
EVENTS = 1_000_000
AIM = 1.3
ROUNDS = 200
ESTATES = 20
BORN = datetime(2025, 1, 1, tzinfo=UTC)
ACCOUNT = "main"
KEY = "key-aaaaaaaaaaaaaaaaaaaaaaaaae"
MANAGER = "system:instance-manager"
TURNS = (
    ("instance.started", {"address": "10.201.0.2", "started_at": BORN}, MANAGER),
    ("instance.tags_changed", {"tags": {"env": "production"}}, KEY),
    ("instance.stop_requested", {}, KEY),
    ("instance.stopped", {"exit_code": 0, "started_at": BORN, "starts_again": False}, MANAGER),
    ("instance.start_requested", {}, KEY),
)
"""What happens to each instance, round and round; nothing ends, so that every moment has the whole estate."""

Read = Callable[[int], Awaitable[object]]


def run() -> None:
    """Fill a store, build the read model, and read."""
    with machine.home() as place, machine.postgres(place) as server:
        with psycopg.connect(server.url()) as connection:
            _fill(connection)
        with psycopg.connect(server.url()) as connection:
            started = time.perf_counter()
            rebuild.build(connection, "read_model_next", EVENTS)
            rebuild.switch(connection, "read_model_next")
            connection.commit()
            seconds = time.perf_counter() - started
        with psycopg.connect(server.url(), autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")
        print(f"\n{RESOURCES:,} resources, {EVENTS:,} events")
        tables.show("rebuild", seconds, "s")
        asyncio.run(_measure(server.url()))


async def _measure(url: str) -> None:
    inventory = Inventory(url)
    await inventory.open()
    try:
        await _compare("a page of 100", ROUNDS, lambda at: _some_page(inventory, at))
        await _compare("the whole estate", ESTATES, lambda at: _estate(inventory, at))
        one = UUID(int=RESOURCES // 2)
        await _compare("one resource", ROUNDS, lambda at: inventory.one(one, ACCOUNT, at))
        await _timelines(Activity(inventory))
        await _windows(inventory)
    finally:
        await inventory.close()


def _query(at: int, limit: int, after: tuple[str, UUID] | None = None) -> Query:
    return Query(at=at, account=ACCOUNT, limit=limit, after=after)


async def _some_page(inventory: Inventory, at: int) -> None:
    """Read a page from anywhere: the first one now would always be in the cache."""
    number = at * 7919 % RESOURCES
    await inventory.page(_query(at, 100, (f"i-{number}", UUID(int=number + 1))))


async def _estate(inventory: Inventory, at: int) -> int:
    count = 0
    after: tuple[str, UUID] | None = None
    while True:
        page = await inventory.page(_query(at, 1000, after))
        count, after = count + len(page.documents), page.next
        if after is None:
            assert count == RESOURCES  # noqa: S101 - a number of nothing would be worth nothing
            return count


async def _compare(name: str, rounds: int, read: Read) -> None:
    """Read now and at a random moment by turns: what disturbs one disturbs the other."""
    chance = Random(1)  # noqa: S311 - a benchmark
    now: list[float] = []
    then: list[float] = []
    for number in range(rounds):
        now.append(await _timed(read, EVENTS + number))
        then.append(await _timed(read, chance.randrange(RESOURCES, EVENTS)))
    first, second = tables.percentile(now, 0.95), tables.percentile(then, 0.95)
    tables.show(f"{name}, now, p95", first * 1000, "ms")
    tables.show(f"{name}, then, p95", second * 1000, "ms")
    tables.show(f"{name}, then against now", second / first, "times", at_most=AIM)


async def _timelines(activity: Activity) -> None:
    chance = Random(2)  # noqa: S311 - a benchmark
    wishes: dict[str, dict[str, Any]] = {
        "newest": {},
        "oldest": {"newest_first": False},
        "of one resource": {"resource": UUID(int=17)},
        "of one key": {"actor": KEY},
        "of one type": {"type": "instance.stopped"},
        "of one kind": {"kind": "instance"},
        "of a type there is none of": {"type": "instance.crashed"},
        "of a kind there is none of": {"kind": "vpc"},
        "of a text": {"text": "i-4242"},
    }
    for name, wish in wishes.items():

        def page(at: int, wish: dict[str, Any] = wish) -> Awaitable[object]:
            return activity.timeline(Filter(account=ACCOUNT, before=at, **wish))

        times = [await _timed(page, chance.randrange(EVENTS // 2, EVENTS)) for _ in range(ESTATES)]
        tables.show(f"a timeline page, {name}, p95", tables.percentile(times, 0.95) * 1000, "ms")


async def _windows(inventory: Inventory) -> None:
    chance = Random(3)  # noqa: S311 - a benchmark
    chain = Activity(inventory)
    width = EVENTS // 100

    async def diff(at: int) -> None:
        await inventory.differing(at - width, at, ACCOUNT)

    async def used(at: int) -> None:
        window = Window(_instant(at - width), _instant(at), at - width, at, ACCOUNT)
        await Usage(inventory).ledger(window, "type")

    async def why(at: int) -> None:
        await chain.chain(UUID(int=17), at)

    for name, read in (
        ("a difference over 10,000 events", diff),
        ("usage over 10,000 events", used),
        ("why", why),
    ):
        times = [await _timed(read, chance.randrange(EVENTS // 2, EVENTS)) for _ in range(ESTATES)]
        tables.show(f"{name}, p95", tables.percentile(times, 0.95) * 1000, "ms")


async def _timed(read: Read, at: int) -> float:
    started = time.perf_counter()
    await read(at)
    return time.perf_counter() - started


def _instant(position: int) -> datetime:
    return BORN + timedelta(seconds=position)


def _fill(connection: psycopg.Connection) -> None:
    with connection.cursor() as cursor, cursor.copy(f"COPY events ({COLUMNS}) FROM STDIN") as copy:
        for row in _log():
            copy.write_row(row)


def _log() -> Iterator[tuple[UUID, int, str, str, str, str, datetime]]:
    chance = Random(4)  # noqa: S311 - a benchmark
    turns = [
        (type_, orjson.dumps({"timestamp": BORN, **payload}).decode(), actor)
        for type_, payload, actor in TURNS
    ]
    order = list(range(RESOURCES))
    position = 0
    for version in range(1, EVENTS // RESOURCES + 1):
        chance.shuffle(order)
        for number in order:
            position += 1
            type_, state, actor = turns[version % len(turns)]
            if version == 1:
                launched = {"timestamp": BORN, **LAUNCHED, "account_id": ACCOUNT, "name": f"i-{number}"}
                type_, state, actor = "instance.launch_requested", orjson.dumps(launched).decode(), KEY
            yield UUID(int=number + 1), version, type_, state, ACCOUNT, actor, _instant(position)


if __name__ == "__main__":
    run()
