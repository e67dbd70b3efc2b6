"""A database: how long a backup and a restore take beside the same by hand, and what keeping its log costs a commit."""

import os
import secrets
import subprocess
import time
from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime
from statistics import median
from typing import Any

import psycopg

from adapters.docker import engine_sweep
from benchmarks import machine, servers, tables
from benchmarks.launch import ask
from domain.status import USABLE
from miniaws.settings import Settings

ROUNDS = 3
DATA_MIB, LOG_MIB = 192, 48
SLICE_S = 2.0
IMAGE = "miniaws/postgres:local"
CLASS, LIMITS = "small", ("--cpus", "1", "--memory", "512m", "--memory-swap", "512m")
RTO_AIM = 1.3
MIB = 2**20
PREPARE = """
set -e
install -d -o postgres -m 700 /data
printf 'host all all all trust\\nlocal all all trust\\n' >/tmp/hba.conf
"""
SERVE = (
    "exec gosu postgres postgres -D /data -c listen_addresses=* -c hba_file=/tmp/hba.conf -c archive_mode=off"
)
UNPACK = """
zstd -dqc /archive/base/{backup}/base.tar.zst | tar --extract --directory=/data
chown -R postgres /data
touch /data/recovery.signal
cat >/tmp/fetch.sh <<'end'
for d in /archive/wal /archive/second; do
    [ -e $d/$1.zst ] && zstd -dqf $d/$1.zst -o $2 && exit; [ -e $d/$1 ] && cp $d/$1 $2 && exit
done
cp /archive/wal/$1.partial $2
end
"""
RECOVER = (
    " -c 'restore_command=bash /tmp/fetch.sh %f %p' -c 'recovery_target_time={to}'"
    " -c recovery_target_action=promote"
)
NEW = "gosu postgres initdb --pgdata=/data --username=miniaws --data-checksums >/dev/null\n"


def run() -> None:
    """Measure by turns, on the same engine, with the same limits."""
    host, name = Settings().docker_host, f"mawbench-{secrets.token_hex(3)}"
    environment = {**os.environ, "DOCKER_HOST": host}
    try:
        with machine.home() as place, servers.cloud(place, MINIAWS_CLOUD=name) as cloud:
            _create(cloud, "orders")
            _restores(cloud, environment, name)
            _create(cloud, "waits", synchronous=True)
            _commits(cloud, environment, name)
    finally:
        engine_sweep.sweep(host, name)


def _create(cloud: servers.Cloud, name: str, **backup: Any) -> None:
    body = {"name": name, "class": CLASS, "backup": {"drill_schedule": None, **backup}}
    ask(cloud, "POST", "/api/databases", body)
    servers.poll(lambda: window(cloud, name) is not None, "a first backup")


def window(cloud: servers.Cloud, name: str) -> datetime | None:
    """Return the newest moment to which a database can be restored."""
    to = ask(cloud, "GET", f"/api/databases/{name}/restorable", None)["to"]
    return datetime.fromisoformat(to) if to else None


def url_of(cloud: servers.Cloud, name: str) -> str:
    """Return the URL of a database."""
    return ask(cloud, "GET", f"/api/databases/{name}/connection", None)["url"]


