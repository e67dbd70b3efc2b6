"""Resources by names that are not unique, and why a resource cannot be shown as of a position."""

from datetime import datetime
from uuid import UUID

import orjson

from domain.aggregate import Aggregate
from domain.errors import Invalid, NotFound
from domain.values import parse_id, shown
from miniaws.application import Cloud
from projections.document import Document, has_ended
from projections.inventory import Query

_MOST = 1000


async def in_some_vpc(cloud: Cloud, kind: type[Aggregate], account: str, name: str, at: int) -> UUID | None:
    """Return what has a name that is unique in its VPC only, as `private` or `private.web`, or had it last.

    Raises Invalid when several VPCs have one.
    """
    own, _, vpc = name.partition(".")
    query = Query(at=at, account=account, kind=kind.KIND, name=own, ended_after=0, limit=_MOST)
    documents: list[Document] = [
        orjson.loads(each) for each in (await cloud.ports.inventory.page(query)).documents
    ]
    found = [each for each in documents if vpc in {"", each["spec"]["vpc"]["name"]}]
    living = [each for each in found if not has_ended(each)]
    if len(living) > 1:
        listed = ", ".join(f"{own}.{each['spec']['vpc']['name']}" for each in living[:5])
        raise Invalid(
            f"cannot tell which {kind.KIND.replace('_', ' ')} {shown(name)} is: several VPCs have one; name it with "
            f"its VPC, as one of {listed}"
        )
    last = max(living or found, key=lambda each: each["position"], default=None)
    parsed = None if last is None else parse_id(last["id"])
    return None if parsed is None else parsed[1]


async def not_found(cloud: Cloud, kind: type[Aggregate], account: str, id_or_name: str, at: int) -> NotFound:
    """Return the error for a resource that is not there at a position: it may have been created later."""
    inventory = cloud.ports.inventory
    now = await inventory.position()
    parsed = parse_id(id_or_name)
    find = in_some_vpc if kind.IS_IN_VPC else _anywhere
    found = parsed[1] if parsed else await find(cloud, kind, account, id_or_name, now)
    later = await inventory.one(found, account, now) if found is not None and at < now else None
    words = kind.KIND.replace("_", " ")
    if later is None:
        return NotFound(f"cannot find {words} {shown(id_or_name)}; list them to see what there is")
    created_at = datetime.fromisoformat(orjson.loads(later)["created_at"])
    return NotFound(
        f"cannot show {words} {shown(id_or_name)} as of that moment: it was created later, "
        f"at {created_at.isoformat().replace('+00:00', 'Z')}"
    )


async def _anywhere(cloud: Cloud, kind: type[Aggregate], account: str, name: str, at: int) -> UUID | None:
    return await cloud.ports.inventory.named(account, kind.KIND, name, at)
