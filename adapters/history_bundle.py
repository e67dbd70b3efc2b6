"""Exports a part of the log to a file for another machine: `docs/time-machine.md` describes the format.

It holds every event, up to the end of its window, of every resource that existed in the window, of every resource that
caused one of these events, and of the keys that issued them. Each resource is complete, and any moment of the
window can be read. Values that only the original store needs, such as the hash of a key, are blanked.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Any, LiteralString
from uuid import UUID

import orjson
import psycopg
from psycopg.rows import dict_row

from adapters.bundle_chain import BundleDamaged, ChainWriter, read_chain
from domain import moments
from domain.errors import Refused
from domain.values import parse_id, shown

FORMAT = 1

_COLUMNS = (
    "notification_id, originator_id, originator_version, topic, state, account_id, actor, source_ip, request_id,"
    " correlation_id, causation, recorded_at"
)
_LIVED: LiteralString = """
    SELECT resource_id FROM read_model.resources
    WHERE created_position <= %(to)s AND (ended_position IS NULL OR ended_position > %(from)s)
    UNION SELECT originator_id FROM events WHERE notification_id > %(from)s AND notification_id <= %(to)s"""
"""The read model may lag behind: resources that it does not have yet have events in the window."""
_LED: LiteralString = """
    SELECT DISTINCT c.originator_id FROM events e JOIN events c ON c.notification_id = e.causation
    WHERE e.originator_id = ANY(%(ids)s) AND e.notification_id <= %(to)s"""
_MADE: LiteralString = """
    SELECT DISTINCT actor FROM events WHERE originator_id = ANY(%(ids)s) AND notification_id <= %(to)s"""
_EVENTS: LiteralString = """
    SELECT notification_id AS position, originator_id AS resource_id, originator_version AS version, topic AS type,
           state::text AS payload, account_id, actor, source_ip, request_id, correlation_id, causation, recorded_at
    FROM events WHERE notification_id <= %(to)s AND originator_id = ANY(%(ids)s) ORDER BY notification_id"""
_MOMENT: LiteralString = """
    SELECT now() AS now, coalesce(max(notification_id), 0) AS head,
           coalesce((SELECT notification_id FROM events WHERE recorded_at <= %(instant)s
                     ORDER BY recorded_at DESC, notification_id DESC LIMIT 1), 0) AS position,
           (SELECT recorded_at FROM events WHERE notification_id <= %(position)s
            ORDER BY notification_id DESC LIMIT 1) AS instant
    FROM events"""


@dataclass(frozen=True, slots=True)
class Header:
    """The header of a bundle: its window is after ``after``, up to and including ``to`` at the time ``ends_at``."""

    cloud: str
    after: int
    to: int
    ends_at: datetime
    created_at: datetime
    accounts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ExportRange:
    """Which window to write; a moment is a position or an RFC 3339 instant, None the beginning or now."""

    cloud: str
    after: str | None
    to: str | None
    blank: Mapping[str, Iterable[str]]
    """Fields to blank, by type of event."""


def export(conninfo: str, file: IO[bytes], export_range: ExportRange) -> tuple[Header, int]:
    """Write a bundle as of one moment, and return its header and number of events. Raises Refused."""
    with psycopg.Connection[dict[str, Any]].connect(conninfo, row_factory=dict_row) as connection:
        # An append in progress may have an earlier timestamp: it belongs into the bundle.
        connection.execute("SELECT pg_advisory_xact_lock_shared(7202, 1)")
        connection.commit()
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        after, _ = _moment(connection, export_range.after) if export_range.after is not None else (0, None)
        to, ends_at = _moment(connection, export_range.to)
        if after > to:
            raise Refused(
                f"cannot export a range that ends before it starts: position {after} to position {to}"
            )
        ids = _resources(connection, after, to)
        row = connection.execute(
            "SELECT array_agg(DISTINCT account_id ORDER BY account_id) AS accounts, now() AS now FROM events"
            " WHERE originator_id = ANY(%s) AND notification_id <= %s",
            (list(ids), to),
        ).fetchone()
        assert row is not None  # noqa: S101 - an aggregate always has a row
        accounts = tuple(row["accounts"] or ())
        header = Header(export_range.cloud, after, to, ends_at, row["now"], accounts)
        count = _write(connection, ChainWriter(file), header, ids, export_range.blank)
    return header, count


def check(file: IO[bytes]) -> Header:
    """Read a whole bundle and return its header. Raises BundleDamaged, Refused."""
    header, *_ = load(file)
    assert isinstance(header, Header)  # noqa: S101 - comes first
    return header


def load(file: IO[bytes]) -> Iterator[Header | dict[str, Any]]:
    """Yield the header, then each event. Raises BundleDamaged, Refused."""
    records = read_chain(file)
    _, first = next(records, (0, None))
    if first is None:
        raise BundleDamaged("cannot trust the bundle: it is empty")
    yield _header(first)
    count, ended, number = 0, False, 1
    for number, record in records:
        if ended:
            raise BundleDamaged(f"cannot trust the bundle: line {number} comes after its end")
        if "events" in record:
            ended = record["events"] == count
            continue
        count += 1
        yield record
    if not ended:
        raise BundleDamaged(f"cannot trust the bundle: it is cut off after line {number} ({count} events)")


def load_into(conninfo: str, file: IO[bytes]) -> Header:
    """Copy a bundle into an empty store, atomically. Raises BundleDamaged, Refused."""
    records = load(file)
    header = next(records)
    assert isinstance(header, Header)  # noqa: S101 - comes first
    with (
        psycopg.connect(conninfo) as connection,
        connection.cursor() as cursor,
        cursor.copy(f"COPY events ({_COLUMNS}) FROM STDIN".encode()) as copy,
    ):
        for event in records:
            assert isinstance(event, dict)  # noqa: S101 - comes after the header
            event["payload"] = orjson.dumps(event["payload"]).decode()
            copy.write_row(list(event.values()))
    return header


def _moment(connection: psycopg.Connection[dict[str, Any]], text: str | None) -> tuple[int, datetime]:
    """Return the position and the time that a text names; None means now."""
    position, instant = _parsed(text)
    row = connection.execute(_MOMENT, {"instant": instant, "position": position or 0}).fetchone()
    assert row is not None  # noqa: S101 - an aggregate always has a row
    if (position or 0) > row["head"] or (instant is not None and instant > row["now"]):
        raise Refused(
            f"cannot export as of {shown(text or '')}: it is in the future; the newest event is {row['head']}"
        )
    if position is not None:
        return position, row["instant"] or row["now"]
    return (row["position"], instant) if instant is not None else (row["head"], row["now"])


def _parsed(text: str | None) -> tuple[int | None, datetime | None]:
    """Return the position or the time that a text names, neither for None. Raises Refused."""
    if text is None:
        return None, None
    if text.isascii() and text.isdigit() and len(text) <= 18:
        return int(text), None
    instant = moments.instant(text)
    if instant is None:
        raise Refused(
            f"cannot export as of {shown(text)}: use an RFC 3339 timestamp with a time zone, or a position"
        )
    return None, instant


def _resources(connection: psycopg.Connection[dict[str, Any]], after: int, to: int) -> set[UUID]:
    """Return the resources of the window, those that caused their events, and the keys involved."""
    found: set[UUID] = set()
    lived = connection.execute(_LIVED, {"from": after, "to": to}).fetchall()
    news = {row["resource_id"] for row in lived}
    while news:
        found |= news
        values = {"ids": list(news), "to": to}
        led = {row["originator_id"] for row in connection.execute(_LED, values).fetchall()}
        actors = [parse_id(row["actor"]) for row in connection.execute(_MADE, values).fetchall()]
        news = (led | {parsed[1] for parsed in actors if parsed is not None}) - found
    return found


def _write(
    connection: psycopg.Connection[dict[str, Any]],
    chain: ChainWriter,
    header: Header,
    ids: set[UUID],
    blank: Mapping[str, Iterable[str]],
) -> int:
    count = 0
    window = {"from": header.after, "to": header.to, "ends_at": header.ends_at}
    about = {"cloud": header.cloud, "created_at": header.created_at, "accounts": list(header.accounts)}
    chain.write({"miniaws_bundle": FORMAT, **about, **window})
    with connection.cursor(name="bundle") as cursor:
        cursor.itersize = 5000
        for row in cursor.execute(_EVENTS, {"ids": list(ids), "to": header.to}):
            payload = orjson.loads(row["payload"])
            payload |= dict.fromkeys(blank.get(row["type"], ()), "")
            chain.write({**row, "payload": payload})
            count += 1
    chain.write({"events": count, "to": header.to})
    return count


def _header(record: dict[str, Any]) -> Header:
    written: Any = record.get("miniaws_bundle")
    if written != FORMAT:
        raise Refused(
            f"cannot open the bundle: its format is {written!r}, this version of miniaws reads {FORMAT}"
        )
    return Header(
        record["cloud"],
        record["from"],
        record["to"],
        datetime.fromisoformat(record["ends_at"]),
        datetime.fromisoformat(record["created_at"]),
        tuple(record["accounts"]),
    )
