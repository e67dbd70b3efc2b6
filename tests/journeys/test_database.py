"""Databases on real engines: writes, backups, restores to any moment, and crashes."""

import random
import threading
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote, urlsplit

import psycopg
import pymysql
import pytest
from docker.errors import APIError

from tests.conftest import build_images
from tests.journeys.running_cloud import RunningCloud, wait_until
from tests.samples import sample

MOMENTS = sample(5, 50)
"""Number of random moments per engine, in addition to chosen ones."""
AT_ONCE = 9
NEVER = {"drill_schedule": None}
SECOND = timedelta(seconds=1)


@contextmanager
def connected(url: str) -> Generator[Any]:
    """Connect with only the URL, and yield a cursor."""
    found = urlsplit(url)
    if found.scheme == "postgresql":
        # A server that is killed with its address says nothing any more: only time tells.
        with (
            psycopg.connect(url, autocommit=True, connect_timeout=5, tcp_user_timeout=3000) as connection,
            connection.cursor() as cursor,
        ):
            yield cursor
        return
    with (
        closing(
            pymysql.connect(
                host=found.hostname,
                port=found.port or 0,
                user=found.username,
                password=unquote(found.password or ""),
                database=found.path[1:],
                autocommit=True,
                connect_timeout=5,
                read_timeout=5,
            )
        ) as connection,
        connection.cursor() as cursor,
    ):
        yield cursor


class Writer(threading.Thread):
    """Commits numbered rows continuously, and records when each was requested and acknowledged."""

    def __init__(self, where: Callable[[], str], before: "Writer | None" = None) -> None:
        """``before``: the rows of an earlier one are counted as its own."""
        super().__init__(daemon=True)
        self.rows: list[tuple[int, datetime, datetime]] = [] if before is None else before.rows
        self._where = where
        self._ends = threading.Event()
        # The earlier one may have written one more row, without an answer.
        self._number = self.rows[-1][0] + 1 if self.rows else 0

    def run(self) -> None:
        while not self._ends.is_set():
            # Lost connections do not end it, and a row that was not acknowledged proves nothing. A restarted server may
            # have another address.
            with (
                suppress(psycopg.Error, pymysql.MySQLError, OSError, AssertionError),
                connected(self._where()) as cursor,
            ):
                cursor.execute("create table if not exists written (n int)")
                while not self._ends.is_set():
                    self._write(cursor)
            self._ends.wait(0.1)

    def _write(self, cursor: Any) -> None:
        self._number += 1
        asked = datetime.now(UTC)
        cursor.execute("insert into written values (%s)", (self._number,))
        self.rows.append((self._number, asked, datetime.now(UTC)))
        self._ends.wait(0.01)

    def end(self) -> None:
        self._ends.set()
        self.join(30)


@contextmanager
def written_to(cloud: RunningCloud, name: str) -> Generator[Writer]:
    """Write to a database in the background."""
    with writing(Writer(lambda: url(cloud, name))) as writer:
        yield writer


@contextmanager
def writing(writer: Writer) -> Generator[Writer]:
    """Write in the background."""
    writer.start()
    try:
        yield writer
    finally:
        writer.end()


def url(cloud: RunningCloud, name: str) -> str:
    return cloud.show(f"/api/databases/{name}/connection")["url"]


def create(cloud: RunningCloud, name: str, **more: Any) -> dict[str, Any]:
    build_images("mariadb" if more.get("engine") == "mysql" else "postgres")
    found = cloud.post("/api/databases", {"name": name, "class": "micro", "backup": NEVER, **more})
    await_status(cloud, name, "available")
    return found


def await_status(cloud: RunningCloud, name: str, status: str) -> None:
    path = f"/api/databases/{name}"
    wait_until(lambda: cloud.show(path)["status"] == status, f"{name} is {status}", 180)


def restorable(cloud: RunningCloud, name: str) -> dict[str, Any]:
    return cloud.show(f"/api/databases/{name}/restorable")


def await_window(cloud: RunningCloud, name: str, until: datetime | None = None) -> tuple[datetime, datetime]:
    """Wait until a database can be restored to a moment, or at all."""

    def is_there() -> bool:
        to = restorable(cloud, name)["to"]
        return to is not None and (until is None or datetime.fromisoformat(to) >= until)

    wait_until(is_there, f"{name} can be restored", 120)
    found = restorable(cloud, name)
    return datetime.fromisoformat(found["from"]), datetime.fromisoformat(found["to"])


