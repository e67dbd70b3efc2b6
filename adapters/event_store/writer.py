"""Group commit: one thread writes all saves that wait, in one transaction, and tells each what became of it.

Measured: one thread with a queue reaches several times the rate of a transaction per save, because all saves
that arrive during one flush of the disk share the next one.
"""

import asyncio
import queue
import threading

from adapters.event_store.recorder import EventRecorder, Outcome

_Waiting = tuple[bytes, asyncio.AbstractEventLoop, "asyncio.Future[Outcome]"]
_MAX_BATCH = 64


class GroupWriter:
    """Hands saves from event loops to the one thread that writes."""

    def __init__(self, recorder: EventRecorder) -> None:
        self._recorder = recorder
        self._queue: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="event-writer", daemon=True)
        self._thread.start()

    async def write(self, save: bytes) -> Outcome:
        """Return what became of a save. Raises what the database raised when its fate is unknown."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Outcome] = loop.create_future()
        self._queue.put((save, loop, future))
        # A caller that goes away does not take its save back: it is written, and its answer is for nobody.
        return await asyncio.shield(future)

    def close(self) -> None:
        """Write what waits, then end."""
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (first := self._queue.get()) is not None:
            batch, last = self._batch(first)
            try:
                outcomes = self._recorder.append([save for save, _, _ in batch])
            except Exception as error:  # noqa: BLE001 - it belongs to the callers, and the writer must go on
                _answer(batch, [Outcome((), None, error)] * len(batch))
            else:
                _answer(batch, outcomes)
            if last:
                return

    def _batch(self, first: _Waiting) -> tuple[list[_Waiting], bool]:
        batch = [first]
        while len(batch) < _MAX_BATCH:
            try:
                waiting = self._queue.get_nowait()
            except queue.Empty:
                break
            if waiting is None:
                return batch, True
            batch.append(waiting)
        return batch, False


def _answer(batch: list[_Waiting], outcomes: list[Outcome]) -> None:
    # One wake-up per loop, not per save: waking a loop from another thread costs a system call.
    by_loop: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[Outcome], Outcome]]] = {}
    for (_, loop, future), outcome in zip(batch, outcomes, strict=True):
        by_loop.setdefault(loop, []).append((future, outcome))
    for loop, answers in by_loop.items():
        if not loop.is_closed():
            loop.call_soon_threadsafe(_resolve, answers)


def _resolve(answers: list[tuple[asyncio.Future[Outcome], Outcome]]) -> None:
    for future, outcome in answers:
        if not future.done():
            future.set_result(outcome)
