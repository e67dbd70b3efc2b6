"""Data loss when a database is destroyed with its files, and the effect of a dead log receiver."""

from contextlib import suppress
from typing import Any

import pytest
from docker.errors import APIError

from tests.journeys.running_cloud import RunningCloud, wait_until
from tests.journeys.test_database import (
    NEVER,
    ask_restore,
    await_window,
    connected,
    create,
    numbers_in,
    url,
    written_to,
)
from tests.samples import TORTURE, sample

ROUNDS = sample(1, 10)
LIMIT_MB, WRITTEN_MB, MOST_MB = 32, 96, 80
"""Sizes: log retained for a receiver, data written without one, limit of log on the server's disk."""
KILL = """
for p in /proc/[0-9]*; do
    grep -qs ^pg_receivewal $p/comm || continue
    parent=$(awk '/^PPid/ { print $2 }' $p/status)
    kill -STOP $parent && kill -KILL ${p#/proc/} && echo $parent
done
"""
"""Kills the receiver, and prevents its restart; prints the process that would restart it."""


def destroy(cloud: RunningCloud, made: dict[str, Any]) -> None:
    """Kill a database, and remove its container and its volume before it is restarted."""
    container = cloud.container(made["id"])
    container.kill("KILL")
    container.remove(force=True, v=True)
    with suppress(APIError):
        cloud.engine.volumes.get(f"{cloud.cloud}-{made['spec']['volume']}").remove(force=True)


def in_archive(cloud: RunningCloud, name: str, command: str, user: str = "postgres") -> str:
    """Run a command in the container of a database's log receiver."""
    archive_id = cloud.show(f"/api/databases/{name}/backups")["id"]
    done = cloud.container(f"{archive_id}.log").exec_run(["bash", "-c", command], user=user)
    assert done.exit_code == 0, done.output
    return done.output.decode().strip()


def as_owner(cloud: RunningCloud, name: str, *statements: str) -> str:
    """Run statements as the account that owns the server."""
    words = " ".join(f'--command="{each}"' for each in statements)
    return in_archive(cloud, name, f"psql -qAtX -v ON_ERROR_STOP=1 --dbname=postgres {words}", "root")


@pytest.mark.parametrize("number", range(ROUNDS))
def test_no_answered_commit_is_lost_when_commits_wait_for_the_archive(
    cloud: RunningCloud, number: int
) -> None:
    """The server and its volume are destroyed during writes."""
    made = create(cloud, "safe", backup={**NEVER, "synchronous": True})
    await_window(cloud, "safe")
    assert as_owner(cloud, "safe", "select application_name, sync_state from pg_stat_replication") == (
        "pg_receivewal|sync"
    )
    with written_to(cloud, "safe") as writer:
        wait_until(lambda: len(writer.rows) > 100 + 10 * number, "it is written to")
        destroy(cloud, made)
    ask_restore(cloud, "safe", "safe-again")
    assert {n for n, _, _ in writer.rows} <= numbers_in(cloud, "safe-again")


@pytest.mark.skipif(not TORTURE, reason="it takes a minute: `make torture` runs it")
def test_a_dead_receiver_neither_fills_the_disk_nor_loses_the_log(cloud: RunningCloud) -> None:
    made = create(cloud, "ledger", **{"class": "small", "parameters": {"max_wal_size": str(LIMIT_MB)}})
    await_window(cloud, "ledger")
    limits = {"max_slot_wal_keep_size": LIMIT_MB, "wal_keep_size": 16, "min_wal_size": LIMIT_MB}
    changes = [f"alter system set {name} = '{mb}MB'" for name, mb in limits.items()]
    as_owner(cloud, "ledger", *changes, "select pg_reload_conf()")
    restarter = in_archive(cloud, "ledger", KILL)
    with connected(url(cloud, "ledger")) as cursor:
        cursor.execute("create table written (n int, filler text)")
        # A megabyte of the log each, at no cost: nothing is compressed.
        cursor.execute("alter table written alter filler set storage external")
        for number in range(WRITTEN_MB):
            cursor.execute("insert into written values (%s, repeat('x', 1 << 20))", (number,))

    def held_mb() -> int:
        return int(
            as_owner(cloud, "ledger", "checkpoint", "select sum(size)::bigint >> 20 from pg_ls_waldir()")
        )

    wait_until(lambda: held_mb() <= MOST_MB, f"at most {MOST_MB} MB of the log are held", 60)
    slot = "select wal_status from pg_replication_slots"
    wait_until(lambda: as_owner(cloud, "ledger", slot) == "lost", "the slot is dropped", 60)
    in_archive(cloud, "ledger", f"kill -CONT {restarter}")
    wait_until(lambda: as_owner(cloud, "ledger", slot) not in {"lost", ""}, "it is received again", 60)
    with connected(url(cloud, "ledger")) as cursor:
        cursor.execute("insert into written values (%s)", (WRITTEN_MB,))
        answered = cursor.execute("select clock_timestamp()").fetchone()[0]
    await_window(cloud, "ledger", answered)
    found = cloud.show("/api/databases/ledger/restorable")
    assert (len(found["ranges"]), found["gaps"]) == (1, [])
    destroy(cloud, made)
    ask_restore(cloud, "ledger", "ledger-again", to=answered.isoformat())
    assert numbers_in(cloud, "ledger-again") == set(range(WRITTEN_MB + 1))
