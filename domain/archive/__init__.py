"""What databases are restored from: the rules, to which moments it leads, when backups are made and dropped."""

from domain.archive.aggregate import Archive, ArchiveInUse, archive_uuid
from domain.archive.backups import ArchiveClosed, BackupUnderWay, Why
from domain.archive.engine import ARCHIVE_PATH, ArchiveEngine, Made, Restore, RestoreStep
from domain.archive.events import Addresses
from domain.archive.log import (
    ArchiveContents,
    Backup,
    LogSegment,
    Mark,
    NotRestorable,
    Plan,
    holds_more,
    lost_after,
    plan,
    restorable_ranges,
)
from domain.archive.schedule import Policy, drill_due, due_at, late_at

__all__ = [
    "ARCHIVE_PATH",
    "Addresses",
    "Archive",
    "ArchiveClosed",
    "ArchiveContents",
    "ArchiveEngine",
    "ArchiveInUse",
    "Backup",
    "BackupUnderWay",
    "LogSegment",
    "Made",
    "Mark",
    "NotRestorable",
    "Plan",
    "Policy",
    "Restore",
    "RestoreStep",
    "Why",
    "archive_uuid",
    "drill_due",
    "due_at",
    "holds_more",
    "late_at",
    "lost_after",
    "plan",
    "restorable_ranges",
]
