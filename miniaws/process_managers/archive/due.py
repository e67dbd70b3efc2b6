"""When a backup is due, and what is reported when the log is late."""

from datetime import datetime, timedelta

from domain.archive import Archive, ArchiveContents, due_at

_OLDEST = timedelta(seconds=60)
"""A commit is restorable within this time; if not, that is reported."""
_LEAST_BYTES = 32 << 20
"""The size of the next file of the log, and a reserve."""
_AGAIN = timedelta(minutes=1)


def is_due(archive: Archive, now: datetime) -> bool:
    """Return whether a backup is due, by schedule or because the last one failed."""
    began = archive.last_began_at
    if archive.failures and began is not None:
        return now >= began + _AGAIN * min(2 ** (archive.failures - 1), 60)
    return now >= due_at(archive.policy, archive.public_id, began, now)


def may_begin_again(archive: Archive, now: datetime) -> bool:
    """Return whether a backup may begin that is not scheduled."""
    began = archive.last_began_at
    return not archive.failures and (began is None or now >= began + _AGAIN)


def gap(after: datetime) -> str:
    """Return the reason when the log does not continue from the newest backup."""
    return (
        f"the log has a gap after {after:%Y-%m-%d %H:%M:%S} UTC: nothing later can be restored until another "
        "backup is made, which begins now"
    )


def hindrance(held: ArchiveContents, since: datetime, now: datetime, *, commits_wait: bool) -> str | None:
    """Return why recent commits are not restorable, or None when they are."""
    if held.room_bytes is not None and held.room_bytes < _LEAST_BYTES:
        return f"its disk is full: {held.room_bytes >> 20} MB are left; make room there"
    if now - since <= _OLDEST:
        return None
    reason = f"what was committed after {since:%Y-%m-%d %H:%M:%S} UTC is not in the archive yet"
    return f"{reason}, and commits wait for it" if commits_wait else reason
