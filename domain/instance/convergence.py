"""The next step that brings a container nearer to what is wanted of its instance.

A pure function of the wish and of what is seen. Its invariant: repeating ``next_step`` and carrying out what it
says ends in ``NOTHING`` after a bounded number of steps, wherever a crash interrupted the one before, because no
step depends on which steps were taken, only on what is there.

A run of a container is known by its start time: a run that the instance has not heard of is news.
"""

from enum import StrEnum

from domain.instance.aggregate import Instance
from domain.instance_type import instance_type
from domain.ports import SeenContainer


class Step(StrEnum):
    """One idempotent call, or one report."""

    NOTHING = "as wanted"
    WAIT = "waits for the engine to start it again"
    WAIT_HELD = "waits for the snapshot it is paused for"
    MAKE = "make the container"
    START = "start it"
    RESTART = "stop and start it"
    STOP = "stop it"
    RESIZE = "change its limits"
    REMOVE = "remove the container"
    REPORT_STARTED = "report that it runs"
    REPORT_STOPPED = "report that it is stopped"
    REPORT_CRASHED = "report that it ended unasked"
    REPORT_PAUSED = "report that it was paused by hand"
    REPORT_UNASKED = "report that it was started by hand"
    REPORT_LOST = "report that its container is gone"
    REPORT_RESIZED = "report its limits"
    REPORT_TERMINATED = "report that it is gone"


def next_step(wanted: Instance, seen: SeenContainer | None) -> Step:
    """Return what to do next; see the module's invariant."""
    if seen is not None and seen.is_held:
        return Step.WAIT_HELD
    if wanted.wanted == "terminated":
        if seen is not None:
            return Step.REMOVE
        return Step.NOTHING if wanted.status == "terminated" else Step.REPORT_TERMINATED
    if wanted.wanted == "stopped":
        return _towards_stopped(wanted, seen)
    return _towards_running(wanted, seen)


def _towards_stopped(wanted: Instance, seen: SeenContainer | None) -> Step:
    if seen is not None and seen.state in {"running", "paused", "restarting"}:
        return Step.REPORT_UNASKED if wanted.status == "stopped" else Step.STOP
    if _has_other_limits(wanted, seen):
        return Step.RESIZE
    unheard = seen is not None and seen.started_at not in {None, wanted.started_at}
    if wanted.is_stopping or unheard:
        # Before the container, which knows how the run ended, is replaced.
        return Step.REPORT_STOPPED
    if seen is not None and seen.generation < wanted.generation:
        # A stopped container, too, holds on to a volume that was detached. Before the report that it is stopped:
        # were it refused again and again, each pass would tell of both.
        return Step.MAKE
    return Step.REPORT_STOPPED if wanted.status != "stopped" else _reported_limits(wanted)


def _towards_running(wanted: Instance, seen: SeenContainer | None) -> Step:
    if seen is not None and seen.state == "running":
        return _keep_running(wanted, seen)
    if seen is not None and seen.state == "paused":
        return Step.REPORT_PAUSED if wanted.status == "running" else Step.START
    if wanted.is_stopping:
        # Told first: else the run that was asked to end would count as one that ended unasked.
        return Step.REPORT_STOPPED
    if seen is None:
        return Step.REPORT_LOST if wanted.is_up else Step.MAKE
    return _start_again(wanted, seen)


def _start_again(wanted: Instance, seen: SeenContainer) -> Step:
    if seen.started_at is not None and (wanted.is_up or seen.started_at != wanted.started_at):
        return Step.REPORT_CRASHED
    if seen.generation != wanted.generation or seen.state == "dead":
        return Step.MAKE
    return Step.WAIT if seen.state == "restarting" else Step.START


def _keep_running(wanted: Instance, seen: SeenContainer) -> Step:
    known = seen.started_at == wanted.started_at
    if wanted.is_up and not known:
        # The engine started it again by itself after an end we did not see.
        return Step.REPORT_CRASHED
    if wanted.reboots and known:
        return Step.RESTART
    if seen.generation != wanted.generation:
        return Step.MAKE
    # Before the report that it runs: were it refused again and again, each pass would tell of both.
    if _has_other_limits(wanted, seen):
        return Step.RESIZE
    if wanted.status != "running":
        return Step.REPORT_STARTED
    return _reported_limits(wanted)


def _has_other_limits(wanted: Instance, seen: SeenContainer | None) -> bool:
    limits = instance_type(wanted.type)
    return seen is not None and (seen.cpus, seen.memory_mb) != (limits.cpus, limits.memory_mb)


def _reported_limits(wanted: Instance) -> Step:
    return Step.NOTHING if wanted.applied_type == wanted.type else Step.REPORT_RESIZED
