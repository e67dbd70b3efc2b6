"""Which addresses of a VPC are in use: those that are claimed, and those of containers of an earlier version.

An earlier version let the container engine choose addresses. Until a process manager has claimed such an address for
its resource, it must not be given to another one.
"""

from uuid import UUID

from domain.archive import archive_uuid
from domain.database import Database
from domain.instance import Instance
from domain.interface import WithInterface
from domain.server import Server
from domain.subnet import address_scope
from domain.values import parse_id, public_id
from domain.vpc import use_scope
from miniaws.application import Cloud


async def in_use(cloud: Cloud, vpc_id: UUID) -> dict[str, str]:
    """Return the addresses in use in a VPC, and the name of who has each."""
    claims = await cloud.ports.store.claims(address_scope(vpc_id))
    return {**await _unclaimed(cloud, vpc_id), **{claim.key: claim.note or "" for claim in claims}}


async def holder(cloud: Cloud, vpc_id: UUID, address: str) -> str | None:
    """Return the name of who has an address of a VPC; None when nobody has."""
    claim = await cloud.ports.store.claim(address_scope(vpc_id), address)
    if claim is not None:
        return claim.note or ""
    return (await _unclaimed(cloud, vpc_id)).get(address)


async def log_address(cloud: Cloud, database_id: str) -> str | None:
    """Return the address of the container that follows the log of a database; None when there is none."""
    archive_id = public_id("arc", archive_uuid(database_id))
    seen = await cloud.ports.containers.inspect(f"{archive_id}.log")
    return None if seen is None else seen.address


async def _unclaimed(cloud: Cloud, vpc_id: UUID) -> dict[str, str]:
    """Return the addresses of what has no interface yet. Once there is nothing of that kind, there never is again."""

    async def read() -> dict[str, str]:
        owners = {claim.owner for claim in await cloud.ports.store.claims(address_scope(vpc_id))}
        users = await cloud.ports.store.claims(use_scope(vpc_id))
        found: dict[str, str] = {}
        for user in users:
            if user.owner not in owners and _has_interfaces(user.key):
                found |= await _of(cloud, user.owner)
        return found

    key = ("unclaimed", vpc_id)
    found = await cloud.remembered(key, read)
    if found:
        cloud.forget_remembered()
    return found


def _has_interfaces(user_id: str) -> bool:
    parsed = parse_id(user_id)
    kinds = WithInterface.kinds.values()
    return parsed is not None and any(
        parsed[0] == each.PREFIX and issubclass(each, WithInterface) for each in kinds
    )


async def _of(cloud: Cloud, resource_id: UUID) -> dict[str, str]:
    member = await cloud.ports.store.load(resource_id)
    if not isinstance(member, Instance | Server):
        return {}
    log = await log_address(cloud, member.public_id) if isinstance(member, Database) else None
    own = member.address if member.is_up else None
    return {each: member.name for each in (own, log) if each is not None}
