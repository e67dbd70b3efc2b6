"""How a database is restored from the archive of another one."""

from dataclasses import dataclass, replace
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Restoration:
    """What a database is restored from, to which moment, and how far that is."""

    source_id: str
    source_name: str
    archive_id: str
    backup_id: str
    to: datetime | None
    """None: what the backup holds, without the log."""
    is_latest: bool
    step: str | None = None
    is_complete: bool = False

    def advanced(self, step: str) -> "Restoration":
        """Return the restoration at another step."""
        return replace(self, step=step)

    def completed(self) -> "Restoration":
        """Return the restoration after the files are restored."""
        return replace(self, is_complete=True)
