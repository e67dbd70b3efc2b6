"""The estate of an account as the documents of a manifest, and their JSON Schema."""

from functools import cache
from typing import Annotated

import orjson
from fastapi import APIRouter, Query
from starlette.responses import Response

from domain.values import one_of
from miniaws.commands.plan import estates, exporting
from miniaws.commands.plan.manifest import SPECS
from miniaws.commands.plan.schema import document_schema
from miniaws.http.reading import POSITION_HEADER, AsOf, Caller, CloudDep, tags_of
from miniaws.http.writing import KnownQuery

router = APIRouter(tags=["estate"])


@router.get("/api/estate", dependencies=[KnownQuery])
async def show_estate(
    cloud: CloudDep,
    caller: Caller,
    at: AsOf,
    vpc: Annotated[
        str | None, Query(max_length=63, description="only what is in or attached to this VPC, by name")
    ] = None,
    kind: Annotated[str | None, Query(max_length=40, description="one kind, e.g. instance")] = None,
    name: Annotated[str | None, Query(max_length=63, description="exactly this name")] = None,
    tag: Annotated[list[str] | None, Query(max_length=10, description="key=value; repeat for more")] = None,
) -> Response:
    """Describe resources as a manifest does: the documents that create them, now or as of any moment.

    What a resource refers to is described before it. Secrets are left out: of each, only its name is shown.
    """
    if kind is not None:
        one_of(kind, SPECS, "kind")
    selection = exporting.Selection(vpc, kind, name, tags_of(tag))
    estate = await estates.at_position(cloud, caller.account_id, at.at)
    body = {"position": at.at, "documents": exporting.documents(estate, selection)}
    return Response(orjson.dumps(body), headers={POSITION_HEADER: str(at.at)}, media_type="application/json")


@router.get("/schemas/estate.json", include_in_schema=False)
async def show_estate_schema() -> Response:
    """Answer with the JSON Schema of a document of a manifest; no key is needed."""
    return Response(_schema(), media_type="application/schema+json")


@cache
def _schema() -> bytes:
    return orjson.dumps(document_schema())
