"""Cleans up after a killed PostgreSQL server, so that a new one can use its data directory.

PostgreSQL refuses to start while the process id in ``postmaster.pid`` exists. It may be a zombie that
nobody reaps, or belong to another program by now. Server processes may also have outlived their parent.
"""

import os
import select
import signal
from pathlib import Path

_GRACE_S = 20.0
_KILL_S = 5.0


def clear(data: Path) -> None:
    """End the server processes that still use ``data``, and remove a stale ``postmaster.pid``.

    The caller must ensure that nobody else runs a server there. The directory may be missing.
    """
    pid_file = data / "postmaster.pid"
    try:
        postmaster = int(pid_file.read_text().split()[0])
    except (FileNotFoundError, IndexError, ValueError):
        postmaster = None
    _end(data, postmaster)
    if postmaster is None:
        pid_file.unlink(missing_ok=True)
    elif Path(f"/proc/{postmaster}").exists() and postmaster not in _servers(data):
        # A zombie, or another program with the same number, which PostgreSQL cannot distinguish.
        pid_file.unlink(missing_ok=True)


def _end(data: Path, postmaster: int | None) -> None:
    servers = _servers(data)
    if postmaster in servers:
        _send([postmaster], signal.SIGINT)
    else:
        _send(servers, signal.SIGQUIT)
    _wait(servers, _GRACE_S)
    survivors = _servers(data)
    _send(survivors, signal.SIGKILL)
    _wait(survivors, _KILL_S)


def _servers(data: Path) -> list[int]:
    """Return the processes named postgres whose working directory is ``data``, without zombies."""
    return [int(entry.name) for entry in Path("/proc").iterdir() if _works_in(entry, data)]


def _works_in(entry: Path, data: Path) -> bool:
    try:
        return (
            entry.name.isdecimal()
            and (entry / "comm").read_text() == "postgres\n"
            and (entry / "cwd").samefile(data)
        )
    except OSError:  # gone by now, a zombie, or not accessible
        return False


def _send(pids: list[int], number: signal.Signals) -> None:
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue


def _wait(pids: list[int], timeout_s: float) -> None:
    for pid in pids:
        try:
            descriptor = os.pidfd_open(pid)
        except ProcessLookupError:
            continue
        try:
            select.select([descriptor], [], [], timeout_s)
        finally:
            os.close(descriptor)
