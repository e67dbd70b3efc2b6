"""The next action that reconciles a snapshot: a pure function of its desired state and the observed task.

Repeating ``next_action`` and carrying it out ends in ``NOTHING``. Only a task that waits for a pause belongs to the
controller that began it: after a fail-over it is unknown whether the pause held, so the task starts over.
"""

from collections.abc import Iterable
from enum import StrEnum

from domain.snapshot.aggregate import Snapshot
from domain.snapshot.copies import SeenTask, Verb


class NextAction(StrEnum):
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


_BEGIN: dict[Verb, NextAction] = {
    "copy": NextAction.COPY,
    "transfer": NextAction.TRANSFER,
    "verify": NextAction.VERIFY,
    "forget": NextAction.FORGET,
}
_REPORT: dict[Verb, NextAction] = {
    "copy": NextAction.REPORT_TAKEN,
    "transfer": NextAction.REPORT_TRANSFERRED,
    "verify": NextAction.REPORT_VERIFIED,
    "forget": NextAction.REPORT_DELETED,
}


def wanted_task(snapshot: Snapshot) -> Verb | None:
    """Return the task that is due."""
    if snapshot.is_deleting:
        return "forget" if snapshot.status != "deleted" else None
    if not snapshot.was_taken:
        return "transfer" if snapshot.original else "copy"
    return None if snapshot.is_verified else "verify"


def next_action(snapshot: Snapshot, seen: SeenTask | None, *, is_own_task: bool) -> NextAction:
    """Return what to do next; ``is_own_task`` says whether this controller began the observed task."""
    verb = wanted_task(snapshot)
    if seen is not None and seen.waits and not is_own_task:
        return NextAction.START_OVER
    if seen is not None and seen.verb != verb:
        return NextAction.END
    if verb is None:
        is_well = snapshot.is_deleting or snapshot.damage is not None or snapshot.status == "available"
        return NextAction.NOTHING if is_well else NextAction.REPORT_AVAILABLE
    return _BEGIN[verb] if seen is None else _follow(seen)


def _follow(seen: SeenTask) -> NextAction:
    if seen.state == "failed":
        return NextAction.REPORT_DAMAGED if seen.verb == "verify" and seen.is_damage else NextAction.FAIL
    if seen.state == "ended":
        return _REPORT[seen.verb]
    return NextAction.TAKE if seen.state == "ready" else NextAction.WAIT


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
