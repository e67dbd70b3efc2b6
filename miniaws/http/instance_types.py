"""The types of instances over HTTP."""

from typing import Any

from fastapi import APIRouter

from domain.instance_type import INSTANCE_TYPES
from miniaws.http.writing import KnownQuery

router = APIRouter(prefix="/api/instance-types", tags=["instances"], dependencies=[KnownQuery])


@router.get("")
async def list_instance_types() -> dict[str, Any]:
    """List the types: name, cores and MiB."""
    listed = [{"name": t.name, "cpus": t.cpus, "memory_mb": t.memory_mb} for t in INSTANCE_TYPES.values()]
    return {"items": listed}
