"""What the container of an instance or a server depends on: its network and its volumes."""

from collections.abc import Iterable

from domain.volume import Volume
from domain.vpc import Vpc
from miniaws.application import Cloud


async def still_creating(cloud: Cloud, account_id: str, vpc_id: str, volume_ids: Iterable[str]) -> str | None:
    """Return the network or volume that is still being created, which is no failure; None when all exist."""
    for kind, id_ in [(Vpc, vpc_id), *((Volume, volume_id) for volume_id in volume_ids)]:
        found = await cloud.load(kind, account_id, id_)
        if found.status == "creating":
            return f"{found.KIND} {found.name}"
    return None
