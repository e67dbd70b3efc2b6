"""One child of the supervisor: started, monitored, restarted."""

import os
import signal
import subprocess
import time

from domain.errors import PortError
from miniaws.supervisor import processes
from miniaws.supervisor.programs import Program
from miniaws.supervisor.state import ChildState

FIRST_DELAY_S = 0.2
LONGEST_DELAY_S = 30.0
STEADY_S = 30.0
"""A child that ran for this long is restarted immediately when it exits."""


class Child:
    """A program and its current process. Times are seconds of the monotonic clock."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.process: subprocess.Popen[bytes] | None = None
        self.descriptor: int | None = None
        self.is_ready = False
        self.is_done = False
        self.failures = 0
        """Consecutive exits without a long run."""
        self.due_at = 0.0
        self._spawned_at = 0.0
        self._state = ChildState(name=program.name)

    @property
    def name(self) -> str:
        """The name shown to users."""
        return self.program.name

    def state(self) -> ChildState:
        """Return the state to store."""
        return self._state.model_copy(update={"is_ready": self.is_ready})

    def spawn(self) -> str | None:
        """Start it; return the reason of a failure, or None."""
        try:
            self.process = self.program.spawn()
        except (PortError, OSError) as error:
            self._failed(str(error))
            return str(error)
        self.descriptor = os.pidfd_open(self.process.pid)
        self._spawned_at = time.monotonic()
        self._state = self._state.model_copy(
            update={
                "pid": self.process.pid,
                "born": processes.birth(self.process.pid),
                "started_at": time.time(),
                "reason": None,
            }
        )
        return None

    def look(self) -> str | None:
        """Update its state; return a sentence when it has failed."""
        if self.process is None or self.descriptor is None:
            return None
        if not processes.has_ended(self.descriptor, 0):
            self.is_ready = self.is_ready or (not self.program.ends_by_itself and self.program.is_ready())
            return None
        code = self._collect()
        if self.program.ends_by_itself and code == 0:
            self.is_ready = self.is_done = True
            return None
        if time.monotonic() - self._spawned_at > STEADY_S:
            self.failures = 0
        reason = f"{_how_it_ended(code)}: {self.program.why_it_ended()}"
        self._failed(reason)
        return reason

    def tell_to_end(self, number: signal.Signals | None = None) -> None:
        """Send it its stop signal, or another one."""
        if self.process is not None:
            self.process.send_signal(number or self.program.stop_signal)

    def wait(self, timeout_s: float) -> bool:
        """Wait until it exits; return whether it has."""
        if self.descriptor is None:
            return True
        if not processes.has_ended(self.descriptor, timeout_s):
            return False
        self._collect()
        return True

    def _collect(self) -> int:
        if self.process is None or self.descriptor is None:
            raise RuntimeError("cannot reap a child that was not started")
        # Before its process id can be reused: kill the rest of its group.
        processes.end_group(self.process.pid)
        code = self.process.wait()
        os.close(self.descriptor)
        self.process = self.descriptor = None
        self.is_ready = False
        self._state = self._state.model_copy(update={"pid": None, "born": None, "started_at": None})
        return code

    def _failed(self, reason: str) -> None:
        delay_s = min(FIRST_DELAY_S * 2**self.failures, LONGEST_DELAY_S)
        self.failures += 1
        self.due_at = time.monotonic() + delay_s
        restarts = self._state.restarts + 1
        self._state = self._state.model_copy(update={"reason": reason, "restarts": restarts})


def _how_it_ended(code: int) -> str:
    if code >= 0:
        return f"ended with code {code}"
    try:
        return f"was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"was ended by signal {-code}"
