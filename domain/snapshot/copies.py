"""The port for encrypted, deduplicated copies of volumes.

Copies are stored in repositories. A repository runs one task at a time. The caller that begins a task polls it until it
has ended, and then ends it. A task that ``waits`` prepares as much as it can, is then ``ready``, and reads the volumes
when ``proceed`` is called: that keeps the pause of the writers short. A repository is stored here, beside the volumes,
or at a target; one at a target is filled from one that is stored here.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from domain.ports import ContainerState, Kind

Verb = Literal["copy", "transfer", "verify", "restore", "forget"]
TaskState = Literal["running", "ready", "ended", "failed"]


@dataclass(frozen=True, slots=True)
class Source:
    """A copy in a repository that is here, and is transferred to one at a target."""

    repository_id: str
    key: bytes = field(repr=False)
    owner_id: str
    """Whose copy it is."""
    copy_id: str


@dataclass(frozen=True, slots=True)
class Task:
    """Work on a repository, for a resource."""

    verb: Verb
    kind: Kind
    owner_id: str
    account_id: str
    repository_id: str
    key: bytes = field(repr=False)
    """Opens the repository, and seals it when it is made."""
    volumes: tuple[str, ...] = ()
    """What is copied; what is restored, as it was called when it was copied."""
    waits: bool = False
    parent_id: str = ""
    """An older copy of the volumes: files that are as they were then need not be read again."""
    copy_id: str = ""
    """Which copy, except for ``copy`` and ``transfer``."""
    is_thorough: bool = False
    """Verify the whole repository, not only what this copy needs."""
    target: str = ""
    """Where the repository is; here, unless a target is named."""
    source: Source | None = None
    """What is transferred."""
    is_last: bool = False
    """Nothing else is in the repository that a copy is forgotten of: as much of it goes as can go."""
    into: str = ""
    """The volume that a copy is restored into; what it holds is replaced."""


@dataclass(frozen=True, slots=True)
class CopyResult:
    """What a complete copy holds, and by how much the repository grew for it."""

    copy_id: str
    files: int
    bytes: int
    added_bytes: int


@dataclass(frozen=True, slots=True)
class SeenTask:
    """A task as it is."""

    verb: Verb
    state: TaskState
    waits: bool = False
    started_at: datetime | None = None
    percent: int | None = None
    copied: CopyResult | None = None
    reason: str | None = None
    """Why it failed."""
    is_damage: bool = False
    """It failed because the copy cannot be read."""


@dataclass(frozen=True, slots=True)
class User:
    """A container that has one of the volumes mounted."""

    name: str
    state: ContainerState
    started_at: datetime | None
    is_ours: bool


class Copies(Protocol):
    """Stores copies of volumes."""

    async def begin(self, task: Task) -> bool:
        """Begin a task; return False while the repository runs another one. Any other task replaces a verification."""
        ...

    async def look(self, repository_id: str, owner_id: str) -> SeenTask | None:
        """Return the task that the resource has begun, or None when it has none."""
        ...

    async def end(self, repository_id: str, owner_id: str, timeout_s: float = 0) -> None:
        """End the task of this resource, after it has ended by itself or ``timeout_s`` have passed."""
        ...

    async def users(self, volume_ids: tuple[str, ...]) -> list[User]:
        """Return who has the volumes mounted, running or not, besides tasks."""
        ...

    async def pause(self, volume_ids: tuple[str, ...]) -> list[str]:
        """Pause every container of ours that runs and mounts the volumes; return their names.

        While a task that waits has such a volume, a container that is paused for it is seen as held.
        """
        ...

    async def proceed(self, repository_id: str, owner_id: str) -> CopyResult:
        """Make a task that is ready read its volumes, and return when it has. Raises Refused when it fails."""
        ...

    async def release(self, volume_ids: tuple[str, ...]) -> None:
        """Resume every container of ours that mounts the volumes."""
        ...

    async def discard(self, repository_id: str) -> None:
        """Remove a repository."""
        ...