def ask_restore(cloud: RunningCloud, source: str, name: str, **body: Any) -> None:
    answer = cloud.http.post(f"/api/databases/{source}/restore", json={"name": name, **body})
    assert answer.status_code == 202, answer.text


def numbers_in(cloud: RunningCloud, name: str) -> set[int]:
    """Return the rows; none, at a moment before the table existed."""
    await_status(cloud, name, "available")
    with connected(url(cloud, name)) as cursor:
        cursor.execute("select count(*) from information_schema.tables where table_name = 'written'")
        if cursor.fetchone() == (0,):
            return set()
        cursor.execute("select n from written")
        return {row[0] for row in cursor.fetchall()}


def check(writer: Writer, there: set[int], to: datetime) -> None:
    """Every row acknowledged before a moment is there, and none that was requested after it."""
    assert {n for n, _, answered in writer.rows if answered < to} <= there
    assert not {n for n, asked, _ in writer.rows if asked > to} & there


def restore_and_check(
    cloud: RunningCloud, made: dict[str, Any], writer: Writer, moments: dict[int, datetime]
) -> None:
    """Restore all of these moments in parallel; then delete the restored databases."""
    for number, to in moments.items():
        ask_restore(cloud, "orders", f"orders-{number}", to=to.isoformat())
    for number, to in moments.items():
        check(writer, numbers_in(cloud, f"orders-{number}"), to)
        found = cloud.show(f"/api/databases/orders-{number}")
        assert found["spec"]["restored_from"] == {"id": made["id"], "name": "orders"}
        assert url(cloud, f"orders-{number}") != url(cloud, "orders")
        cloud.http.delete(f"/api/databases/orders-{number}?keep_backups=false").raise_for_status()


@pytest.mark.parametrize("kind", ["postgres", "mysql"])
def test_a_database_is_restored_to_any_moment(cloud: RunningCloud, kind: str) -> None:
    """Under load, across a base backup, a kill -9 of the server and a restart; all moments in parallel."""
    made = create(cloud, "orders", engine=kind)
    with written_to(cloud, "orders") as writer:
        begins, _ = await_window(cloud, "orders")
        # The window grows from the beginning, also before the first file of the log is full.
        await_window(cloud, "orders", begins + 2 * SECOND)
        cloud.http.post("/api/databases/orders/backups").raise_for_status()
        during = datetime.now(UTC)
        cloud.container(made["id"]).kill("KILL")
        killed = datetime.now(UTC)
        wait_until(lambda: writer.rows[-1][1] > killed + SECOND, "it continues after a kill", 120)
        moments = [begins, during, killed, datetime.now(UTC)]
    moments += [begins + random.random() * (moments[3] - begins) for _ in range(MOMENTS)]  # noqa: S311 - no secret
    if kind == "mysql":  # whole seconds, rounded down, but not to before the first one that there is
        moments = [max(each, begins).replace(microsecond=0) for each in moments]
    for first in range(0, len(moments), AT_ONCE):
        restore_and_check(cloud, made, writer, dict(list(enumerate(moments))[first : first + AT_ONCE]))


def test_what_is_lost_is_restored_and_what_is_damaged_is_found(cloud: RunningCloud) -> None:
    """Parameters, a new password, a changed byte in the archive, and the loss of the server with its files."""
    made = create(cloud, "ledger")
    first_url = url(cloud, "ledger")
    await_window(cloud, "ledger")
    archive = f"/api/archives/{cloud.show('/api/databases/ledger/backups')['id']}"
    cloud.http.patch(
        "/api/databases/ledger", json={"parameters": {"work_mem": "8192", "max_connections": "50"}}
    )
    wait_until(
        lambda: cloud.show("/api/databases/ledger")["observed"]["pending_restart"] == ["max_connections"],
        "one parameter waits for a restart",
    )
    await_status(cloud, "ledger", "available")
    cloud.post("/api/databases/ledger/rotate-credentials")
    await_status(cloud, "ledger", "available")
    with pytest.raises(psycopg.OperationalError, match="password"), connected(first_url):
        pass
    with connected(url(cloud, "ledger")) as cursor:
        assert cursor.execute("show work_mem").fetchone() == ("8MB",)
    with written_to(cloud, "ledger") as writer:
        wait_until(lambda: len(writer.rows) > 200, "it is written to")
        container = cloud.container(made["id"])
        killed = datetime.now(UTC)
        container.kill("KILL")
        container.remove(force=True, v=True)
    volume = cloud.engine.volumes.get(f"{cloud.cloud}-{made['spec']['volume']}")
    with suppress(APIError):
        volume.remove(force=True)
    ask_restore(cloud, "ledger", "ledger-again")
    # The log is streamed, not waited for: what was committed in the last moment may not have been sent yet.
    kept = {n for n, _, answered in writer.rows if answered < killed - SECOND}
    assert set() < kept <= numbers_in(cloud, "ledger-again")
    told = "".join(repr(container.attrs) for container in cloud.containers().values())
    told += cloud.http.get("/api/timeline?limit=1000").text + cloud.show(archive)["status"]
    told += "".join(log.read_text(encoding="utf-8") for log in cloud.home.glob("*.log"))
    for each in (first_url, url(cloud, "ledger-again")):
        assert unquote(urlsplit(each).password or "?") not in told


