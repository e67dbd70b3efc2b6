"""The next step that brings a snapshot nearer to what is wanted of it: pure, of the wish and of the task that is seen.

Repeating ``next_step`` and carrying out what it says ends in ``NOTHING``. Only a task that waits for a pause belongs
to the controller that began it: after another one took over, nobody knows whether the pause held, so it starts over.
"""

from collections.abc import Iterable
from enum import StrEnum

from domain.snapshot.aggregate import Snapshot
from domain.snapshot.copies import SeenTask, Verb


class Step(StrEnum):
    """One idempotent call, or one report."""

    NOTHING = "as wanted"
    WAIT = "waits for its task"
    COPY = "begin to copy"
    TRANSFER = "begin to copy it to its target"
    TAKE = "copy while who writes is paused"
    VERIFY = "begin to read everything back"
    FORGET = "begin to forget the copies"
    START_OVER = "start over: the one that began it is gone"
    END = "end a task that is not wanted any more"
    FAIL = "report why the task failed"
    REPORT_TAKEN = "report that it is taken"
    REPORT_TRANSFERRED = "report that it is at its target"
    REPORT_VERIFIED = "report that it can be read"
    REPORT_DAMAGED = "report that it is damaged"
    REPORT_DELETED = "report that it is gone"
    REPORT_AVAILABLE = "report that it is available again"


_BEGIN: dict[Verb, Step] = {
    "copy": Step.COPY,
    "transfer": Step.TRANSFER,
    "verify": Step.VERIFY,
    "forget": Step.FORGET,
}
_REPORT: dict[Verb, Step] = {
    "copy": Step.REPORT_TAKEN,
    "transfer": Step.REPORT_TRANSFERRED,
    "verify": Step.REPORT_VERIFIED,
    "forget": Step.REPORT_DELETED,
}


def wanted_task(snapshot: Snapshot) -> Verb | None:
    """Return the task that is due."""
    if snapshot.is_deleting:
        return "forget" if snapshot.status != "deleted" else None
    if not snapshot.was_taken:
        return "transfer" if snapshot.original else "copy"
    return None if snapshot.is_verified else "verify"


def next_step(snapshot: Snapshot, seen: SeenTask | None, *, is_mine: bool) -> Step:
    """Return what to do next; ``is_mine`` tells whether this controller began the task that is seen."""
    verb = wanted_task(snapshot)
    if seen is not None and seen.waits and not is_mine:
        return Step.START_OVER
    if seen is not None and seen.verb != verb:
        return Step.END
    if verb is None:
        is_well = snapshot.is_deleting or snapshot.damage is not None or snapshot.status == "available"
        return Step.NOTHING if is_well else Step.REPORT_AVAILABLE
    return _BEGIN[verb] if seen is None else _follow(seen)


def _follow(seen: SeenTask) -> Step:
    if seen.state == "failed":
        return Step.REPORT_DAMAGED if seen.verb == "verify" and seen.is_damage else Step.FAIL
    if seen.state == "ended":
        return _REPORT[seen.verb]
    return Step.TAKE if seen.state == "ready" else Step.WAIT


def parent_of(snapshot: Snapshot, others: Iterable[Snapshot]) -> str:
    """Return the newest copy that holds all that a new one will, or nothing."""
    found = [
        (other.taken_at, other.copy_id)
        for other in others
        if other.taken_at is not None
        and not other.is_deleting
        and other.damage is None
        and other.repository_id == snapshot.repository_id
        and set(snapshot.volume_ids) <= set(other.volume_ids)
    ]
    return max(found, default=(None, ""))[1]
