"""Commands for orphans: objects on the engine that belong to no resource."""

from domain.orphan import Orphan
from miniaws.application import Cloud, Request, Saved


async def remove(cloud: Cloud, request: Request, id_or_name: str) -> Saved:
    """Remove an orphan before its retention ends. Raises NotFound."""
    return await cloud.change(request, Orphan, id_or_name, Orphan.request_removal)
