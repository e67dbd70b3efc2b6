"""What the engine told of programs: how they ended, and which of its news is none."""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime

from domain.instance import Instance, ProgramEnd
from domain.ports import EngineEvent, SeenContainer

_REMEMBERED = 1000


@dataclass(frozen=True, slots=True)
class _End:
    """How a program ended, as the engine told."""

    exit_code: int | None
    oom: bool
    at: datetime


_NOT_SEEN = _End(None, oom=False, at=datetime.min.replace(tzinfo=UTC))


class Told:
    """Remembers how programs ended: an engine that starts one again at once leaves no other trace of its exit code."""

    def __init__(self) -> None:
        self._ends: OrderedDict[str, _End] = OrderedDict()
        # What we start is looked at right afterwards: that it was started is no news then. Nobody can start it once
        # more before it has ended.
        self._starts: set[str] = set()

    def notice(self, event: EngineEvent) -> bool:
        """Take in an event about an instance; tell whether it may say what no pass has seen."""
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
        """Know that a pass is about to start it, and looks at it then."""
        self._starts.add(resource_id)

    def expect_no_start(self, resource_id: str) -> None:
        """Know that it could not be started after all."""
        self._starts.discard(resource_id)

    def forget_end(self, resource_id: str) -> None:
        """Its end was reported."""
        self._ends.pop(resource_id, None)

    def end(self, instance: Instance, seen: SeenContainer | None) -> ProgramEnd:
        """Return how a program ended that nobody asked to, from what is seen and what was told."""
        if seen is None:
            return ProgramEnd(None, "its container was removed by hand", instance.started_at, None)
        end = self._ends.get(instance.public_id, _NOT_SEEN)
        if instance.started_at is not None and end.at < instance.started_at:
            end = _NOT_SEEN  # of an earlier run
        if seen.state == "running":
            known = end.exit_code is not None
            why = _reason(end.exit_code, oom=end.oom) if known else "it ended while nobody watched"
            return ProgramEnd(end.exit_code, f"{why}; the engine started it again", instance.started_at, None)
        exit_code = seen.exit_code if seen.exit_code is not None else end.exit_code
        return ProgramEnd(
            exit_code, _reason(exit_code, oom=end.oom or seen.oom_killed), seen.started_at, seen.finished_at
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
    if exit_code > 128:
        names = {130: "interrupted", 137: "killed", 139: "a memory fault", 143: "asked to end"}
        return f"{names.get(exit_code, 'ended by a signal')} (exit {exit_code})"
    return f"its program ended with code {exit_code}"
