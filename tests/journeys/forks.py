"""Processes of a cloud, forked from a process that has imported them: each start saves two seconds of a processor.

They differ from those of a user only in that. ``test_supervisor.py`` and ``test_installation.py`` start the others.
"""

import gc
import multiprocessing
import os
import subprocess
import sys
from pathlib import Path
from typing import Protocol

from miniaws import __main__
from miniaws.bootstrap import entrypoints
from miniaws.http import app

_IMPORTED = (entrypoints, app)
"""What the parts of the control plane import when they start."""
_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload([__name__])


class Process(Protocol):
    """A process that can be killed: one of ``subprocess``, or a fork."""

    def send_signal(self, sig: int) -> None:
        """Send a signal, unless it has ended."""

    def wait(self, timeout: float | None = None) -> int | None:
        """Wait until it has ended and return its exit code. Raises TimeoutExpired."""


class Fork:
    """A part of the control plane that runs in a fork."""

    def __init__(self, part: str, environment: dict[str, str], log: Path) -> None:
        self._part = part
        self._process = _FORKS.Process(target=_run, args=(part, environment, log))
        self._process.start()

    def send_signal(self, sig: int) -> None:
        """Send a signal, unless it has ended."""
        if self._process.pid is not None and self._process.is_alive():
            os.kill(self._process.pid, sig)

    def wait(self, timeout: float | None = None) -> int | None:
        """Wait until it has ended and return its exit code. Raises TimeoutExpired."""
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired(self._part, timeout or 0)
        return self._process.exitcode


def _run(part: str, environment: dict[str, str], log: Path) -> None:
    with log.open("ab") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    gc.freeze()  # the collector need not look at what was imported
    os.environ.clear()
    os.environ.update(environment)
    sys.exit(__main__.run_part(part))
