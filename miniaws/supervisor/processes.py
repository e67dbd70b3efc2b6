"""Processes, identified so that a reused process id is detected."""

import os
import select
import signal
import time
from pathlib import Path

_STATE, _BIRTH = 0, 19
"""Field numbers in /proc/<pid>/stat, counted after the program's name."""

KILL_S = 10.0
"""Maximum number of seconds until a killed process is gone."""


def birth(pid: int) -> int | None:
    """Return the start time of a process in clock ticks since the boot; None when it is not alive."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The name is in parentheses and may hold anything, a parenthesis too.
    fields = stat.rpartition(")")[2].split()
    return None if fields[_STATE] in "ZX" else int(fields[_BIRTH])


def end(pid: int, born: int, *, grace_s: float) -> bool:
    """Stop the process, and kill it after ``grace_s``; return whether it existed.

    Another process that has the same number by now is not affected.
    """
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return False
    try:
        if birth(pid) != born:
            return False
        signal.pidfd_send_signal(descriptor, signal.SIGTERM)
        if not has_ended(descriptor, grace_s):
            signal.pidfd_send_signal(descriptor, signal.SIGKILL)
            end_group(pid)
            has_ended(descriptor, KILL_S)
    finally:
        os.close(descriptor)
    return True


def has_ended(descriptor: int, timeout_s: float) -> bool:
    """Wait until the process of a pidfd has exited; return whether it has."""
    deadline = time.monotonic() + timeout_s
    while True:
        left_s = max(0.0, deadline - time.monotonic())
        if select.select([descriptor], [], [], left_s)[0]:
            return True
        if left_s == 0:
            return False


def end_group(pid: int) -> None:
    """Kill the remaining processes of the group that the process leads or led."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return
