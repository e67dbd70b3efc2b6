"""Loads aggregates from their events; of a long life only what is new since the last time.

What is remembered is a copy that nobody was ever given, together with its version. Events never change, and versions
have no gaps: so that copy and the events above its version are the aggregate, whatever was decided, refused or written
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
"""So many events are folded before the outcome is worth a copy: some milliseconds."""
_REMEMBERED = 1_000


class Loader:
    """Folds events into aggregates. May be used by several threads."""

    def __init__(self, events: EventStore[UUID]) -> None:
        self._events = events
        self._remembered: OrderedDict[UUID, tuple[int, bytes]] = OrderedDict()

    def load(self, resource_id: UUID) -> Aggregate | None:
        """Return the aggregate as it is now, None when there are no such events."""
        version, copied = self._remembered.get(resource_id, (0, None))
        # Of our own memory, never of a file or of somebody else.
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
