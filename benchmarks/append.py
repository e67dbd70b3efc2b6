"""Appends a second: our store against a bare INSERT of the same row, and against pgbench."""

import asyncio
import subprocess
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import UUID, uuid4

import orjson
import psycopg
from psycopg.conninfo import conninfo_to_dict

from adapters import postgres_binaries
from adapters.event_store import PostgresEventStore
from adapters.vault import Vault
from benchmarks import machine, tables
from domain.aggregate import Conditions
from domain.store import Append, Cause
from domain.volume import Volume

ROUNDS = 5
SLICE_S = 1.2
CAUSE = Cause("key-1", "acc", "127.0.0.1", "req-1", "trace-1")
STATE = {
    "timestamp": "2025-01-01T00:00:00+00:00",
    "account_id": "acc",
    "name": "v",
    "size_gb": 10,
    "tags": {},
}
INSERT = (
    "INSERT INTO bare (originator_id, originator_version, topic, state, account_id, actor, source_ip, request_id,"
    " correlation_id, recorded_at) VALUES (%s, 1, 'volume.create_requested', %s, 'acc', 'key-1', '127.0.0.1',"
    " 'req-1', 'trace-1', now())"
)


def run() -> None:
    """Measure with 1 and with 16 writers."""
    with machine.home() as place, machine.postgres(place) as server:
        url = server.url()
        with psycopg.connect(url) as connection:
            connection.execute("CREATE TABLE bare (LIKE events INCLUDING ALL)")
        script = place / "insert.sql"
        script.write_text(_for_pgbench())
        for writers, of_bare in ((1, 0.45), (16, 0.5)):
            _compare(url, script, writers, of_bare)


def _compare(url: str, script: Path, writers: int, of_bare: float) -> None:
    bare, pgbench = "psycopg INSERT + commit, a thread each", "pgbench, the same INSERT"
    ours, claiming = "miniaws append", "miniaws append that claims its name"
    rates: dict[str, list[float]] = {bare: [], ours: [], pgbench: [], claiming: []}
    for _ in range(ROUNDS):
        rates[bare].append(_bare(url, writers))
        rates[ours].append(asyncio.run(_ours(url, writers, claims=False)))
        rates[pgbench].append(_pgbench(url, script, writers))
        rates[claiming].append(asyncio.run(_ours(url, writers, claims=True)))
    tables.compare(f"append, {writers} at once", "/s", rates, ours, [tables.Aim(bare, of_bare)])


async def _ours(url: str, writers: int, *, claims: bool) -> float:
    store = PostgresEventStore(url, Vault(bytes(32)))
    prepared = [_append(number, claims=claims) for number in range(200 + 8000 * min(writers, 2))]
    waiting = iter(prepared)
    for _ in range(20):
        await store.append(next(waiting))
    ends = time.perf_counter() + SLICE_S

    async def write() -> int:
        count = 0
        while time.perf_counter() < ends:
            await store.append(next(waiting))
            count += 1
        return count

    started = time.perf_counter()
    counts = await asyncio.gather(*(write() for _ in range(writers)))
    seconds = time.perf_counter() - started
    await store.close()
    return sum(counts) / seconds


def _append(number: int, *, claims: bool) -> Append:
    volume = Volume.create("acc", f"v-{number}-{uuid4().hex[:12]}", 10, {})
    conditions: list[Conditions] = [volume.take_conditions()]
    return Append(volume.collect_events(), CAUSE, conditions if claims else ())


def _bare(url: str, writers: int) -> float:
    ready = threading.Barrier(writers)
    state = orjson.dumps(STATE).decode()

    def write(ids: Sequence[UUID]) -> tuple[int, float]:
        with psycopg.connect(url, autocommit=True) as connection:
            for id_ in ids[:10]:
                connection.execute(INSERT, (id_, state))
            ready.wait()
            started = time.perf_counter()
            count = 0
            for id_ in ids[10:]:
                connection.execute(INSERT, (id_, state))
                count += 1
                if time.perf_counter() - started > SLICE_S:
                    break
            return count, time.perf_counter() - started

    ids = [[uuid4() for _ in range(8000)] for _ in range(writers)]
    with ThreadPoolExecutor(writers) as threads:
        ended = list(threads.map(write, ids))
    return sum(count / seconds for count, seconds in ended)


def _for_pgbench() -> str:
    # A colon before a letter would be a variable of pgbench; in JSON a space may stand there.
    state = orjson.dumps(STATE).decode().replace(":", ": ")
    return INSERT % ("gen_random_uuid()", f"'{state}'") + ";\n"


def _pgbench(url: str, script: Path, writers: int) -> float:
    parts = conninfo_to_dict(url)
    program = postgres_binaries.find(None, None) / "pgbench"
    command = [program, "-n", "-M", "prepared", "-f", script, "-c", str(writers), "-T", "1"]
    where = {f"PG{name.upper()}": str(parts[name]) for name in ("host", "port", "user", "password")}
    done = subprocess.run(
        [*command, str(parts["dbname"])], env=where, capture_output=True, text=True, check=True
    )
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("tps")]
    return float(line.split()[2])


if __name__ == "__main__":
    run()
