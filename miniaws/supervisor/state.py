"""The stored state of the supervisor, for ``cloud status``, ``cloud down`` and its successor."""

import fcntl
from pathlib import Path
from typing import IO

from pydantic import BaseModel, ConfigDict, ValidationError

from miniaws.supervisor import processes


class ChildState(BaseModel):
    """The state of a child."""

    model_config = ConfigDict(frozen=True)

    name: str
    pid: int | None = None
    born: int | None = None
    """See ``processes.birth``."""
    started_at: float | None = None
    """Seconds since 1970."""
    restarts: int = 0
    is_ready: bool = False
    reason: str | None = None
    """The reason why it is not running."""


class State(BaseModel):
    """The supervisor and its children."""

    model_config = ConfigDict(frozen=True)

    pid: int
    born: int
    started_at: float
    version: str
    url: str
    is_ready: bool = False
    children: tuple[ChildState, ...] = ()

    @property
    def is_alive(self) -> bool:
        """Whether the supervisor that stored this is still running."""
        return processes.birth(self.pid) == self.born


def read(home: Path) -> State | None:
    """Return the last stored state, of a supervisor that may have exited; None when there is none."""
    try:
        return State.model_validate_json(_file(home).read_bytes())
    except (FileNotFoundError, ValidationError):
        return None


def write(home: Path, state: State) -> None:
    """Replace the state atomically."""
    fresh = _file(home).with_suffix(".fresh")
    fresh.write_text(state.model_dump_json(indent=2) + "\n")
    fresh.rename(_file(home))


def remove(home: Path) -> None:
    """Remove the state."""
    _file(home).unlink(missing_ok=True)


def take_lock(home: Path) -> IO[bytes] | None:
    """Return the lock of the data directory, or None when another supervisor has it.

    It is held until the file is closed or this process ends, in whatever way.
    """
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    home.chmod(0o700)
    lock = (home / "supervisor.lock").open("ab")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        return None
    return lock


def _file(home: Path) -> Path:
    return home / "supervisor.json"
