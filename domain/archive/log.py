"""What an archive holds, and which moments can be restored from it.

From a base backup, the moment it ended can be restored. The log that follows without a gap leads from there to any
later moment, up to the newest one that was seen in the log. A moment between two such ranges is lost.

The log is a sequence of numbered files. Each engine names the files in its own way; here they are numbers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from domain.errors import Conflict

_CATCHES_UP = timedelta(seconds=60)
"""How late log may arrive that the archive could not store at first."""


class NotRestorable(Conflict):
    """cannot restore to a moment that the archive does not hold"""

    code = "not_restorable"


@dataclass(frozen=True, slots=True)
class Backup:
    """A base backup: complete at ``ended_at``, with the log from file number ``begins`` on."""

    id: str
    ended_at: datetime
    begins: int
    size_bytes: int = 0
    is_damaged: bool = False


@dataclass(frozen=True, slots=True)
class Mark:
    """Everything committed up to a moment lies before the end of what is held of this file of the log."""

    at: datetime
    number: int


@dataclass(frozen=True, slots=True)
class ArchiveContents:
    """What was found in an archive."""

    files: Mapping[int, int] = field(default_factory=dict[int, int])
    """Numbers of the log's files, and their sizes in bytes."""
    marks: Sequence[Mark] = ()
    """Oldest first; at most one a file."""
    room_bytes: int | None = None
    """How much more it can hold, if that was asked."""
    backups: frozenset[str] = frozenset()
    """Ids of base backups, complete or not."""


@dataclass(frozen=True, slots=True)
class LogSegment:
    """Any moment from one to another can be restored."""

    from_: datetime
    to: datetime
    lost_after: str | None = None
    """The reason why it ends, when a later one follows."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How a moment is restored."""

    backup: Backup
    to: datetime | None
    """None: the backup alone, without the log."""
    log_files: int
    log_bytes: int
    is_latest: bool = False
    """All of the log that is held, also what lies after the newest moment that was seen in it."""


def restorable_ranges(backups: Sequence[Backup], held: ArchiveContents) -> list[LogSegment]:
    """Return every moment that can be restored, oldest first."""
    found: list[LogSegment] = []
    for backup in sorted((each for each in backups if not each.is_damaged), key=lambda each: each.ended_at):
        to = _reach(backup, held)
        if found and backup.ended_at <= found[-1].to:
            found[-1] = LogSegment(found[-1].from_, max(to, found[-1].to))
        else:
            if found:
                found[-1] = LogSegment(found[-1].from_, found[-1].to, _why(found[-1].to, backup, held))
            found.append(LogSegment(backup.ended_at, to))
    return found


def plan(
    backups: Sequence[Backup], held: ArchiveContents, to: datetime | None, backup_id: str | None = None
) -> Plan:
    """Return how to restore a moment; without one, the newest, or that of one backup. Raises NotRestorable."""
    usable = [each for each in backups if not each.is_damaged]
    if backup_id is not None:
        return Plan(_named(usable, backup_id), None, 0, 0)
    candidates = [(backup, _reach(backup, held)) for backup in usable]
    is_latest = to is None
    if to is None:
        if not candidates:
            raise NotRestorable("cannot restore yet: the first backup is not complete; retry when it is")
        to = max(reach for _, reach in candidates)
    fitting = [backup for backup, reach in candidates if backup.ended_at <= to <= reach]
    if not fitting:
        raise _refusal(to, restorable_ranges(backups, held))
    backup = max(fitting, key=lambda each: each.ended_at)
    after = (mark.number for mark in held.marks if mark.at >= to)
    last = max(held.files, default=0) if is_latest else next(after, backup.begins)
    replayed = [size for number, size in held.files.items() if backup.begins <= number <= last]
    return Plan(backup, to, len(replayed), sum(replayed), is_latest)


def lost_after(backups: Sequence[Backup], held: ArchiveContents) -> datetime | None:
    """Return the newest moment before a gap in the log that can be restored; None without a gap."""
    known = restorable_ranges(backups, held)
    newest = max((mark.at for mark in held.marks), default=None)
    if not known or newest is None or newest - known[-1].to <= _CATCHES_UP:
        return None
    return known[-1].to


def holds_more(held: ArchiveContents, backups: Sequence[Backup]) -> bool:
    """Return whether it holds other backups, or log that is older than all of these."""
    oldest = min((each.begins for each in backups), default=None)
    return bool(held.backups - {each.id for each in backups}) or (
        oldest is not None and any(number < oldest for number in held.files)
    )


def _reach(backup: Backup, held: ArchiveContents) -> datetime:
    """Return the newest moment that the log leads to from a backup."""
    number = backup.begins
    while number in held.files:
        number += 1
    reached = [mark.at for mark in held.marks if backup.begins <= mark.number < number]
    return max([backup.ended_at, *reached])


def _why(end: datetime, following: Backup, held: ArchiveContents) -> str:
    last = max((mark.number for mark in held.marks if mark.at <= end), default=None)
    if last is None:
        return "no log follows the backup"
    missing = next((n for n in range(last + 1, following.begins) if n not in held.files), None)
    return f"file {missing} of the log is missing" if missing else "the log of that time is missing"


def _named(backups: Sequence[Backup], backup_id: str) -> Backup:
    for backup in backups:
        if backup.id == backup_id:
            return backup
    raise NotRestorable(
        f"cannot restore the backup {backup_id}: it is not there, or damaged; list the backups to see what is",
        field="backup",
    )


def _refusal(to: datetime, known: Sequence[LogSegment]) -> NotRestorable:
    if not known:
        return NotRestorable(
            "cannot restore yet: the first backup is not complete; retry when it is", field="to"
        )
    before = max((each.to for each in known if each.to < to), default=None)
    after = min((each.from_ for each in known if each.from_ > to), default=None)
    nearest = [each.isoformat() for each in (before, after) if each is not None]
    return NotRestorable(
        f"cannot restore to {to.isoformat()}: the nearest moments are {' and '.join(nearest)}",
        field="to",
        nearest=nearest,
    )
