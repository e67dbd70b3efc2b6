"""The files of databases: consistent copies under load, and little loss when they are destroyed."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.journeys.running_cloud import RunningCloud, wait_until
from tests.journeys.test_database import ask_restore, await_window, create, numbers_in, written_to
from tests.journeys.test_database_loss import destroy, in_archive
from tests.journeys.test_snapshots import settled
from tests.samples import TORTURE, sample

ROUNDS = sample(1, 10)
BOUND = timedelta(seconds=5)
"""What MariaDB may lose, because its log is sent after a commit is acknowledged."""
BENCH = "pgbench --host=$PGHOST --username=$PGUSER postgres"
CHECK = """
    echo 'local all all trust' >/tmp/hba
    pg_ctl --pgdata=/data/pgdata --wait --silent --log=/tmp/log --options="-c hba_file=/tmp/hba -c listen_addresses= \
        -c unix_socket_directories=/tmp -c archive_mode=off -c wal_level=replica" start || { cat /tmp/log; exit 1; }
    export PGHOST=/tmp PGUSER=miniaws
    pg_amcheck --all --install-missing --heapallindexed || exit 1
    psql -qAtX postgres -c 'select (select sum(abalance) from pgbench_accounts) = (select sum(bbalance) from
        pgbench_branches), (select sum(delta) from pgbench_history) = (select sum(tbalance) from pgbench_tellers),
        (select count(*) from pgbench_history) > 0'
"""
"""Starts a server on copied files, checks every table and index, and sums the money."""


def test_a_snapshot_of_a_database_under_load_is_sound(cloud: RunningCloud) -> None:
    made = create(cloud, "bank", **{"class": "small"})
    await_window(cloud, "bank")
    in_archive(cloud, "bank", f"{BENCH} --initialize --scale=2 --quiet", "root")
    for number in range(ROUNDS):
        archive_id = cloud.show("/api/databases/bank/backups")["id"]
        beside = cloud.container(f"{archive_id}.log")
        known = counted(cloud)
        # Without a vacuum first, as that would empty the history, and the tellers' money would be unaccounted for.
        beside.exec_run(["bash", "-c", f"{BENCH} --no-vacuum --client=4 --time=60"], detach=True)
        wait_until(lambda known=known: counted(cloud) > known + 100, "it is under load")
        cloud.http.post("/api/snapshots", json={"name": f"s-{number}", "volume": made["spec"]["volume"]})
        settled(cloud, f"/api/snapshots/s-{number}")
        in_archive(cloud, "bank", "kill $(grep -lax pgbench /proc/[0-9]*/comm | cut -d/ -f3)", "root")
        cloud.post(f"/api/snapshots/s-{number}/restore", {"name": f"v-{number}"})
        volume = settled(cloud, f"/api/volumes/v-{number}")
        assert checked(cloud, volume["id"]) == "t|t|t"


def counted(cloud: RunningCloud) -> int:
    count = "psql -qAtX postgres --command='select count(*) from pgbench_history'"
    return int(in_archive(cloud, "bank", count, "root"))


def checked(cloud: RunningCloud, volume_id: str) -> str:
    """Return the output of a server on the files of a volume, after it has checked them."""
    said: bytes = cloud.engine.containers.run(
        "miniaws/postgres:local",
        ["-c", CHECK],
        entrypoint="bash",
        user="postgres",
        network_mode="none",
        remove=True,
        # Otherwise the engine would create a volume for the path that the image declares, and keep it.
        tmpfs={"/var/lib/postgresql/data": ""},
        volumes={f"{cloud.cloud}-{volume_id}": {"bind": "/data", "mode": "rw"}},
    )
    return said.decode().strip().splitlines()[-1]


@pytest.mark.skipif(not TORTURE, reason="it takes a minute: `make torture` runs it")
@pytest.mark.parametrize("number", range(ROUNDS))
def test_mariadb_loses_no_more_than_the_last_moments(cloud: RunningCloud, number: int) -> None:
    """The server and its volume are destroyed while it is written to."""
    made = create(cloud, "shop", engine="mysql")
    await_window(cloud, "shop")
    with written_to(cloud, "shop") as writer:
        wait_until(lambda: len(writer.rows) > 100 + 10 * number, "it is written to")
        first = writer.rows[0][2]
        wait_until(lambda: writer.rows[-1][2] > first + 2 * BOUND, "more is written than may be lost")
        destroy(cloud, made)
        destroyed = datetime.now(UTC)
    ask_restore(cloud, "shop", "shop-again")
    kept = {n for n, _, answered in writer.rows if answered < destroyed - BOUND}
    assert set() < kept <= numbers_in(cloud, "shop-again")
