"""The control plane as a whole: its processes, start in the foreground or background, stop."""

import importlib.metadata
import os
import select
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

from adapters.embedded_postgres import EmbeddedPostgres
from domain.errors import Refused
from miniaws.settings import Settings
from miniaws.supervisor import logs, processes, state
from miniaws.supervisor.programs import Command, Postgres, Program
from miniaws.supervisor.supervisor import GRACE_S, Supervisor

MODULE = (sys.executable, "-m", "miniaws")
"""The command line of this program, without its arguments."""

START_S = 120.0
STOP_S = 4 * GRACE_S
TAIL = 20
"""Number of log lines that are shown after a failed start."""

_POLL_S = 0.1


def version() -> str:
    """Return the installed version of miniaws."""
    return importlib.metadata.version("miniaws")


def ready_url(settings: Settings) -> str:
    """Return the URL that responds with 200 when the cloud can be used."""
    return f"{settings.url}/health/ready"


def stages(settings: Settings, program: Sequence[str] = MODULE) -> list[list[Program]]:
    """Return the programs in their start order; ``program`` is the command with subcommands such as ``api``."""
    folder = settings.home / "logs"
    database = None
    if settings.database_url is None:
        database = EmbeddedPostgres(settings.home, settings.postgres_port)

    def environment() -> dict[str, str]:
        url = {"MINIAWS_DATABASE_URL": database.url()} if database is not None else {}
        # A log line must be in the file immediately, even if the program is killed afterwards.
        return settings.environment(PYTHONUNBUFFERED="1", **url)

    def command(name: str, *, url: str | None = None, ends_by_itself: bool = False) -> Program:
        return Command(
            name,
            [*program, name],
            folder / f"{name}.log",
            environment=environment,
            url=url,
            ends_by_itself=ends_by_itself,
        )

    return [
        *([[Postgres(database)]] if database is not None else []),
        [command("first-key", ends_by_itself=True)],
        [command("api", url=ready_url(settings)), command("controller")],
    ]


def take_over(settings: Settings, timeout_s: float = START_S) -> IO[bytes] | None:
    """Return the lock of the control plane, or None when one is running, after waiting until it is ready.

    Raises Refused when the running one does not become ready.
    """
    for _ in range(int(timeout_s / _POLL_S)):
        lock = state.take_lock(settings.home)
        if lock is not None:
            return lock
        found = running(settings.home)
        if found is not None and found.is_ready:
            return None
        select.select([], [], [], _POLL_S)  # it is starting or ending: its state file shows which
    raise Refused(f"cannot use the cloud that runs in {settings.home}: not ready within {timeout_s:g} s")


def run(
    settings: Settings,
    *,
    report: Callable[[str], None],
    on_ready: Callable[[], None],
    program: Sequence[str] = MODULE,
) -> bool:
    """Run the control plane until a signal, under the lock. Return False when it cannot start."""
    return Supervisor(
        settings.home,
        stages(settings, program),
        url=settings.url,
        version=version(),
        report=report,
        on_ready=on_ready,
    ).run()


def running(home: Path) -> state.State | None:
    """Return the state of the control plane that is running in this data directory, or None."""
    found = state.read(home)
    return found if found is not None and found.is_alive else None


def detach(settings: Settings, argv: Sequence[str] = (*MODULE, "up"), *, timeout_s: float = START_S) -> None:
    """Start the control plane in the background and return when it is ready.

    Raises Refused, with the end of its log, when it exits or takes too long.
    """
    log = settings.home / "logs" / "supervisor.log"
    log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    logs.rotate(log)
    start = log.stat().st_size if log.exists() else 0
    pid = os.posix_spawn(
        argv[0],
        list(argv),
        settings.environment(),
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(log), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
        setsid=True,
    )
    if not wait_until_ready(settings.home, pid, timeout_s) and not _is_ready(settings.home):
        said = "\n".join(logs.tail(log, TAIL, start))
        raise Refused(f"cannot start the cloud; its log {log} ends with:\n{said}")


def wait_until_ready(home: Path, pid: int, timeout_s: float = START_S) -> bool:
    """Wait until the control plane of that process is ready; return whether it is."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return False
    try:
        for _ in range(int(timeout_s / _POLL_S)):
            found = running(home)
            if found is not None and found.pid == pid and found.is_ready:
                return True
            if processes.has_ended(descriptor, _POLL_S):
                return False
    finally:
        os.close(descriptor)
    return False


def stop(home: Path) -> bool:
    """Stop the control plane, not the data plane; return whether it was running."""
    found = running(home)
    return found is not None and processes.end(found.pid, found.born, grace_s=STOP_S)


def _is_ready(home: Path) -> bool:
    found = running(home)
    return found is not None and found.is_ready
