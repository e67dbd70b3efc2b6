"""Commands for orphans: things on the engine that nothing wants."""

from domain.orphan import Orphan
from miniaws.application import Cloud, Request, Saved


async def remove(cloud: Cloud, request: Request, id_or_name: str) -> Saved:
    """Have an orphan removed before its time is up. Raises NotFound."""
    return await cloud.change(request, Orphan, id_or_name, Orphan.request_removal)
