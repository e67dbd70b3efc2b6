"""A process of a cloud that differs: a test moves its clock, its scripts are those of another version, or the disks
of its archives are small.

``python -m tests.journeys.odd_part api|controller``; how it differs is in its environment.
"""

import os
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from adapters.database import mariadb_archive, postgres_archive, programs
from adapters.docker import engine
from adapters.docker.client import EngineClient
from adapters.system import SystemClock
from domain.ports import File
from miniaws import __main__, bootstrap
from tests.journeys.forks import Process
from tests.journeys.running_cloud import RunningCloud, started

CLOCK, OLDER, ROOM_MB = "MAWTEST_CLOCK", "MAWTEST_OLDER", "MAWTEST_ROOM_MB"


class OddCloud(RunningCloud):
    """A cloud of such processes."""

    def move_clock(self, ahead: timedelta) -> None:
        """Move the clock forward."""
        (self.home / "clock").write_text(f"{ahead.total_seconds()}", encoding="utf-8")

    def be_older(self, *, older: bool) -> None:
        """Set the version of controllers that are started from now on."""
        self._environment[OLDER] = "yes" if older else ""

    def have_room(self, room_mb: int) -> None:
        """Set the disk size of archives that are created from now on."""
        self._environment[ROOM_MB] = str(room_mb or "")

    def _start(self, part: str) -> Process:
        command = [sys.executable, "-m", "tests.journeys.odd_part", part]
        environment = {**self._environment, CLOCK: str(self.home / "clock")}
        with (self.home / f"{part}.log").open("ab") as log:
            return subprocess.Popen(command, env=environment, stdout=log, stderr=log)


@contextmanager
def odd_cloud(
    home: Path, database_url: str, cloud: str, docker_host: str, *, older: bool = False, room_mb: int = 0
) -> Generator[OddCloud]:
    """A cloud with one API and one controller; the disk of an archive is of any size, unless one is given."""
    found = OddCloud(home, database_url, cloud, docker_host)
    found.be_older(older=older)
    found.have_room(room_mb)
    with started(found):
        yield found


class MovedClock(SystemClock):
    """A clock with an offset from a file."""

    def now(self) -> datetime:
        """Return the current time plus the offset."""
        try:
            ahead_s = float(Path(os.environ[CLOCK]).read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            ahead_s = 0.0
        return super().now() + timedelta(seconds=ahead_s)


def older_script(folder: str, *names: str) -> dict[str, File]:
    """Return scripts with the same behaviour and a different text."""
    found = programs.script(folder, *names)
    return {path: replace(file, content=file.content + b"# older\n") for path, file in found.items()}


class SmallDisks(EngineClient):
    """Creates volumes of archives in memory, which can be small on every host."""

    def create_volume(self, name: str | None = None, *given: Any, **more: Any) -> dict[str, Any]:
        """Create a volume."""
        if name is not None and "-arc-" in name:
            more["driver_opts"] = {"type": "tmpfs", "device": "tmpfs", "o": f"size={os.environ[ROOM_MB]}m"}
        return _as_asked(super().create_volume(name, *given, **more))

    def inspect_volume(self, name: str) -> dict[str, Any]:
        """Return a volume."""
        return _as_asked(super().inspect_volume(name))


def _as_asked(volume: dict[str, Any]) -> dict[str, Any]:
    return {**volume, "Options": None} if "-arc-" in volume["Name"] else volume


if __name__ == "__main__":
    bootstrap.SystemClock = MovedClock
    if os.environ.get(OLDER):
        mariadb_archive.script = postgres_archive.script = older_script
    if os.environ.get(ROOM_MB):
        engine.EngineClient = SmallDisks
    sys.exit(__main__.run_part(sys.argv[1]))
