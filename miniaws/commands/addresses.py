"""Which addresses of a VPC are in use: those that are claimed, and those of containers of an earlier version.

An earlier version let the container engine choose addresses. Until a process manager has claimed such an address for
its resource, it must not be given to another one.
"""

from uuid import UUID

from domain.aggregate import Claim
from domain.archive import archive_uuid
from domain.database import Database
from domain.instance import Instance
from domain.interface import WithInterface
from domain.server import Server
from domain.subnet import address_scope
from domain.values import parse_id, public_id
from domain.vpc import use_scope
from miniaws.application import Cloud


async def in_use(cloud: Cloud, vpc_id: UUID) -> dict[str, Claim]:
    """Return the addresses in use in a VPC, each with the claim on it, or the one that is still to be made."""
    claims = await cloud.ports.store.claims(address_scope(vpc_id))
    return {**await _unclaimed(cloud, vpc_id), **{claim.key: claim for claim in claims}}


async def holder(cloud: Cloud, vpc_id: UUID, address: str) -> Claim | None:
    """Return the claim on an address of a VPC, or the one that is still to be made; None when nobody has it."""
    claim = await cloud.ports.store.claim(address_scope(vpc_id), address)
    if claim is not None:
        return claim
    return (await _unclaimed(cloud, vpc_id)).get(address)


async def log_address(cloud: Cloud, database_id: str) -> str | None:
    """Return the address of the container that follows the log of a database; None when there is none."""
    archive_id = public_id("arc", archive_uuid(database_id))
    seen = await cloud.ports.containers.inspect(f"{archive_id}.log")
    return None if seen is None else seen.address


async def _unclaimed(cloud: Cloud, vpc_id: UUID) -> dict[str, Claim]:
    """Return the addresses of what has no interface yet. Once there is nothing of that kind, there never is again."""

    async def read() -> dict[str, Claim]:
        owners = {claim.owner for claim in await cloud.ports.store.claims(address_scope(vpc_id))}
        users = await cloud.ports.store.claims(use_scope(vpc_id))
        found: dict[str, Claim] = {}
        for user in users:
            if user.owner not in owners and _has_interfaces(user.key):
                found |= {each.key: each for each in await _of(cloud, vpc_id, user.owner)}
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


async def _of(cloud: Cloud, vpc_id: UUID, resource_id: UUID) -> list[Claim]:
    """Return the claims that are to be made for a resource: on its own address, and on that of its archive."""
    member = await cloud.ports.store.load(resource_id)
    if not isinstance(member, Instance | Server):
        return []
    log = await log_address(cloud, member.public_id) if isinstance(member, Database) else None
    own = member.address if member.is_up else None
    owners = ((own, member.id), (log, archive_uuid(member.public_id)))
    scope = address_scope(vpc_id)
    return [Claim(scope, address, owner, member.name) for address, owner in owners if address is not None]
