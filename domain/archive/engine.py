"""What we ask of the engines that archive databases.

Each works by programs in containers of their own, on the archive's volume: one that follows the log of the database
for as long as it lives, one that makes a base backup, one that makes the files of another database. The password in
these programs is that of our own account, and is in files only.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from domain.archive.log import ArchiveContents, Backup
from domain.server import Program

ARCHIVE_PATH = "/archive"
"""Where the volume of an archive is mounted."""


@dataclass(frozen=True, slots=True)
class Made:
    """A base backup as reported by the program that made it."""

    backup: Backup
    began_at: datetime
    position: str
    checksum: str


@dataclass(frozen=True, slots=True)
class Restore:
    """What another database is restored from."""

    backup_id: str
    to: datetime | None
    """None: what the backup holds, without the log."""
    is_latest: bool = False
    """All of the log, whatever the moment."""
    is_drill: bool = False
    """Compare every file, read every table, and set no password."""


@dataclass(frozen=True, slots=True)
class RestoreStep:
    """How far a restore is; ``done`` is the last step, and has the time of the last change in the files."""

    name: str
    at: datetime
    reached: datetime | None = None


class ArchiveEngine(Protocol):
    """Archives the databases of one engine."""

    def follow(self, database_id: str, admin: str, *, synchronous: bool) -> Program:
        """Return the program that writes the log into the archive."""
        ...

    @property
    def reads_files(self) -> bool:
        """Whether what makes a base backup needs the database's own files beside it."""
        ...

    def base(self, database_id: str, backup_id: str, data_path: str, admin: str) -> Program:
        """Return what makes a base backup; its last line is for ``made``."""
        ...

    def restore(self, plan: Restore, data_path: str, admin: str) -> Program:
        """Return what makes the files of another database, which gets this password of our own account.

        Each line it prints is for ``step``.
        """
        ...

    def made(self, backup_id: str, lines: Sequence[str]) -> Made:
        """Return the base backup that a program reports. Raises Refused when it reports none."""
        ...

    def step(self, line: str) -> RestoreStep | None:
        """Return the step that a line of a restore reports, or None."""
        ...

    async def heartbeat(self, archive_id: str) -> None:
        """Commit something, so that this moment is in the log. Raises Refused when the log does not come."""
        ...

    async def contents(self, archive_id: str) -> ArchiveContents:
        """Return what the archive of a living database holds. Raises Refused, Unreachable."""
        ...

    async def prune(self, archive_id: str, keep: Sequence[Backup], making: str | None) -> None:
        """Remove all other backups, except the one being made, and the log that is older than all of them."""
        ...
