"""What differs between two moments, over HTTP."""

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query
from starlette.responses import Response

from domain.values import must
from miniaws.http.filters import Accounts, Between, check_kind, resolve_any
from miniaws.http.reading import POSITION_HEADER, CloudDep, tags_of
from miniaws.http.writing import KnownQuery
from projections.changes import changes
from projections.document import Document

router = APIRouter(prefix="/api/diff", tags=["time"], dependencies=[KnownQuery])

Pair = tuple[Document | None, Document | None]


@router.get("")
async def show_diff(
    cloud: CloudDep,
    account: Accounts,
    between: Between,
    kind: Annotated[str | None, Query(max_length=40)] = None,
    resource: Annotated[str | None, Query(min_length=1, max_length=100, description="id or name")] = None,
    tag: Annotated[
        list[str] | None, Query(max_length=10, description="key=value, before or after; repeat for more")
    ] = None,
    full: Annotated[  # noqa: FBT002
        bool, Query(description="whole documents and bookkeeping fields, fit to be applied")
    ] = False,
) -> Response:
    """Show what was created, deleted and changed between two moments, field by field.

    Applying the full difference to the estate as of `from` gives the estate as of `to`.
    """
    if between.texts[0] is None:
        raise must("from", "be given, as an instant or a position")
    check_kind(kind)
    tags = tags_of(tag)
    found = (await resolve_any(cloud, account, resource, kind, between.to))[1] if resource else None
    pairs = await cloud.ports.inventory.differing(
        between.after, between.to, account, kind=kind, resource=found
    )
    kept = [pair for pair in pairs if any(_has(document, tags) for document in pair)]
    body = {"from": between.after, "to": between.to, **_grouped(kept, full=full)}
    headers = {POSITION_HEADER: str(between.to)}
    return Response(orjson.dumps(body), headers=headers, media_type="application/json")


def _has(document: Document | None, tags: dict[str, str]) -> bool:
    return document is not None and tags.items() <= document["tags"].items()


def _grouped(pairs: list[Pair], *, full: bool) -> dict[str, Any]:
    groups: dict[str, list[dict[str, Any]]] = {"created": [], "deleted": [], "changed": []}
    for before, after in pairs:
        if before is None and after is not None:
            groups["created"].append(after if full else _short(after))
        elif before is not None and after is None:
            groups["deleted"].append(before if full else _short(before))
        elif before is not None and after is not None and (found := changes(before, after, bookkeeping=full)):
            groups["changed"].append({**_short(after), "changes": found})
    return {**groups, "counts": {name: len(group) for name, group in groups.items()}}


def _short(document: Document) -> dict[str, Any]:
    return {key: document[key] for key in ("id", "kind", "name", "status", "status_reason")}
