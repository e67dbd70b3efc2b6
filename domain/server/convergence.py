"""The next action that reconciles a server.

A pure function of the desired and the observed state, as in ``domain/instance/convergence.py``: wherever a crash
interrupted the previous action, repeating ``next_action`` ends in ``USE``, or in ``NOTHING`` when it should not run.
"""

from enum import StrEnum

from domain.ports import SeenContainer
from domain.server.aggregate import Server

_ACTIVE = {"running", "paused", "restarting"}


class NextAction(StrEnum):
    """One idempotent call, or one report."""

    NOTHING = "as wanted"
    WAIT = "waits for the engine to start it again"
    MAKE = "make the container"
    START = "start it"
    STOP = "stop it"
    RESIZE = "change its limits"
    CONNECT = "give it its address"
    REMOVE = "remove the container"
    RECREATE = "remove the container, whose shared memory has another size"
    USE = "use it as its clients do"
    REPORT_STARTED = "report that its program runs"
    REPORT_STOPPED = "report that it is stopped"
    REPORT_CRASHED = "report that it ended unasked"
    REPORT_TRASHED = "report that it is in the trash"
    REPORT_DELETED = "report that it is gone"


def next_action(wanted: Server, seen: SeenContainer | None) -> NextAction:
    """Return what to do next; ``USE`` is the last step of a pass."""
    if seen is not None and seen.is_held:
        # A snapshot of one of its volumes is taken; it continues in a moment.
        return NextAction.WAIT
    if wanted.is_deleting:
        return _towards_deleted(wanted, seen)
    if wanted.wanted == "stopped":
        if seen is not None and seen.state in _ACTIVE:
            return NextAction.STOP
        return NextAction.NOTHING if wanted.status == "stopped" else NextAction.REPORT_STOPPED
    if seen is None:
        return NextAction.REPORT_CRASHED if wanted.is_up else NextAction.MAKE
    return _keep_running(wanted, seen) if seen.state == "running" else _start_again(wanted, seen)


def _towards_deleted(wanted: Server, seen: SeenContainer | None) -> NextAction:
    if seen is not None:
        # What is kept is written to the volume before the program ends.
        is_used_again = wanted.goes_to_trash and seen.state in _ACTIVE
        return NextAction.STOP if is_used_again else NextAction.REMOVE
    if wanted.goes_to_trash:
        return NextAction.NOTHING if wanted.is_trashed else NextAction.REPORT_TRASHED
    return NextAction.NOTHING if wanted.status == "deleted" else NextAction.REPORT_DELETED


def _start_again(wanted: Server, seen: SeenContainer) -> NextAction:
    if wanted.is_up and seen.state != "paused":
        return NextAction.REPORT_CRASHED
    if seen.generation != wanted.generation or seen.state == "dead":
        return NextAction.MAKE
    if seen.state == "restarting":
        return NextAction.WAIT
    has_shm = wanted.shm_mb is None or seen.shm_mb == wanted.shm_mb or seen.state == "paused"
    return NextAction.START if has_shm else NextAction.RECREATE


def _keep_running(wanted: Server, seen: SeenContainer) -> NextAction:
    if wanted.is_up and seen.started_at != wanted.started_at:
        # The engine started it again by itself after an end we did not see.
        return NextAction.REPORT_CRASHED
    if seen.generation != wanted.generation:
        return NextAction.MAKE
    if (seen.cpus, seen.memory_mb) != (wanted.cpus, wanted.memory_mb):
        return NextAction.RESIZE
    if wanted.is_elsewhere(seen.address):
        return NextAction.CONNECT
    if not wanted.is_up or seen.address != wanted.address:
        return NextAction.REPORT_STARTED
    return NextAction.USE
