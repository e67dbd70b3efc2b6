"""Events a second when the log is folded again, and when the read model is rebuilt."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from statistics import median
from uuid import UUID

import orjson
import psycopg

from benchmarks import machine, tables
from projections import rebuild
from projections.document import Document, fold

ROUNDS = 3
EVENTS = 200_000
AIM = 100_000
BORN = datetime(2025, 1, 1, tzinfo=UTC)
VPC = "vpc-aaaaaaaaaaaaaaaaaaaaaaaaa4"
LAUNCHED = {
    "account_id": "acc",
    "name": "web-1",
    "image": "miniaws/hello:local",
    "type": "micro",
    "vpc_id": VPC,
    "vpc_name": "default",
    "restart": "always",
    "command": ["/hello"],
    "environment_names": ["APP_ENV"],
    "environment_id": None,
    "ports": [{"port": 8080, "publish": None}],
    "volumes": [],
    "tags": {"env": "test"},
    "user_data_id": None,
    "class_version": 2,
}
LIFE = (
    ("instance.launch_requested", LAUNCHED),
    ("instance.started", {"address": "10.201.0.2", "started_at": BORN}),
    ("instance.stop_requested", {}),
    ("instance.stopped", {"exit_code": 0, "started_at": BORN, "starts_again": False}),
    ("instance.start_requested", {}),
    ("instance.started", {"address": "10.201.0.2", "started_at": BORN}),
    ("instance.tags_changed", {"tags": {"env": "production"}}),
    ("instance.failed", {"reason": "the image is gone"}),
    ("instance.terminate_requested", {}),
    ("instance.terminated", {}),
)
"""What happens to each instance; the lives of many are mixed in the log."""
AT_ONCE = 500
COLUMNS = "originator_id, originator_version, topic, state, account_id, actor, recorded_at"


def run() -> None:
    """Measure both over the same log."""
    with (
        machine.home() as place,
        machine.postgres(place) as server,
        psycopg.connect(server.url()) as connection,
    ):
        _fill(connection)
        folded = [_timed(connection, _fold) for _ in range(ROUNDS)]
        built = [_timed(connection, _build) for _ in range(ROUNDS)]
    print(f"\nreplay of {EVENTS:,} events")
    for name, rates in (("read and fold", folded), ("rebuild: read, fold, COPY", built)):
        tables.show(name, median(wall for wall, _ in rates), "events/s", at_least=AIM)
        # What others do on the machine does not count in this one; nor does Postgres, which has another core.
        tables.show("  by the time our process had", median(own for _, own in rates), "events/s")


def _timed(connection: psycopg.Connection, what: Callable[[psycopg.Connection], int]) -> tuple[float, float]:
    """Return events a second, and a second of processor time of ours."""
    started, used = time.perf_counter(), time.process_time()
    count = what(connection)
    wall, own = time.perf_counter() - started, time.process_time() - used
    connection.rollback()
    return count / wall, count / own


def _fold(connection: psycopg.Connection) -> int:
    latest: dict[UUID, Document] = {}
    count = 0
    for event in rebuild.read(connection, EVENTS):
        latest[event.resource_id] = fold(latest.get(event.resource_id), event)
        count += 1
    return count


def _build(connection: psycopg.Connection) -> int:
    return rebuild.build(connection, "read_model_bench", EVENTS)


def _fill(connection: psycopg.Connection) -> None:
    with connection.cursor() as cursor, cursor.copy(f"COPY events ({COLUMNS}) FROM STDIN") as copy:
        for row in _log():
            copy.write_row(row)
    connection.execute("ANALYZE events")
    connection.commit()


def _log() -> Iterator[tuple[UUID, int, str, str, str, str, datetime]]:
    states = [orjson.dumps({"timestamp": BORN, **payload}).decode() for _, payload in LIFE]
    second = 0
    for first in range(0, EVENTS // len(LIFE), AT_ONCE):
        for number, ((type_, _), state) in enumerate(zip(LIFE, states, strict=True), 1):
            for resource in range(first, first + AT_ONCE):
                second += 1
                yield (
                    UUID(int=resource + 1),
                    number,
                    type_,
                    state,
                    "acc",
                    "key-1" if "requested" in type_ else "system:instance",
                    BORN + timedelta(seconds=second),
                )


if __name__ == "__main__":
    run()
