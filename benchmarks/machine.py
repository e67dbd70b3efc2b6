"""The machine, and a durable Postgres on it that is gone afterwards."""

import os
import platform
import shutil
import socket
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from adapters.embedded_postgres import EmbeddedPostgres
from adapters.event_store import migrate
from projections import rebuild


def facts() -> str:
    """Return what a reader must know of the machine to judge numbers."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**30
    model = next(
        (
            line.partition(": ")[2]
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        platform.machine(),
    )
    load = " ".join(f"{value:.1f}" for value in os.getloadavg())
    return f"{os.cpu_count()} cores ({model}), {memory} GiB, Python {platform.python_version()}, load {load}"


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def processor_s(process: int) -> float:
    """Return the processor time that a process and all below it have used."""
    # Behind the name, which may hold anything: fields 14 to 17 are its own time and that of children that have ended.
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(") ")[2].split()
        below = sum(processor_s(child) for child in children(process))
    except (FileNotFoundError, ProcessLookupError):
        return 0.0  # it has just ended: from here on its parent counts it
    return below + sum(int(ticks) for ticks in fields[11:15]) / os.sysconf("SC_CLK_TCK")


def children(process: int) -> list[int]:
    """Return the processes that a process has started and that still run."""
    return [int(child) for child in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


@contextmanager
def home() -> Generator[Path]:
    """Yield a data directory on the disk of the home directories, not in memory."""
    base = Path.home() if os.access(Path.home(), os.W_OK) else None
    place = Path(tempfile.mkdtemp(prefix="miniaws-bench-", dir=base))
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


@contextmanager
def postgres(place: Path) -> Generator[EmbeddedPostgres]:
    """Run the embedded Postgres with the settings it always has: every commit is on disk."""
    server = EmbeddedPostgres(place, free_port())
    server.start()
    try:
        migrate(server.url())
        rebuild.ensure(server.url())
        with psycopg.connect(server.url()) as connection:
            row = connection.execute("SELECT version(), current_setting('fsync')").fetchone()
            print(f"{str(row and row[0]).partition(' on ')[0]}, fsync {row and row[1]}")
        yield server
    finally:
        server.stop()
