"""Real archives over time: retention, and an upgrade of the scripts without loss of log."""

from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.journeys.odd_part import OddCloud, odd_cloud
from tests.journeys.running_cloud import RunningCloud, kill, wait_until
from tests.journeys.test_database import (
    NEVER,
    ask_restore,
    await_status,
    await_window,
    connected,
    create,
    numbers_in,
    restorable,
    url,
    written_to,
)
from tests.journeys.test_database_loss import as_owner, in_archive
from tests.samples import TORTURE

pytestmark = pytest.mark.skipif(not TORTURE, reason="it takes minutes: `make torture` runs it")
DAYS = 7
SELDOM = {**NEVER, "schedule": "0 3 1 1 *", "retention_days": DAYS}
HELD = "ls /archive/base; ls /archive/wal /archive/second /archive/log 2>/dev/null | grep -E '^([0-9A-F]{24}|binlog)'"
"""Base backups, and files of the log."""
NEXT_FILE = "mariadb --defaults-extra-file=/miniaws/my.cnf --execute='flush binary logs'"


@pytest.fixture
def cloud(tmp_path: Path, database_url: str, cloud_name: str, engine: str) -> Generator[OddCloud]:
    with odd_cloud(tmp_path, database_url, cloud_name, engine) as found:
        yield found


def back_up(cloud: RunningCloud, name: str, kind: str) -> dict[str, str]:
    """Take another backup, with the log in another file, and return it."""
    if kind == "mysql":
        in_archive(cloud, name, NEXT_FILE, "root")
    backups = f"/api/databases/{name}/backups"
    cloud.http.post(backups).raise_for_status()
    wait_until(lambda: cloud.show(backups)["observed"]["backups"][-1]["status"] == "available", "it is made")
    return cloud.show(backups)["observed"]["backups"][-1]


def policy(cloud: RunningCloud, **changes: int) -> None:
    cloud.http.patch("/api/databases/orders/backups", json=changes).raise_for_status()


def held(cloud: RunningCloud) -> tuple[set[str], list[str]]:
    """Return the base backups and the files of the log in the volume, oldest first."""
    found = in_archive(cloud, "orders", HELD, "root").split()
    return {name for name in found if name.startswith("b") and "." not in name}, sorted(
        name[8:24] if "binlog" not in name else name for name in found if len(name) > 9
    )


def await_kept(cloud: RunningCloud, only: dict[str, str], oldest: str) -> None:
    """Wait until only one backup is left, without the oldest log, and the window shows it."""
    wait_until(lambda: held(cloud)[0] == {only["id"]}, "the others have left the volume")
    wait_until(lambda: held(cloud)[1][0] > oldest, "so has the log before it")
    begins = datetime.fromisoformat(only["ended_at"])
    assert datetime.fromisoformat(restorable(cloud, "orders")["from"]) == begins
    too_early = (begins - timedelta(seconds=2)).isoformat()
    answer = cloud.http.post("/api/databases/orders/restore", json={"name": "no", "to": too_early})
    assert (answer.status_code, answer.json()["code"]) == (409, "not_restorable")
    assert [datetime.fromisoformat(each) for each in answer.json()["nearest"]] == [begins]


@pytest.mark.parametrize("kind", ["postgres", "mysql"])
def test_what_is_too_old_leaves_the_archive_and_the_archive_goes_last(cloud: OddCloud, kind: str) -> None:
    """By count, then by days; the remaining backups outlive the database until their retention ends."""
    made = create(cloud, "orders", engine=kind, backup=SELDOM)
    await_window(cloud, "orders")
    with written_to(cloud, "orders") as writer:
        second = back_up(cloud, "orders", kind)
        bases, log = held(cloud)
        assert bases == {"b1", "b2"}
        policy(cloud, retention_count=1)
        await_kept(cloud, second, log[0])
        policy(cloud, retention_count=0)
        third = back_up(cloud, "orders", kind)
        bases, log = held(cloud)
        assert bases == {"b2", "b3"}
        cloud.move_clock(timedelta(days=DAYS, hours=1))
        await_kept(cloud, third, log[0])
        wait_until(lambda: len(writer.rows) > 200, "it is written to")
    answered = datetime.now(UTC)
    await_window(cloud, "orders", answered)
    outlives(cloud, made["id"], {n for n, _, _ in writer.rows})