def test_a_database_keeps_its_rows_when_it_is_stopped_and_given_another_class(cloud: RunningCloud) -> None:
    made = create(cloud, "orders", parameters={"max_connections": "50"})
    assert cloud.show("/api/databases/orders")["observed"]["pending_restart"] == []
    before = url(cloud, "orders")
    with connected(before) as cursor:
        assert cursor.execute("show max_connections").fetchone() == ("50",)
        cursor.execute("create table kept as select generate_series(1, 1000) n")
    cloud.post("/api/databases/orders/stop")
    await_status(cloud, "orders", "stopped")
    assert cloud.container(made["id"]).status == "exited"
    refused = cloud.http.get("/api/databases/orders/connection")
    assert (refused.status_code, refused.json()["code"]) == (409, "server_stopped")
    cloud.http.patch(
        "/api/databases/orders", json={"class": "small", "parameters": {"max_connections": "60"}}
    ).raise_for_status()
    cloud.post("/api/databases/orders/start")
    await_status(cloud, "orders", "available")
    container = cloud.container(made["id"])
    assert container.attrs["HostConfig"]["Memory"] == 512 << 20
    # The address may be another one; user, password and database are not.
    assert urlsplit(url(cloud, "orders")).username == urlsplit(before).username
    assert urlsplit(url(cloud, "orders")).password == urlsplit(before).password
    assert cloud.show("/api/databases/orders")["observed"]["pending_restart"] == []
    with connected(url(cloud, "orders")) as cursor:
        assert cursor.execute("show shared_buffers").fetchone() == ("128MB",)
        assert cursor.execute("show max_connections").fetchone() == ("60",)
        assert cursor.execute("select count(*) from kept").fetchone() == (1000,)
    cloud.http.patch("/api/databases/orders", json={"class": "micro"}).raise_for_status()
    wait_until(
        lambda: cloud.container(made["id"]).attrs["HostConfig"]["Memory"] == 256 << 20, "it is given less"
    )
    # Its cache and shared memory follow its memory, but only the next start changes them; until then it says so.
    await_status(cloud, "orders", "available")
    assert cloud.show("/api/databases/orders")["observed"]["pending_restart"] == ["shared_buffers", "shm_mb"]
    figure = f'miniaws_database_size_bytes{{account="main",database="{made["id"]}",name="orders"}}'
    wait_until(lambda: figure in cloud.http.get("/metrics").text, "Prometheus shows it")


def test_a_flipped_byte_in_a_backup_is_found(cloud: RunningCloud) -> None:
    create(cloud, "books")
    await_window(cloud, "books")
    found = cloud.show("/api/databases/books/backups")
    flip = "f=/archive/base/b1/base.tar.zst; printf X | dd of=$f bs=1 seek=70000 conv=notrunc"
    assert cloud.container(f"{found['id']}.log").exec_run(["bash", "-c", flip]).exit_code == 0
    cloud.http.patch("/api/databases/books/backups", json={"drill_schedule": "0 5 * * 0"}).raise_for_status()
    archive = f"/api/archives/{found['id']}"
    wait_until(lambda: cloud.show(archive)["status"] == "error", "the damage is found", 120)
    assert cloud.show(archive)["observed"]["backups"][0]["status"] == "error"
    answer = cloud.http.post("/api/databases/books/restore", json={"name": "no", "backup": "b1"})
    assert (answer.status_code, answer.json()["code"]) == (409, "not_restorable")
    cloud.http.post("/api/databases/books/backups").raise_for_status()
    wait_until(
        lambda: cloud.show(archive)["observed"]["backups"][-1]["verified_at"] is not None,
        "the next one is sound",
        120,
    )
