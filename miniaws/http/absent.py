"""Why a resource cannot be shown as of a position."""

from datetime import datetime

import orjson

from domain.aggregate import Aggregate
from domain.errors import NotFound
from domain.values import parse_id, shown
from miniaws.application import Cloud


async def not_found(cloud: Cloud, kind: type[Aggregate], account: str, id_or_name: str, at: int) -> NotFound:
    """Return the error for a resource that is not there at a position: it may have been created later."""
    inventory = cloud.ports.inventory
    now = await inventory.position()
    parsed = parse_id(id_or_name)
    found = parsed[1] if parsed else await inventory.named(account, kind.KIND, id_or_name, now)
    later = await inventory.one(found, account, now) if found is not None and at < now else None
    words = kind.KIND.replace("_", " ")
    if later is None:
        return NotFound(f"cannot find {words} {shown(id_or_name)}; list them to see what there is")
    created_at = datetime.fromisoformat(orjson.loads(later)["created_at"])
    return NotFound(
        f"cannot show {words} {shown(id_or_name)} as of that moment: it was created later, "
        f"at {created_at.isoformat().replace('+00:00', 'Z')}"
    )
