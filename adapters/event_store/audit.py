"""Verifies the tables beside the log: claims and secrets, and causes and order of events."""

from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any, LiteralString
from uuid import UUID

import psycopg
from eventsourcing.persistence import StoredEvent
from psycopg.rows import dict_row

from adapters.event_store.mapper import OrjsonMapper
from domain.aggregate import Aggregate, Claim

_LOG: LiteralString = """
    SELECT originator_id, originator_version, topic, convert_to(state::text, 'UTF8') AS state
    FROM events ORDER BY originator_id, originator_version"""
_CLAIMS: LiteralString = (
    "SELECT scope, key, owner, note FROM claims WHERE NOT starts_with(scope, 'idempotency/')"
)
_FLAWS: dict[str, LiteralString] = {
    "event {position} ({topic}) has no cause: its actor is {actor}": """
        SELECT notification_id AS position, topic, actor FROM events
        WHERE causation IS NULL AND starts_with(actor, 'system:') AND actor NOT IN ('system:setup', 'system:sweep')
        ORDER BY notification_id""",
    "event {position} ({topic}) was led to by {causation}, which is no earlier event": """
        SELECT e.notification_id AS position, e.topic, e.causation
        FROM events e LEFT JOIN events c ON c.notification_id = e.causation
        WHERE e.causation IS NOT NULL AND (c.notification_id IS NULL OR c.notification_id >= e.notification_id)
        ORDER BY e.notification_id""",
    "{resource} has {count} events though its newest is number {newest}": """
        SELECT originator_id AS resource, count(*) AS count, max(originator_version) AS newest FROM events
        GROUP BY originator_id HAVING max(originator_version) <> count(*) ORDER BY originator_id""",
    "event {position} has an earlier time than the previous event": """
        SELECT position FROM (
            SELECT notification_id AS position,
                   recorded_at < lag(recorded_at) OVER (ORDER BY notification_id) AS back FROM events) e
        WHERE back ORDER BY position""",
}
"""Errors that a log must not have, each with the query that finds it."""


def audit(conninfo: str) -> list[str]:
    """Return a sentence for each difference from the log, as of one moment, while writers continue."""
    with psycopg.Connection[dict[str, Any]].connect(conninfo, row_factory=dict_row) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        found = [
            sentence.format_map(row)
            for sentence, query in _FLAWS.items()
            for row in connection.execute(query).fetchall()
        ]
        claims = {Claim(**row) for row in connection.execute(_CLAIMS).fetchall()}
        secrets = connection.execute("SELECT secret_id, owner FROM secrets").fetchall()
        kept = {row["secret_id"]: row["owner"] for row in secrets}
        wanted_claims: set[Claim] = set()
        wanted_secrets: dict[UUID, UUID] = {}
        names: dict[UUID, str] = {}
        for id_, aggregate in _aggregates(connection):
            if aggregate is None:
                found.append(f"the events of {id_} cannot be replayed")
                continue
            names[aggregate.id] = f"{aggregate.KIND} {aggregate.name}"
            wanted_claims.update(aggregate.held_claims())
            wanted_secrets.update(dict.fromkeys(aggregate.held_secrets(), aggregate.id))
    return [*found, *_claims(claims, wanted_claims, names), *_secrets(kept, wanted_secrets, names)]


def _aggregates(connection: psycopg.Connection[dict[str, Any]]) -> Iterator[tuple[UUID, Aggregate | None]]:
    mapper = OrjsonMapper()
    with connection.cursor(name="audit") as cursor:
        cursor.itersize = 5000
        for id_, rows in groupby(cursor.execute(_LOG), key=itemgetter("originator_id")):
            stored = [
                StoredEvent(id_, row["originator_version"], row["topic"], bytes(row["state"])) for row in rows
            ]
            yield id_, _replayed(mapper, stored)


def _replayed(mapper: OrjsonMapper, stored: list[StoredEvent]) -> Aggregate | None:
    aggregate: Any = None
    try:
        for each in stored:
            event: Any = mapper.to_domain_event(each)
            aggregate = event.mutate(aggregate)
    except Exception:  # noqa: BLE001 - whatever it is, it is a finding
        return None
    return aggregate


def _claims(held: set[Claim], wanted: set[Claim], names: dict[UUID, str]) -> Iterator[str]:
    for claim in sorted(wanted - held, key=str):
        yield f"{names[claim.owner]} does not hold {claim.key} in {claim.scope}, which it should"
    for claim in sorted(held - wanted, key=str):
        owner = names.get(claim.owner, str(claim.owner))
        yield f"{owner} holds {claim.key} in {claim.scope}, which it should not"


def _secrets(kept: dict[UUID, UUID], wanted: dict[UUID, UUID], names: dict[UUID, str]) -> Iterator[str]:
    """Compare by secret, not by owner: the secret of an archive is stored with its database."""
    for owner in sorted(wanted[secret] for secret in wanted.keys() - kept.keys()):
        yield f"{names[owner]} lacks its secret"
    for owner in sorted(kept[secret] for secret in kept.keys() - wanted.keys()):
        yield f"a secret of {names.get(owner, str(owner))} is kept though nothing refers to it"
