"""When a managed server runs: what is wanted (running, stopped) and what is seen are kept apart."""

from datetime import datetime
from typing import Literal

from eventsourcing.domain import event

from domain.aggregate import Aggregate
from domain.managed import Managed
from domain.server.spec import ServerEnd, ServerStopped


class Living(Managed, is_abstract=True):
    """What runs and stops in a container, which may be replaced."""

    class Started(Aggregate.Event):
        """Its program runs; whether it can be used is another question."""

        address: str | None
        started_at: datetime

    class StartRequested(Aggregate.Event):
        """It should run."""

    class StopRequested(Aggregate.Event):
        """It should not run."""

    class Stopped(Aggregate.Event):
        """It does not run, as was asked."""

    class Crashed(Aggregate.Event):
        """It ended though nobody asked; it is started again."""

        exit_code: int | None
        reason: str

    def start(self) -> None:
        """Ask it to run. Raises BeingDeleted."""
        self.refuse_if_deleting()
        if self.wanted != "running":
            self.trigger_event(self.StartRequested)

    def stop(self) -> None:
        """Ask it not to run; its volume stays. Raises BeingDeleted."""
        self.refuse_if_deleting()
        if self.wanted != "stopped":
            self.trigger_event(self.StopRequested)

    def report_started(self, address: str | None, started_at: datetime) -> None:
        """Note that its program runs."""
        if not self.is_up or (address, started_at) != (self.address, self.started_at):
            self.trigger_event(self.Started, address=address, started_at=started_at)

    def report_stopped(self) -> None:
        """Note that it does not run, as was asked."""
        if self.wanted == "stopped" and self.status != "stopped":
            self.trigger_event(self.Stopped)

    def report_crashed(self, end: ServerEnd) -> None:
        """Note that it ended though nobody asked."""
        self.trigger_event(self.Crashed, exit_code=end.exit_code, reason=end.reason)

    def refuse_unless_wanted(self, what: str) -> None:
        """Raise BeingDeleted, or ServerStopped."""
        self.refuse_if_deleting()
        if self.wanted == "stopped":
            raise ServerStopped(f"cannot {what} {self.name}: it is {self.status}; start it first")

    def _begin_life(self) -> None:
        self.generation = 1
        self.wanted: Literal["running", "stopped"] = "running"
        self.address: str | None = None
        self.started_at: datetime | None = None
        """When the newest run began that we have heard of; it tells runs apart."""
        self.is_up = False
        """That run goes on, as far as we have heard, and nobody asked it to end."""

    def _expect(self, status: str, *, replaces: bool) -> None:
        """Be about to change, in this container or by another one."""
        if replaces:
            self.generation += 1
            self.is_up = False
        if self.wanted == "running":
            self._turn(status)

    @event(Started)
    def _started(self, address: str | None, started_at: datetime) -> None:
        self.address = address
        self.started_at = started_at
        self.is_up = True

    @event(StartRequested)
    def _start_requested(self) -> None:
        self.wanted = "running"
        self._turn("starting")

    @event(StopRequested)
    def _stop_requested(self) -> None:
        self.wanted = "stopped"
        self.is_up = False
        self._turn("stopping")

    @event(Stopped)
    def _stopped(self) -> None:
        self.address = None
        self._turn("stopped")

    @event(Crashed)
    def _crashed(self, exit_code: int | None, reason: str) -> None:  # noqa: ARG002 - for readers
        self.is_up = False
        self.address = None
        self._turn("starting", reason)
