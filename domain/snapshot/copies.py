"""What snapshots ask of the world: encrypted copies of volumes that share what they have in common.

Copies lie in repositories. A repository takes one task at a time; who begins one looks at it until it has ended,
and ends it. A task goes on when nobody looks. One that ``waits`` prepares all it can, is then ``ready``, and reads
the volumes when it is told to ``proceed``: the less there is to do then, the shorter is the pause of who writes.
A repository is here, beside the volumes, or at a target; one at a target is filled from one that is here.
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
class Copied:
    """What a copy holds, and by how much the repository grew for it."""

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
    copied: Copied | None = None
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
    """Keeps copies of volumes."""

    async def begin(self, task: Task) -> bool:
        """Have this task under way; False while the repository has another one. Verifying gives way to the rest."""
        ...

    async def look(self, repository_id: str, owner_id: str) -> SeenTask | None:
        """Return the task that the resource has begun, or None when it has none."""
        ...

    async def end(self, repository_id: str, owner_id: str, patience_s: float = 0) -> None:
        """Have no task of this resource, once it has ended by itself or the patience is over."""
        ...

    async def users(self, volume_ids: tuple[str, ...]) -> list[User]:
        """Return who has the volumes mounted, running or not, besides tasks."""
        ...

    async def pause(self, volume_ids: tuple[str, ...]) -> list[str]:
        """Have every container of ours that mounts the volumes and runs paused; return their names.

        While a task that waits has such a volume, a container paused so is seen as held.
        """
        ...

    async def proceed(self, repository_id: str, owner_id: str) -> Copied:
        """Let a task that is ready read its volumes, and return when it has. Raises Refused when it fails."""
        ...

    async def release(self, volume_ids: tuple[str, ...]) -> None:
        """Have no container of ours that mounts the volumes paused."""
        ...

    async def discard(self, repository_id: str) -> None:
        """Have no such repository."""
        ...
