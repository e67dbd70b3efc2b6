"""The places that snapshots can be copied to. Whoever runs the cloud names them; see `MINIAWS_COPY_TARGETS`."""

from dataclasses import asdict

import orjson
from fastapi import APIRouter
from starlette.responses import Response

from miniaws.http.reading import Caller, CloudDep
from miniaws.http.writing import KnownQuery

router = APIRouter(prefix="/api/copy-targets", tags=["snapshots"], dependencies=[KnownQuery])


@router.get("")
async def list_copy_targets(cloud: CloudDep, caller: Caller) -> Response:
    """List the names and kinds of targets; their locations are not shown."""
    del caller  # every key may know them
    items = [asdict(target) for target in await cloud.ports.targets.known()]
    return Response(orjson.dumps({"items": items}), media_type="application/json")