def fill(url: str, mib: int) -> datetime:
    """Write so much that hardly compresses, and return the moment after it."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("create table if not exists filled (words text)")
        with connection.cursor() as cursor, cursor.copy("copy filled from stdin") as copy:
            for _ in range(mib * 256):
                copy.write_row((os.urandom(2048).hex(),))
        found = connection.execute("select clock_timestamp()").fetchone()
        assert found is not None  # noqa: S101 - it is one row
        return found[0]


def _restores(cloud: servers.Cloud, environment: dict[str, str], name: str) -> None:
    fill(url_of(cloud, "orders"), DATA_MIB)
    archive, backup, seconds = _backed_up(cloud)
    to = fill(url_of(cloud, "orders"), LOG_MIB)
    servers.poll(lambda: (window(cloud, "orders") or to) > to, "the log in the archive")
    ours: list[float] = []
    by_hand: list[float] = []
    for number in range(ROUNDS):
        ours.append(_restored(cloud, f"again-{number}", to))
        mounted = ("--volume", f"{name}-{archive}:/archive:ro")
        script = UNPACK.format(backup=backup) + SERVE + RECOVER.format(to=to.isoformat())
        with _by_hand(environment, name, script, *mounted) as (_, took_s):
            by_hand.append(took_s)
    print(f"\nbackup and restore of {DATA_MIB} MiB and {LOG_MIB} MiB of log (medians)")
    tables.show("base backup", DATA_MIB / seconds, "MiB/s")
    tables.show("restored by hand, until it can be written to", median(by_hand), "s")
    tables.show("restored by miniaws, until it can be written to", median(ours), "s")
    tables.show("times as long", tables.ratio(ours, by_hand), "", at_most=RTO_AIM)


def _backed_up(cloud: servers.Cloud) -> tuple[str, str, float]:
    """Make a base backup; return its archive, its id and how long it took."""
    archive = ask(cloud, "POST", "/api/databases/orders/backups", None)
    path = f"/api/archives/{archive['id']}"

    def newest() -> dict[str, Any]:
        return ask(cloud, "GET", path, None)["observed"]["backups"][-1]

    servers.poll(lambda: newest()["ended_at"] is not None and newest()["why"] == "manual", "a backup")
    found = newest()
    took = datetime.fromisoformat(found["ended_at"]) - datetime.fromisoformat(found["began_at"])
    return archive["id"], found["id"], took.total_seconds()


def _restored(cloud: servers.Cloud, name: str, to: datetime) -> float:
    started = time.perf_counter()
    ask(cloud, "POST", "/api/databases/orders/restore", {"name": name, "to": to.isoformat()})
    path = f"/api/databases/{name}"
    # Its first backup, which makes it available, comes after it can be used.
    servers.poll(lambda: ask(cloud, "GET", path, None)["status"] in USABLE, f"{name} can be used")
    seconds = time.perf_counter() - started
    ask(cloud, "DELETE", f"{path}?keep_backups=false", None)
    return seconds


@contextmanager
def _by_hand(environment: dict[str, str], name: str, script: str, *more: str) -> Generator[tuple[str, float]]:
    """Run a server, and yield its URL and how long it took until it could be written to."""
    started = time.perf_counter()
    container = f"{name}-hand"
    command = [*LIMITS, *more, "--entrypoint", "bash", IMAGE, "-c", PREPARE + script]
    _docker(environment, "run", "--detach", "--name", container, *command)
    try:
        address = _docker(environment, "inspect", "--format", "{{.NetworkSettings.IPAddress}}", container)
        url = f"postgresql://miniaws@{address}/postgres"
        servers.poll(lambda: _is_writable(url), "a Postgres that can be written to")
        yield url, time.perf_counter() - started
    finally:
        _docker(environment, "rm", "--force", "--volumes", container)


def _is_writable(url: str) -> bool:
    try:
        with psycopg.connect(url, connect_timeout=2) as connection:
            return connection.execute("select pg_is_in_recovery()").fetchone() == (False,)
    except psycopg.OperationalError:
        return False


def _commits(cloud: servers.Cloud, environment: dict[str, str], name: str) -> None:
    hand, streamed, waits = (
        "by hand, no log kept",
        "miniaws, log streamed",
        "miniaws, commits wait for the log",
    )
    with _by_hand(environment, name, NEW + SERVE) as (url, _):
        urls = {hand: url, streamed: url_of(cloud, "orders"), waits: url_of(cloud, "waits")}
        took: dict[str, list[float]] = {contender: [] for contender in urls}
        for _ in range(ROUNDS):
            for contender, each in urls.items():
                took[contender] += _latencies(each)
    print("\none commit of one row, one connection")
    for contender, values in took.items():
        tables.show(f"{contender}, median", median(values) * 1000, "ms")
        tables.show("  99 of 100", tables.percentile(values, 0.99) * 1000, "ms")


def _latencies(url: str) -> list[float]:
    found: list[float] = []
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("create table if not exists committed (n int)")
        ends = time.perf_counter() + SLICE_S
        while (started := time.perf_counter()) < ends:
            connection.execute("insert into committed values (1)")
            found.append(time.perf_counter() - started)
    return found


def _docker(environment: dict[str, str], *arguments: str) -> str:
    done = subprocess.run(["docker", *arguments], env=environment, check=True, capture_output=True, text=True)
    return done.stdout.strip()


if __name__ == "__main__":
    run()
