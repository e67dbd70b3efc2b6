"""When an instance runs: what is wanted, what is seen, and how its program ended.

Rules
-----
* What is wanted (running, stopped, terminated) and what is seen are kept apart; ``running`` means it runs.
* A program that ends by itself is started again when its restart policy covers it; otherwise the instance is stopped.
* A terminated instance takes no commands but repeated termination.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from eventsourcing.domain import event

from domain.aggregate import Aggregate
from domain.errors import Conflict
from domain.instance.spec import RestartPolicy


class InstanceTerminated(Conflict):
    """cannot change a terminated instance"""

    code = "instance_terminated"


class InstanceNotStopped(Conflict):
    """cannot do that unless the instance is stopped"""

    code = "instance_not_stopped"


@dataclass(frozen=True, slots=True)
class ProgramEnd:
    """How a program ended that nobody had asked to; ``started_at`` tells which run it was."""

    exit_code: int | None
    reason: str
    started_at: datetime | None
    ended_at: datetime | None


class Living(Aggregate, is_abstract=True):
    """What runs, stops and ends for good."""

    restart: RestartPolicy

    class Started(Aggregate.Event):
        """The container runs."""

        address: str | None
        started_at: datetime

    class StartRequested(Aggregate.Event):
        """It should run."""

    class StopRequested(Aggregate.Event):
        """It should not run."""

    class Stopped(Aggregate.Event):
        """It does not run, as was asked; ``starts_again`` says whether a start was asked for meanwhile."""

        exit_code: int | None
        started_at: datetime | None
        starts_again: bool

    class RebootRequested(Aggregate.Event):
        """It should stop and run again."""

    class Crashed(Aggregate.Event):
        """The program ended though nobody asked; ``heals`` says whether it is started again."""

        exit_code: int | None
        reason: str
        started_at: datetime | None
        ended_at: datetime | None
        heals: bool

    class Failed(Aggregate.Event):
        """It cannot be brought in line at the moment."""

        reason: str

    class TerminateRequested(Aggregate.Event):
        """It should be gone for good."""

    class Terminated(Aggregate.Event):
        """It is gone."""

    def start(self) -> None:
        """Ask it to run. Raises InstanceTerminated."""
        self.refuse_if_terminated()
        if self.wanted != "running":
            self.trigger_event(self.StartRequested)

    def stop(self) -> None:
        """Ask it not to run. Raises InstanceTerminated."""
        self.refuse_if_terminated()
        if self.wanted != "stopped":
            self.trigger_event(self.StopRequested)

    def reboot(self) -> None:
        """Ask it to stop and run again. Raises InstanceTerminated, Conflict when it is stopped."""
        self.refuse_if_terminated()
        if self.wanted != "running":
            raise Conflict(f"cannot reboot {self.name}: it is {self.status}; start it instead")
        if not self.reboots:
            self.trigger_event(self.RebootRequested)

    def terminate(self) -> None:
        """Ask it to be gone for good."""
        if self.wanted != "terminated":
            self.trigger_event(self.TerminateRequested)

    def report_started(self, address: str | None, started_at: datetime) -> None:
        """Note that the container runs."""
        if self.status != "running" or started_at != self.started_at or address != self.address:
            self.trigger_event(self.Started, address=address, started_at=started_at)

    def report_stopped(self, exit_code: int | None, started_at: datetime | None) -> None:
        """Note that it does not run, as was asked, and which run ended so."""
        is_news = self.status != "stopped" or started_at not in {None, self.started_at}
        if self.is_stopping or (self.wanted == "stopped" and is_news):
            self.trigger_event(
                self.Stopped,
                exit_code=exit_code,
                started_at=started_at,
                starts_again=self.wanted == "running",
            )

    def report_crashed(self, end: ProgramEnd) -> None:
        """Note that the program ended though nobody asked, and whether the restart policy covers that."""
        heals = self.restart == "always" or (self.restart == "on-failure" and end.exit_code != 0)
        self.trigger_event(
            self.Crashed,
            exit_code=end.exit_code,
            reason=end.reason,
            started_at=end.started_at,
            ended_at=end.ended_at,
            heals=heals,
        )

    def report_failed(self, reason: str) -> None:
        """Note why it cannot be brought in line; once per reason."""
        if reason != self.status_reason:
            self.trigger_event(self.Failed, reason=reason)

    def report_terminated(self) -> None:
        """Note that it is gone; gives back its name and ports and forgets its secrets."""
        if self.status != "terminated":
            self.conditions.releases += self.held_claims()
            self.conditions.erases += self.held_secrets()
            self.trigger_event(self.Terminated)

    def refuse_if_terminated(self) -> None:
        """Raise InstanceTerminated."""
        if self.wanted == "terminated":
            raise InstanceTerminated(f"cannot change instance {self.name}: it is {self.status}")

    def refuse_unless_stopped(self, what: str) -> None:
        """Raise InstanceTerminated, InstanceNotStopped."""
        self.refuse_if_terminated()
        if self.status != "stopped":
            raise InstanceNotStopped(f"cannot {what} {self.name}: it is {self.status}; stop it first")

    def _begin_life(self) -> None:
        self.wanted: Literal["running", "stopped", "terminated"] = "running"
        self.status = "pending"
        self.status_reason: str | None = None
        self.address: str | None = None
        self.started_at: datetime | None = None
        """When the newest run began that we have heard of; it tells runs apart."""
        self.is_up = False
        """That run goes on, as far as we have heard, and nobody asked it to end."""
        self.is_stopping = False
        """A start was asked for before the stop was done."""
        self.reboots = False

    @event(Started)
    def _started(self, address: str | None, started_at: datetime) -> None:
        self.address = address
        self.started_at = started_at
        self.is_up = True
        self.is_stopping = False
        self.reboots = False
        self._turn("running")

    @event(StartRequested)
    def _start_requested(self) -> None:
        self.wanted = "running"
        self.is_stopping = self.status != "stopped"
        self._turn("starting")

    @event(StopRequested)
    def _stop_requested(self) -> None:
        self.wanted = "stopped"
        self.is_up = False
        self.is_stopping = False
        self.reboots = False
        self._turn("stopping")

    @event(Stopped)
    def _stopped(
        self,
        exit_code: int | None,  # noqa: ARG002 - for readers
        started_at: datetime | None,
        starts_again: bool,  # noqa: FBT001
    ) -> None:
        # An end that was asked for is no news either.
        self.started_at = started_at or self.started_at
        self.is_up = False
        self.is_stopping = False
        self._turn("starting" if starts_again else "stopped")

    @event(RebootRequested)
    def _reboot_requested(self) -> None:
        self.reboots = True
        self.is_up = False
        self._turn("starting", "rebooting")

    @event(Crashed)
    def _crashed(
        self,
        exit_code: int | None,  # noqa: ARG002
        reason: str,
        started_at: datetime | None,
        ended_at: datetime | None,  # noqa: ARG002
        heals: bool,  # noqa: FBT001
    ) -> None:
        # Remembering which run ended keeps the same end from being reported twice.
        self.started_at = started_at or self.started_at
        self.is_up = False
        self.reboots = False
        if heals:
            self._turn("starting", reason)
        else:
            self.wanted = "stopped"
            self._turn("stopped", reason)

    @event(Failed)
    def _failed(self, reason: str) -> None:
        self._turn("error", reason)

    @event(TerminateRequested)
    def _terminate_requested(self) -> None:
        self.wanted = "terminated"
        self._turn("terminating")

    @event(Terminated)
    def _terminated(self) -> None:
        self.address = None
        self._turn("terminated")

    def _turn(self, status: str, reason: str | None = None) -> None:
        self.status = status
        self.status_reason = reason