def outlives(cloud: OddCloud, database_id: str, written: set[int]) -> None:
    """Delete the database; it can be restored from its archive until the retention ends."""
    archive = cloud.show("/api/databases/orders/backups")["id"]
    shown, volume = f"/api/archives/{archive}", ("volume", archive)
    cloud.http.delete("/api/databases/orders").raise_for_status()
    wait_until(lambda: cloud.show(shown)["observed"]["expires_at"] is not None, "the archive is kept")
    wait_until(lambda: {kind for kind, _ in cloud.things()} == {"network", "volume"}, "nothing runs")
    ask_restore(cloud, database_id, "again")
    assert written <= numbers_in(cloud, "again")
    cloud.http.delete("/api/databases/again?keep_backups=false").raise_for_status()
    wait_until(lambda: cloud.things()[-1:] == [volume], "it is the last one")
    look_again(cloud, timedelta(days=2 * DAYS))
    assert volume in cloud.things()
    look_again(cloud, timedelta(days=2 * DAYS, hours=2))
    wait_until(lambda: cloud.show(shown)["status"] == "deleted", "its time is up")
    wait_until(lambda: {kind for kind, _ in cloud.things()} == {"network"}, "nothing is left of it")
    assert cloud.types(archive).count("backup_dropped") == 2


def look_again(cloud: OddCloud, ahead: timedelta) -> None:
    """Move the clock, and reconcile everything, because timers do not notice a clock that jumps."""
    cloud.move_clock(ahead)
    kill(cloud.controllers.pop())
    passes = cloud.passes()
    cloud.start_controller()
    wait_until(lambda: cloud.passes() > passes + 10, "it is looked at")


@pytest.mark.parametrize("kind", ["postgres", "mysql"])
def test_a_gap_in_the_log_is_told_and_ends_with_another_backup(cloud: OddCloud, kind: str) -> None:
    create(cloud, "orders", engine=kind, backup=SELDOM)
    await_window(cloud, "orders")
    for _ in range(2):
        if kind == "mysql":
            in_archive(cloud, "orders", NEXT_FILE, "root")
        else:
            as_owner(
                cloud, "orders", "select pg_logical_emit_message(true, '', '')", "select pg_switch_wal()"
            )
        await_window(cloud, "orders", datetime.now(UTC))
    in_archive(cloud, "orders", f"rm /archive/*/*{held(cloud)[1][-2]}*", "root")
    found = cloud.show("/api/databases/orders/backups")["id"]
    wait_until(lambda: "backup_missed" in cloud.types(found), "the gap is reported", 120)
    await_window(cloud, "orders", datetime.now(UTC))
    shown = cloud.show(f"/api/archives/{found}")
    assert [each["why"] for each in shown["observed"]["backups"]] == ["first", "again"]
    wait_until(
        lambda: cloud.show(f"/api/archives/{found}")["status"] == "available", "the archive has recovered"
    )
    window = restorable(cloud, "orders")
    assert (len(window["ranges"]), len(window["gaps"])) == (2, 1)
    assert "is missing" in window["gaps"][0]["why"]
    cloud.empty()


@pytest.mark.parametrize("kind", ["postgres", "mysql"])
def test_another_version_follows_the_log_by_its_own_scripts_and_loses_nothing(
    tmp_path: Path, database_url: str, cloud_name: str, engine: str, kind: str
) -> None:
    with odd_cloud(tmp_path, database_url, cloud_name, engine, older=True) as cloud:
        made = create(cloud, "orders", engine=kind)
        await_window(cloud, "orders")
        part = f"{cloud.show('/api/databases/orders/backups')['id']}.log"
        older, server = cloud.container(part).id, cloud.container(made["id"]).id
        assert in_archive(cloud, "orders", "tail -1 /miniaws/log.sh", "root") == "# older"
        with written_to(cloud, "orders") as writer:
            wait_until(lambda: len(writer.rows) > 200, "it is written to")
            kill(cloud.controllers.pop())
            cloud.be_older(older=False)
            cloud.start_controller()
            wait_until(lambda: part in cloud.containers() and cloud.container(part).id != older, "it is new")
            newer, known = cloud.container(part).id, len(writer.rows)
            wait_until(lambda: len(writer.rows) > known + 200, "it is written to")
        await_window(cloud, "orders", datetime.now(UTC))
        assert (cloud.container(part).id, cloud.container(made["id"]).id) == (newer, server)
        assert in_archive(cloud, "orders", "tail -1 /miniaws/log.sh", "root") != "# older"
        found = restorable(cloud, "orders")
        assert (len(found["ranges"]), found["gaps"]) == (1, [])
        await_status(cloud, "orders", "available")
        with connected(url(cloud, "orders")) as cursor:
            cursor.execute("select count(*) from written")
            written = cursor.fetchone()[0]
        ask_restore(cloud, "orders", "again")
        there = numbers_in(cloud, "again")
        assert {n for n, _, _ in writer.rows} <= there
        assert len(there) == written
        cloud.empty()
