"""Commands for VPCs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_network

from domain import values
from domain.errors import Conflict, DomainError, Invalid
from domain.store import ClaimTaken, ScopeInUse
from domain.vpc import SUBNET_SCOPE, Vpc, use_scope
from miniaws.application import Cloud, Request, Saved

_ATTEMPTS = 20


class NoFreeRange(Conflict):
    """cannot find a free range in the pool"""

    code = "no_free_range"


class RangeTaken(Conflict):
    """cannot use a range that overlaps another"""

    code = "range_taken"


@dataclass(frozen=True, slots=True)
class Create:
    """A VPC as it is asked for. ``cidr`` None means the next free /24 of the pool."""

    name: str
    cidr: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict[str, str])


async def create(cloud: Cloud, request: Request, wish: Create) -> Saved:
    """Ask for a VPC. Raises Invalid, NameTaken, RangeTaken, NoFreeRange."""
    await cloud.refuse_repeated(request)
    values.name(wish.name)
    for _ in range(_ATTEMPTS):
        cidr = wish.cidr or await free_cidr(cloud)
        if wish.cidr is not None:
            await _refuse_occupied(cloud, wish.cidr)
        vpc = Vpc.create(request.cause.account_id, wish.name, cidr, wish.tags, is_chosen=wish.cidr is None)
        try:
            return Saved(vpc, await cloud.save(request, vpc))
        except ClaimTaken as taken:
            if wish.cidr is not None:
                raise RangeTaken(
                    f"cannot use {wish.cidr}: it overlaps {taken.claim.key} of another VPC; choose another range, or "
                    "leave `cidr` out and get a free one",
                    field="cidr",
                ) from None
    raise NoFreeRange("cannot find a free range: too many VPCs are made at once; retry")


async def change_tags(cloud: Cloud, request: Request, id_or_name: str, tags: Mapping[str, str]) -> Saved:
    """Replace the tags. Raises NotFound, Invalid, BeingDeleted."""
    return await cloud.change(request, Vpc, id_or_name, lambda vpc: vpc.change_tags(tags))


async def delete(cloud: Cloud, request: Request, id_or_name: str) -> Saved:
    """Give a VPC up. Raises NotFound, or Conflict with the list of what uses it."""
    try:
        return await cloud.change(request, Vpc, id_or_name, Vpc.delete)
    except ScopeInUse:
        raise await _in_use(cloud, request, id_or_name) from None


async def free_cidr(cloud: Cloud) -> str:
    """Return a /24 of the pool that neither a VPC nor the host uses. Raises NoFreeRange."""
    pool = cloud.settings.vpc_pool
    claimed = [claim.key for claim in await cloud.ports.store.claims(SUBNET_SCOPE)]
    free = values.free_block(pool, [*claimed, *await cloud.ports.networks.occupied()])
    if free is None:
        raise NoFreeRange(
            f"cannot make another VPC: every /24 of the pool {pool} is in use by a VPC or by the host's networks; "
            "delete a VPC, give a `cidr`, or set MINIAWS_VPC_POOL to a larger range"
        )
    return free


async def _refuse_occupied(cloud: Cloud, cidr: str) -> None:
    network = values.cidr(cidr)
    for other in await cloud.ports.networks.occupied():
        if network.overlaps(ip_network(other)):
            raise Invalid(
                f"cannot use {cidr}: the host has a network in {other}; choose another range, or leave `cidr` out",
                field="cidr",
            )


async def _in_use(cloud: Cloud, request: Request, id_or_name: str) -> DomainError:
    vpc_id = await cloud.find(Vpc, request.cause.account_id, id_or_name)
    users = await cloud.ports.store.claims(use_scope(vpc_id))
    listed = ", ".join(f"{claim.note} ({claim.key})" for claim in users[:10])
    more = f" and {len(users) - 10} more" if len(users) > 10 else ""
    return Conflict(
        f"cannot delete VPC {id_or_name}: it is used by {listed}{more}; terminate them first",
        used_by=[{"id": claim.key, "name": claim.note} for claim in users],
    )
