"""How long what was used, over HTTP."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query
from starlette.responses import Response

from domain.values import must
from miniaws.application import Cloud
from miniaws.http.filters import Accounts
from miniaws.http.reading import POSITION_HEADER, CloudDep, instant, is_position, position_at
from miniaws.http.writing import KnownQuery
from projections.usage import Totals, Usage, Window

router = APIRouter(prefix="/api/usage", tags=["time"], dependencies=[KnownQuery])

_BEGINNING = datetime.min.replace(tzinfo=UTC)
_GROUPS = re.compile(r"account|kind|resource|type|tag:.{1,128}")
_Moment = Annotated[str | None, Query(max_length=64)]


@router.get("")
async def show_usage(
    cloud: CloudDep,
    account: Accounts,
    from_: Annotated[
        str | None,
        Query(alias="from", max_length=64, description="RFC 3339 or a position; left out: the beginning"),
    ] = None,
    to: Annotated[str | None, Query(max_length=64, description="as from; left out: now")] = None,
    as_of: Annotated[str | None, Query(max_length=64, description="another word for to")] = None,
    group_by: Annotated[
        str, Query(max_length=140, description="account, kind, resource, type, or tag:<key>")
    ] = "account",
) -> Response:
    """Show instance-, volume- and gigabyte-hours of a window, exact to the event: windows add up.

    `seconds` are exact to the microsecond, `hours` are the same for people. A group `null` holds what has no such
    type or tag.
    """
    if not _GROUPS.fullmatch(group_by):
        raise must("group_by", "be account, kind, resource, type or tag:<key>", group_by)
    begins = str(cloud.ports.inventory.begins)
    start, after = await _moment(cloud, begins if from_ is None else from_, "from")
    until = as_of if to is None else to
    now = await cloud.ports.inventory.now()
    end, last = await _moment(cloud, now.isoformat() if until is None else until, "to")
    if start > end:
        raise must("from", "not be after `to`")
    totals = await Usage(cloud.ports.inventory).ledger(Window(start, end, after, last, account), group_by)
    body = {
        "from": start.isoformat() if start > _BEGINNING else None,
        "to": end.isoformat(),
        "position": last,
        "group_by": group_by,
        **_amounts(totals),
    }
    return Response(orjson.dumps(body), headers={POSITION_HEADER: str(last)}, media_type="application/json")


async def _moment(cloud: Cloud, text: str, field: str) -> tuple[datetime, int]:
    """Return an instant and the newest position at it; a position stands for the instant of its event."""
    position = await position_at(cloud, text, field)
    if not is_position(text):
        return instant(text, field), position
    return await cloud.ports.inventory.recorded_at(position) or _BEGINNING, position


def _amounts(totals: Totals) -> dict[str, Any]:
    total: dict[str, int] = {}
    for measures in totals.values():
        for measure, time in measures.items():
            total[measure] = total.get(measure, 0) + time
    items = [{"group": group, **_shown(totals[group])} for group in sorted(totals, key=str)]
    return {"items": items, "total": _shown(total)}


def _shown(measures: dict[str, int]) -> dict[str, dict[str, float]]:
    return {
        "hours": {measure: round(time / 3_600_000_000, 6) for measure, time in measures.items()},
        "seconds": {measure: time / 1_000_000 for measure, time in measures.items()},
    }
