"""Exit codes of programs, and which start events to ignore, from the events of the engine."""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime

from domain.instance import Instance, ProgramEnd
from domain.ports import EngineEvent, SeenContainer

_REMEMBERED = 1000


@dataclass(frozen=True, slots=True)
class _End:
    """How a program ended, by the events of the engine."""

    exit_code: int | None
    oom: bool
    at: datetime


_NOT_RUN = {
    126: "its program may not be run (exit 126); check the command",
    127: "its program was not found (exit 127); check the command",
}
_NOT_SEEN = _End(None, oom=False, at=datetime.min.replace(tzinfo=UTC))


class ExitHistory:
    """Remembers exit codes: an engine that restarts a program at once leaves no other trace of them."""

    def __init__(self) -> None:
        self._ends: OrderedDict[str, _End] = OrderedDict()
        # Containers that we started. They are inspected right afterwards, so their start event is ignored. They cannot
        # be started again before they have ended.
        self._starts: set[str] = set()

    def notice(self, event: EngineEvent) -> bool:
        """Record an event of an instance; return whether it may show what no pass has observed."""
        match event.action:
            case "start" if event.resource_id in self._starts:
                self._starts.remove(event.resource_id)
                return False
            case "die" | "oom":
                self._starts.discard(event.resource_id)
                self._remember(event)
            case _:
                pass
        # What was only made does not run yet, and nobody but a pass makes it.
        return event.action != "create"

    def expect_start(self, resource_id: str) -> None:
        """Ignore the next start event: the pass that starts the instance observes it afterwards."""
        self._starts.add(resource_id)

    def expect_no_start(self, resource_id: str) -> None:
        """Undo ``expect_start``: the start has failed."""
        self._starts.discard(resource_id)

    def forget_end(self, resource_id: str) -> None:
        """Drop an end that was reported."""
        self._ends.pop(resource_id, None)

    def end(self, instance: Instance, container: SeenContainer | None) -> ProgramEnd:
        """Return how a program ended unexpectedly, from its container and the events of the engine."""
        if container is None:
            return ProgramEnd(None, "its container was removed by hand", instance.started_at, None)
        end = self._ends.get(instance.public_id, _NOT_SEEN)
        if instance.started_at is not None and end.at < instance.started_at:
            end = _NOT_SEEN  # of an earlier run
        if container.state == "running":
            if end.exit_code is None:
                why, ended_at = "it ended while nobody watched", None
            else:
                why, ended_at = _reason(end.exit_code, oom=end.oom), end.at
            reason = f"{why}; the engine started it again"
            return ProgramEnd(end.exit_code, reason, instance.started_at, ended_at)
        exit_code = container.exit_code if container.exit_code is not None else end.exit_code
        return ProgramEnd(
            exit_code,
            _reason(exit_code, oom=end.oom or container.oom_killed),
            container.started_at,
            container.finished_at,
        )

    def _remember(self, event: EngineEvent) -> None:
        before = self._ends.get(event.resource_id, _NOT_SEEN)
        oom = event.action == "oom"
        exit_code = before.exit_code if oom else event.exit_code
        self._ends[event.resource_id] = _End(exit_code, before.oom or oom, event.at)
        while len(self._ends) > _REMEMBERED:
            self._ends.popitem(last=False)


def _reason(exit_code: int | None, *, oom: bool) -> str:
    if oom:
        return "it used more memory than its type has and was killed"
    if exit_code is None:
        return "it ended"
    if exit_code in _NOT_RUN:
        return _NOT_RUN[exit_code]
    if exit_code > 128:
        names = {130: "interrupted", 137: "killed", 139: "a memory fault", 143: "asked to end"}
        return f"{names.get(exit_code, 'ended by a signal')} (exit {exit_code})"
    return f"its program ended with code {exit_code}"
