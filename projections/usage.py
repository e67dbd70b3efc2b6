"""How long what was used, from the versions of the inventory: exact to the event, so windows add up."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby, pairwise
from operator import itemgetter
from typing import Any

import orjson

from projections import metering
from projections.document import Document
from projections.inventory import Inventory
from projections.sql import queries

_SQL = queries("usage")
_AT_ONCE = 500
_MICROSECOND = timedelta(microseconds=1)
_ENDLESS = datetime.max.replace(tzinfo=UTC)

Totals = dict[str | None, dict[str, int]]
"""Microseconds times what was used, by group and measure; whole numbers, so sums are exact."""


@dataclass(frozen=True, slots=True)
class Window:
    """From one instant to another, and the newest positions at these instants. ``account`` None means every account."""

    start: datetime
    end: datetime
    after: int
    to: int
    account: str | None


class Usage:
    """Answers how long what was used."""

    def __init__(self, inventory: Inventory) -> None:
        self._reads = inventory

    async def ledger(self, window: Window, group_by: str) -> Totals:
        """Return totals by ``account``, ``kind``, ``resource``, ``type`` or ``tag:<key>``."""
        values = {"from": window.after, "to": window.to}
        found = await self._reads.rows(
            _SQL["metered"], kinds=metering.kinds(), account=window.account, **values
        )
        ids = [row["resource_id"] for row in found]
        totals: Totals = {}
        for first in range(0, len(ids), _AT_ONCE):
            rows = await self._reads.rows(_SQL["versions"], ids=ids[first : first + _AT_ONCE], **values)
            for _, versions in groupby(rows, key=itemgetter("resource_id")):
                add(totals, [orjson.loads(row["document"]) for row in versions], window, group_by)
        return totals


def add(totals: Totals, versions: Sequence[Document], window: Window, group_by: str) -> None:
    """Add what one resource used in a window; ``versions`` are its documents in order."""
    for document, time in _shares(versions, window):
        for measure, rate in metering.rates(document).items():
            group = totals.setdefault(_group(document, group_by), {})
            group[measure] = group.get(measure, 0) + time * rate


def _shares(versions: Sequence[Document], window: Window) -> Iterator[tuple[Document, int]]:
    """Yield each version with the microseconds for which it was true inside the window."""
    begins = [datetime.fromisoformat(version["updated_at"]) for version in versions]
    for version, (begin, end) in zip(versions, pairwise([*begins, _ENDLESS]), strict=True):
        time = min(end, window.end) - max(begin, window.start)
        if time > timedelta(0):
            yield version, time // _MICROSECOND


def _group(document: Document, group_by: str) -> str | None:
    match group_by.partition(":"):
        case ("account", _, _):
            found: Any = document["account_id"]
        case ("resource", _, _):
            found = document["id"]
        case ("kind", _, _):
            found = document["kind"]
        case ("type", _, _):
            found = metering.size(document)
        case (_, _, key):
            found = document["tags"].get(key)
    return found
