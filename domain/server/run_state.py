"""Whether a managed server runs: the desired state, and the state that was reported last.

Every method of ``RunState`` that is named after an event returns the state after that event.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

Wanted = Literal["running", "stopped"]


@dataclass(frozen=True, slots=True)
class RunState:
    """The desired and the reported state of a server's program."""

    wanted: Wanted = "running"
    generation: int = 1
    """Increases when another container is needed."""
    address: str | None = None
    started_at: datetime | None = None
    """When the newest reported run began; it identifies the run."""
    is_up: bool = False
    """Whether that run continues, as far as is known, and was not requested to end."""

    def started(self, address: str | None, started_at: datetime) -> "RunState":
        """Return the state of a program that runs."""
        return replace(self, address=address, started_at=started_at, is_up=True)

    def start_requested(self) -> "RunState":
        """Return the state after a start was requested."""
        return replace(self, wanted="running")

    def stop_requested(self) -> "RunState":
        """Return the state after a stop was requested."""
        return replace(self, wanted="stopped", is_up=False)

    def stopped(self) -> "RunState":
        """Return the state after the requested stop."""
        return replace(self, address=None)

    def crashed(self) -> "RunState":
        """Return the state after an end that nobody requested."""
        return replace(self, address=None, is_up=False)

    def replacement_requested(self) -> "RunState":
        """Return the state after another container was requested."""
        return replace(self, generation=self.generation + 1, is_up=False)

    def undeleted(self) -> "RunState":
        """Return the state of a server without a container, as it was taken out of the trash."""
        return replace(self, address=None, is_up=False)

    def differs(self, address: str | None, started_at: datetime) -> bool:
        """Return whether a program that runs is to be reported."""
        return not self.is_up or (address, started_at) != (self.address, self.started_at)
