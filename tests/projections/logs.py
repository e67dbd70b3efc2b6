"""Logs in Postgres for projections to read: written by the store, projected batch by batch."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import orjson

from adapters.event_store import Follower
from adapters.event_store.mapper import OrjsonMapper
from adapters.event_store.recorder import EventRecorder, encode
from domain.aggregate import Aggregate
from domain.store import Cause, Recorded
from projections.inventory import SCHEMA, SQL, InventoryProjection
from tests.adapters import stores

_MAPPER = OrjsonMapper()


def recorded(changed: Aggregate, position: int, actor: str = "key-1") -> list[Recorded]:
    """Return an aggregate's pending events in stored form, from a position on."""
    stored = [_MAPPER.to_stored_event(event) for event in changed.collect_events()]
    at = datetime(2025, 1, 1, tzinfo=UTC)
    return [
        Recorded(
            position=position + number,
            resource_id=changed.id,
            version=event.originator_version,
            type=event.topic,
            payload=orjson.loads(event.state),
            account_id=changed.account_id,
            actor=actor,
            source_ip=None,
            request_id=None,
            correlation_id=None,
            causation=None,
            recorded_at=at + timedelta(seconds=position + number),
        )
        for number, event in enumerate(stored)
    ]


def append(recorder: EventRecorder, changed: Iterable[Aggregate]) -> None:
    """Write pending events, one save per aggregate, without claims of names."""
    saves = [
        encode(
            [_MAPPER.to_stored_event(event) for event in aggregate.collect_events()],
            Cause(actor="key-1", account_id=aggregate.account_id),
        )
        for aggregate in changed
    ]
    for first in range(0, len(saves), 50):
        outcomes = recorder.append(saves[first : first + 50])
        assert [outcome.error for outcome in outcomes if outcome.error] == []


async def project(url: str, projection: InventoryProjection, *, batch: int = 500, upto: int = 2**62) -> int:
    """Fold new events in batches, as the controller does, and return the position."""
    async with Follower(url, batch=batch) as follower:
        connection = follower.connection
        await connection.execute(f"SET search_path = {SCHEMA}, public")
        row = await (await connection.execute(SQL["position"])).fetchone()
        assert row is not None
        position: int = row["position"]
        while events := [event for event in await follower.read(position) if event.position <= upto]:
            await projection.project(connection, position, events)
            position = events[-1].position
    return position


def tables(url: str, schema: str) -> dict[str, list[str]]:
    """Return every row of a read model."""
    return {name: stores.table(url, schema, name) for name in ("resources", "versions", "progress")}
