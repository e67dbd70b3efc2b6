"""The next action that brings a container closer to the desired state of its instance.

A pure function of the instance and of the container. Its invariant: repeating ``next_action`` and carrying out what it
returns ends in ``NOTHING`` after a bounded number of actions, wherever a crash interrupted the last one, because no
action depends on which actions were taken, only on what is there.

The start time identifies a run of a container: a run that was not reported yet is reported.
"""

from enum import StrEnum

from domain.instance.aggregate import Instance
from domain.instance_type import instance_type
from domain.ports import SeenContainer

_ACTIVE = {"running", "paused", "restarting"}


class NextAction(StrEnum):
    """One idempotent call, or one report."""

    NOTHING = "as wanted"
    WAIT = "waits for the engine to start it again"
    WAIT_HELD = "waits for the snapshot it is paused for"
    MAKE = "make the container"
    START = "start it"
    RESTART = "stop and start it"
    STOP = "stop it"
    RESIZE = "change its limits"
    CONNECT = "give it its address"
    REMOVE = "remove the container"
    REPORT_STARTED = "report that it runs"
    REPORT_STOPPED = "report that it is stopped"
    REPORT_CRASHED = "report that it ended unasked"
    REPORT_PAUSED = "report that it was paused by hand"
    REPORT_UNASKED = "report that it was started by hand"
    REPORT_LOST = "report that its container is gone"
    REPORT_RESIZED = "report its limits"
    KEEP_FILES = "keep its files without a container"
    REPORT_TRASHED = "report that it is in the trash"
    REPORT_TERMINATED = "report that it is gone"


def next_action(instance: Instance, seen: SeenContainer | None) -> NextAction:
    """Return what to do next; see the module's invariant."""
    if seen is not None and seen.is_held:
        return NextAction.WAIT_HELD
    if instance.goes_to_trash:
        return _towards_trashed(instance, seen)
    if instance.wanted == "terminated":
        if seen is not None:
            # Stopped first, so that the program has its grace period.
            return NextAction.STOP if seen.state == "running" else NextAction.REMOVE
        return NextAction.NOTHING if instance.status == "terminated" else NextAction.REPORT_TERMINATED
    if instance.wanted == "stopped":
        return _towards_stopped(instance, seen)
    return _towards_running(instance, seen)


def _towards_trashed(instance: Instance, seen: SeenContainer | None) -> NextAction:
    if seen is not None and seen.state in _ACTIVE:
        return NextAction.STOP
    if not instance.is_trashed:
        return NextAction.REPORT_TRASHED
    if seen is not None and seen.generation < instance.generation:
        # The container still uses a volume that is to be removed.
        return NextAction.KEEP_FILES
    return NextAction.NOTHING


def _towards_stopped(instance: Instance, seen: SeenContainer | None) -> NextAction:
    if seen is not None and seen.state in _ACTIVE:
        return NextAction.REPORT_UNASKED if instance.status == "stopped" else NextAction.STOP
    if _has_other_limits(instance, seen):
        return NextAction.RESIZE
    is_unreported = seen is not None and seen.started_at not in {None, instance.started_at}
    if instance.run.is_stopping or is_unreported:
        # Before the container, which knows how the run ended, is replaced.
        return NextAction.REPORT_STOPPED
    if seen is not None and seen.generation < instance.generation:
        # A stopped container still uses a volume that was detached. Before the report that it is stopped:
        # when it is refused again and again, each pass would report both.
        return NextAction.MAKE
    return NextAction.REPORT_STOPPED if instance.status != "stopped" else _reported_limits(instance)


def _towards_running(instance: Instance, seen: SeenContainer | None) -> NextAction:
    if seen is not None and seen.state == "running":
        return _keep_running(instance, seen)
    if seen is not None and seen.state == "paused":
        return NextAction.REPORT_PAUSED if instance.status == "running" else NextAction.START
    if instance.run.is_stopping:
        # Reported first: otherwise the run that was requested to end would count as a crash.
        return NextAction.REPORT_STOPPED
    if seen is None:
        return NextAction.REPORT_LOST if instance.is_up else NextAction.MAKE
    return _start_again(instance, seen)


def _start_again(instance: Instance, seen: SeenContainer) -> NextAction:
    if seen.started_at is not None and (instance.is_up or seen.started_at != instance.started_at):
        return NextAction.REPORT_CRASHED
    if seen.generation != instance.generation or seen.state == "dead":
        return NextAction.MAKE
    return NextAction.WAIT if seen.state == "restarting" else NextAction.START


def _keep_running(instance: Instance, seen: SeenContainer) -> NextAction:
    known = seen.started_at == instance.started_at
    if instance.is_up and not known:
        # The engine started it again by itself after an end we did not see.
        return NextAction.REPORT_CRASHED
    if instance.run.reboots and known:
        return NextAction.RESTART
    if seen.generation != instance.generation:
        return NextAction.MAKE
    # Before the report that it runs: when it is refused again and again, each pass would report both.
    if _has_other_limits(instance, seen) or instance.is_elsewhere(seen.address):
        return NextAction.RESIZE if _has_other_limits(instance, seen) else NextAction.CONNECT
    if instance.status != "running" or instance.is_elsewhere(instance.address):
        return NextAction.REPORT_STARTED
    return _reported_limits(instance)


def _has_other_limits(instance: Instance, seen: SeenContainer | None) -> bool:
    limits = instance_type(instance.type)
    return seen is not None and (seen.cpus, seen.memory_mb) != (limits.cpus, limits.memory_mb)


def _reported_limits(instance: Instance) -> NextAction:
    return NextAction.NOTHING if instance.applied_type == instance.type else NextAction.REPORT_RESIZED
