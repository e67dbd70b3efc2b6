"""Whether an instance runs: the desired state, the reported state, and how its program ended.

Every method of ``RunState`` that is named after an event returns the state after that event.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from domain.instance.spec import RestartPolicy
from domain.status import SETTLING

Wanted = Literal["running", "stopped", "terminated"]
NOT_RUN = frozenset({126, 127})
"""Exit codes of an init process, as of a shell, that may not run the program or does not find it."""
AT_ONCE = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class ProgramEnd:
    """How a program ended without a request; ``started_at`` identifies the run."""

    exit_code: int | None
    reason: str
    started_at: datetime | None
    ended_at: datetime | None

    @property
    def never_ran(self) -> bool:
        """Whether the init process found no program that it could run: it exits with 126 or 127, at once."""
        if self.exit_code not in NOT_RUN or self.started_at is None or self.ended_at is None:
            return False
        return self.ended_at - self.started_at < AT_ONCE

    def is_covered_by(self, restart: RestartPolicy) -> bool:
        """Return whether the program is started again."""
        return restart == "always" or (restart == "on-failure" and self.exit_code != 0)


@dataclass(frozen=True, slots=True)
class RunState:
    """The desired and the reported state of an instance."""

    wanted: Wanted = "running"
    status: str = "pending"
    status_reason: str | None = None
    address: str | None = None
    started_at: datetime | None = None
    """When the newest reported run began; it identifies the run."""
    is_up: bool = False
    """Whether that run continues, and was not requested to end."""
    is_stopping: bool = False
    """A start was requested before the stop was complete."""
    reboots: bool = False
    wanted_before: Wanted = "running"
    """The desired state before termination was requested."""

    def started(self, address: str | None, started_at: datetime) -> "RunState":
        """Return the state of a program that runs."""
        return replace(
            self._turned("running"),
            address=address,
            started_at=started_at,
            is_up=True,
            is_stopping=False,
            reboots=False,
        )

    def start_requested(self) -> "RunState":
        """Return the state after a start was requested, perhaps before the stop was complete."""
        return replace(self._turned("starting"), wanted="running", is_stopping=self.status != "stopped")

    def stop_requested(self) -> "RunState":
        """Return the state after a stop was requested."""
        return replace(
            self._turned("stopping"), wanted="stopped", is_up=False, is_stopping=False, reboots=False
        )

    def stopped(self, started_at: datetime | None, *, starts_again: bool) -> "RunState":
        """Return the state after a run ended as requested."""
        return replace(
            self._turned("starting" if starts_again else "stopped"),
            # An end that was requested is not reported again either.
            started_at=started_at or self.started_at,
            is_up=False,
            is_stopping=False,
        )

    def reboot_requested(self) -> "RunState":
        """Return the state after a reboot was requested."""
        return replace(self._turned("starting", "rebooting"), reboots=True, is_up=False)

    def crashed(self, reason: str, started_at: datetime | None, *, heals: bool) -> "RunState":
        """Return the state after an end without a request."""
        return replace(
            self._turned("starting" if heals else "stopped", reason),
            wanted=self.wanted if heals else "stopped",
            # Remembering which run ended keeps the same end from being reported twice.
            started_at=started_at or self.started_at,
            is_up=False,
            reboots=False,
        )

    def image_awaited(self, status: str, reason: str) -> "RunState":
        """Return the state while an image is missing."""
        return self._turned(status, reason)

    def failed(self, reason: str) -> "RunState":
        """Return the state after a failure; what is known of the run stays."""
        return self._turned("error", reason)

    def terminate_requested(self) -> "RunState":
        """Return the state after termination was requested."""
        return replace(self._turned("terminating"), wanted="terminated", wanted_before=self.wanted)

    def trashed(self, started_at: datetime | None) -> "RunState":
        """Return the state in the trash; the run that ended is not reported again after it is restored."""
        return replace(
            self._turned("trashed"),
            address=None,
            started_at=started_at or self.started_at,
            is_up=False,
            is_stopping=False,
            reboots=False,
        )

    def undeleted(self, *, starts_again: bool) -> "RunState":
        """Return the state after it was taken out of the trash."""
        if starts_again:
            return replace(self._turned("starting"), wanted="running")
        return replace(self._turned("stopped"), wanted="stopped")

    def purging(self, reason: str) -> "RunState":
        """Return the state while it is removed for good."""
        return self._turned("purging", reason)

    def terminated(self) -> "RunState":
        """Return the state after termination."""
        return replace(self._turned("terminated"), address=None)

    def differs(self, address: str | None, started_at: datetime) -> bool:
        """Return whether a container that runs is to be reported."""
        return (self.status, self.address, self.started_at) != ("running", address, started_at)

    def is_stop_news(self, started_at: datetime | None) -> bool:
        """Return whether a container that does not run, as was requested, is to be reported."""
        is_news = self.status != "stopped" or started_at not in {None, self.started_at}
        return self.is_stopping or (self.wanted == "stopped" and is_news)

    def while_awaiting(self) -> str:
        """Return the status while an image is missing: what is under way stays."""
        return self.status if self.status in SETTLING else "starting"

    def _turned(self, status: str, reason: str | None = None) -> "RunState":
        return replace(self, status=status, status_reason=reason)
