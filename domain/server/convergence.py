"""The next step that brings a server nearer to what is wanted of it.

A pure function of the wish and of what is seen, as ``domain/instance/convergence.py``: wherever a crash interrupted
the step before, repeating ``next_step`` ends in ``USE``, or in ``NOTHING`` when it should not run.
"""

from enum import StrEnum

from domain.ports import SeenContainer
from domain.server.aggregate import Server

_ACTIVE = {"running", "paused", "restarting"}


class Step(StrEnum):
    """One idempotent call, or one report."""

    NOTHING = "as wanted"
    WAIT = "waits for the engine to start it again"
    MAKE = "make the container"
    START = "start it"
    STOP = "stop it"
    RESIZE = "change its limits"
    REMOVE = "remove the container"
    USE = "use it as its clients do"
    REPORT_STARTED = "report that its program runs"
    REPORT_STOPPED = "report that it is stopped"
    REPORT_CRASHED = "report that it ended unasked"
    REPORT_DELETED = "report that it is gone"


def next_step(wanted: Server, seen: SeenContainer | None) -> Step:
    """Return what to do next; ``USE`` is the last step of a pass."""
    if seen is not None and seen.is_held:
        # A snapshot of a volume of it is taken; it goes on in a moment.
        return Step.WAIT
    if wanted.is_deleting:
        return _towards_deleted(wanted, seen)
    if wanted.wanted == "stopped":
        if seen is not None and seen.state in _ACTIVE:
            return Step.STOP
        return Step.NOTHING if wanted.status == "stopped" else Step.REPORT_STOPPED
    if seen is None:
        return Step.REPORT_CRASHED if wanted.is_up else Step.MAKE
    return _keep_running(wanted, seen) if seen.state == "running" else _start_again(wanted, seen)


def _towards_deleted(wanted: Server, seen: SeenContainer | None) -> Step:
    if seen is not None:
        return Step.REMOVE
    return Step.NOTHING if wanted.status == "deleted" else Step.REPORT_DELETED


def _start_again(wanted: Server, seen: SeenContainer) -> Step:
    if wanted.is_up and seen.state != "paused":
        return Step.REPORT_CRASHED
    if seen.generation != wanted.generation or seen.state == "dead":
        return Step.MAKE
    return Step.WAIT if seen.state == "restarting" else Step.START


def _keep_running(wanted: Server, seen: SeenContainer) -> Step:
    if wanted.is_up and seen.started_at != wanted.started_at:
        # The engine started it again by itself after an end we did not see.
        return Step.REPORT_CRASHED
    if seen.generation != wanted.generation:
        return Step.MAKE
    if (seen.cpus, seen.memory_mb) != (wanted.cpus, wanted.memory_mb):
        return Step.RESIZE
    if not wanted.is_up or seen.address != wanted.address:
        return Step.REPORT_STARTED
    return Step.USE
