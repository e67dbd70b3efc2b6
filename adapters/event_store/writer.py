"""Group commit: one thread writes all saves that wait, in one transaction, and tells each what became of it.

Measured: one thread with a queue reaches several times the rate of a transaction per save, because all saves
that arrive during one flush of the disk share the next one.
"""

import asyncio
import contextlib
import queue
import threading
from collections.abc import Sequence

from eventsourcing.persistence import InterfaceError, OperationalError, PersistenceError

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
        """Return what became of a save; an OperationalError or InterfaceError means that nobody knows."""
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
            _answer(batch, self._write([save for save, _, _ in batch]))
            if last:
                return

    def _write(self, saves: Sequence[bytes]) -> list[Outcome]:
        try:
            return self._recorder.append(saves)
        except (OperationalError, InterfaceError) as error:
            # After a restart of Postgres every pooled connection is dead: the next batch must not meet them.
            self._recorder.datastore.pool.check()
            return [Outcome((), None, error)] * len(saves)
        except PersistenceError as error:
            # Nothing was written. One save cannot be stored, and the others must not suffer from it.
            if len(saves) > 1:
                return [outcome for save in saves for outcome in self._write([save])]
            return [Outcome((), None, error)]
        except Exception as error:  # noqa: BLE001 - it belongs to the callers, and the writer must go on
            return [Outcome((), None, error)] * len(saves)

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
        with contextlib.suppress(RuntimeError):  # the loop has ended, and nobody waits any more
            loop.call_soon_threadsafe(_resolve, answers)


def _resolve(answers: list[tuple[asyncio.Future[Outcome], Outcome]]) -> None:
    for future, outcome in answers:
        if not future.done():
            future.set_result(outcome)
