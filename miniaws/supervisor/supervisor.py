"""Starts programs in order, restarts them, and stops them in reverse order."""

import os
import select
import signal
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from miniaws.supervisor import logs, processes, state
from miniaws.supervisor.child import Child
from miniaws.supervisor.programs import Program
from miniaws.supervisor.state import State

ATTEMPTS = 3
"""How often a program may fail before all are ready for the first time."""

PROBE_S = 0.1
IDLE_S = 5.0
ROTATE_S = 60.0
GRACE_S = 20.0
"""Seconds before a child that does not stop is killed."""

REMAINS_GRACE_S = 3.0
"""The same for processes of an earlier run, which have already got their parent-death signal."""

ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class Supervisor:
    """One run. Children start in stages: a stage starts when the previous one is ready, or done."""

    def __init__(
        self,
        home: Path,
        stages: Sequence[Sequence[Program]],
        *,
        url: str,
        version: str,
        report: Callable[[str], None],
        on_ready: Callable[[], None] = lambda: None,
    ) -> None:
        """``report`` is called with a sentence about each event that users may want to know."""
        self._home = home
        self._stages = [[Child(program) for program in stage] for stage in stages]
        self._children = [child for stage in self._stages for child in stage]
        self._report = report
        self._on_ready = on_ready
        self._was_ready = False
        self._signals = 0
        self._rotate_at = 0.0
        self._state = State(
            pid=os.getpid(),
            born=processes.birth(os.getpid()) or 0,
            started_at=time.time(),
            version=version,
            url=url,
        )

    def run(self) -> bool:
        """Run until a termination signal. Return False when the start failed.

        The caller holds the lock of ``home``, and must be the main thread: children end with it.
        """
        with _wakeup(self._told_to_end) as wakeup:
            self._end_remains()
            try:
                while not self._signals:
                    if self._failed_for_good():
                        return False
                    self._step()
                    select.select([wakeup, *self._descriptors()], [], [], self._timeout_s())
                    _drain(wakeup)
            finally:
                self._end(wakeup)
                state.remove(self._home)
        return True

    def _step(self) -> None:
        before = [child.state() for child in self._children]
        for child in self._children:
            was_ready = child.is_ready
            if (reason := child.look()) is not None:
                self._report(f"{child.name} {reason}")
            if child.is_ready and not was_ready:
                self._report(f"{child.name} is {'done' if child.is_done else 'ready'}")
        self._start_what_is_due()
        is_ready = all(child.is_ready for child in self._children)
        if [child.state() for child in self._children] != before or not self._state.children:
            self._write_down(is_ready=is_ready)
        if is_ready and not self._was_ready:
            self._was_ready = True
            self._on_ready()
        self._rotate()

    def _start_what_is_due(self) -> None:
        for stage in self._stages:
            for child in stage:
                if child.process is not None or child.is_done or child.due_at > time.monotonic():
                    continue
                if child.failures:
                    self._report(f"{child.name} is started again")
                if (reason := child.spawn()) is not None:
                    self._report(f"{child.name}: {reason}")
            # After the first complete start, a child is restarted without waiting for the others.
            if not self._was_ready and not all(child.is_ready for child in stage):
                return

    def _failed_for_good(self) -> bool:
        failed = [child for child in self._children if child.failures >= ATTEMPTS]
        if self._was_ready or not failed:
            return False
        self._report(f"cannot start {failed[0].name}: {failed[0].state().reason}")
        self._report(f"see {failed[0].program.log}")
        return True

    def _timeout_s(self) -> float:
        now = time.monotonic()
        waiting = [child for child in self._children if child.process is None and not child.is_done]
        if any(child.process is not None and not child.is_ready for child in self._children):
            return PROBE_S
        return min([IDLE_S, *(max(PROBE_S, child.due_at - now) for child in waiting)])

    def _descriptors(self) -> list[int]:
        return [child.descriptor for child in self._children if child.descriptor is not None]

    def _write_down(self, *, is_ready: bool) -> None:
        children = tuple(child.state() for child in self._children)
        self._state = self._state.model_copy(update={"children": children, "is_ready": is_ready})
        state.write(self._home, self._state)

    def _rotate(self) -> None:
        if time.monotonic() >= self._rotate_at:
            self._rotate_at = time.monotonic() + ROTATE_S
            for child in self._children:
                logs.rotate(child.program.log)

    def _end_remains(self) -> None:
        """Stop the children of a killed supervisor; the database does so by itself."""
        earlier = state.read(self._home)
        for child in earlier.children if earlier else ():
            if child.pid is None or child.born is None or child.name == "postgres":
                continue
            if processes.end(child.pid, child.born, grace_s=REMAINS_GRACE_S):
                self._report(f"ended the {child.name} that an earlier run left")

    def _end(self, wakeup: int) -> None:
        for stage in reversed(self._stages):
            running = [child for child in stage if child.process is not None]
            for child in running:
                child.tell_to_end()
            self._wait_for(running, wakeup)
            for child in running:
                if not child.wait(0):
                    self._report(f"{child.name} did not end by itself and is killed")
                    child.tell_to_end(signal.SIGKILL)
                    child.wait(GRACE_S)

    def _wait_for(self, children: Sequence[Child], wakeup: int) -> None:
        """Wait until the children exit, for the grace period or until a second signal."""
        deadline = time.monotonic() + GRACE_S
        asked = self._signals
        while (left_s := deadline - time.monotonic()) > 0 and self._signals == asked:
            running = [child for child in children if not child.wait(0)]
            if not running:
                return
            descriptors = [child.descriptor for child in running if child.descriptor is not None]
            select.select([wakeup, *descriptors], [], [], left_s)
            _drain(wakeup)

    def _told_to_end(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self._signals += 1


@contextmanager
def _wakeup(on_signal: Callable[[int, FrameType | None], None]) -> Generator[int]:
    """Yield a descriptor that becomes readable when a termination signal arrives."""
    reader, writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    before = {number: signal.signal(number, on_signal) for number in ENDING}
    previous = signal.set_wakeup_fd(writer)
    try:
        yield reader
    finally:
        signal.set_wakeup_fd(previous)
        for number, action in before.items():
            signal.signal(number, action)
        os.close(reader)
        os.close(writer)


def _drain(wakeup: int) -> None:
    try:
        os.read(wakeup, 1024)
    except BlockingIOError:
        return
