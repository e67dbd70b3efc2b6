"""Loads aggregates from their events; of those with many events, only the new ones since the last load.

The cache holds a private copy of an aggregate, together with its version. Events never change, and versions
have no gaps. Applying the events after that version to the copy therefore yields the aggregate, whatever was written
in between, and by whom.
"""

import pickle
from collections import OrderedDict
from typing import cast
from uuid import UUID

from eventsourcing.domain import CanMutateAggregate
from eventsourcing.persistence import EventStore

from domain.aggregate import Aggregate

_LONG = 100
"""Number of events from which an aggregate is cached: folding them takes some milliseconds."""
_REMEMBERED = 1_000


class Loader:
    """Folds events into aggregates. Thread-safe."""

    def __init__(self, events: EventStore[UUID]) -> None:
        self._events = events
        self._remembered: OrderedDict[UUID, tuple[int, bytes]] = OrderedDict()

    def load(self, resource_id: UUID) -> Aggregate | None:
        """Return the current aggregate, None when it has no events."""
        version, copied = self._remembered.get(resource_id, (0, None))
        # Pickled by this process, never read from a file or another process.
        aggregate: Aggregate | None = pickle.loads(copied) if copied is not None else None  # noqa: S301
        for event in self._events.get(resource_id, gt=version or None):
            aggregate = cast("CanMutateAggregate[UUID]", event).mutate(aggregate)
        if aggregate is not None and aggregate.version - version >= _LONG:
            self._remember(resource_id, aggregate)
        return aggregate

    def _remember(self, resource_id: UUID, aggregate: Aggregate) -> None:
        self._remembered[resource_id] = (aggregate.version, pickle.dumps(aggregate))
        while len(self._remembered) > _REMEMBERED:
            self._remembered.popitem(last=False)
