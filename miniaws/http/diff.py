"""What differs between two moments, over HTTP."""

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query
from starlette.responses import Response

from domain.aggregate import Aggregate
from domain.errors import Invalid
from domain.values import parse_id, shown
from miniaws.http.reading import POSITION_HEADER, Caller, CloudDep, position_at
from miniaws.http.writing import KnownQuery
from projections.changes import changes
from projections.document import Document

router = APIRouter(prefix="/api/diff", tags=["time"], dependencies=[KnownQuery])

Pair = tuple[Document | None, Document | None]


@router.get("")
async def show_diff(  # noqa: PLR0913, PLR0917 - one parameter per filter
    cloud: CloudDep,
    caller: Caller,
    from_: Annotated[str, Query(alias="from", max_length=64, description="RFC 3339 or a position")],
    to: Annotated[str | None, Query(max_length=64, description="left out: now")] = None,
    kind: Annotated[str | None, Query(max_length=40)] = None,
    resource: Annotated[str | None, Query(max_length=100, description="the id of one resource")] = None,
    tag: Annotated[str | None, Query(max_length=400, description="key=value, before or after")] = None,
    full: Annotated[  # noqa: FBT002
        bool, Query(description="whole documents and bookkeeping fields, fit to be applied")
    ] = False,
) -> Response:
    """Show what was created, deleted and changed between two moments, field by field.

    Applying the full difference to the estate as of `from` gives the estate as of `to`.
    """
    if kind is not None and kind not in Aggregate.kinds:
        raise Invalid(
            f"cannot compare the kind {shown(kind)}: use one of {', '.join(Aggregate.kinds)}", field="kind"
        )
    parsed = parse_id(resource) if resource is not None else None
    if resource is not None and parsed is None:
        raise Invalid(f"cannot compare {shown(resource)}: give the id of a resource", field="resource")
    before = await position_at(cloud, from_, "from")
    after = await position_at(cloud, to, "to") if to else await cloud.ports.inventory.position()
    if before > after:
        raise Invalid(
            "cannot compare a time that ends before it begins: let `from` be earlier than `to`", field="from"
        )
    pairs = await cloud.ports.inventory.differing(
        before, after, caller.account_id, kind=kind, resource=parsed[1] if parsed else None
    )
    body = {
        "from": before,
        "to": after,
        **_grouped([pair for pair in pairs if _has_tag(pair, tag)], full=full),
    }
    return Response(orjson.dumps(body), headers={POSITION_HEADER: str(after)}, media_type="application/json")


def _has_tag(pair: Pair, tag: str | None) -> bool:
    if tag is None:
        return True
    key, separator, value = tag.partition("=")
    if not separator:
        raise Invalid(f"cannot filter by the tag {shown(tag)}: write it as key=value", field="tag")
    return any(document is not None and document["tags"].get(key) == value for document in pair)


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
