"""Gives an address to what has none in its VPC: resources of an earlier version, and those whose VPC was moved.

An earlier version let the container engine choose addresses. A resource keeps the address that its container has.
"""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network

from domain.archive import Archive, archive_uuid
from domain.database import Database
from domain.errors import DomainError, Refused
from domain.instance import Instance
from domain.interface import WithInterface
from domain.server import Server
from domain.store import Cause, ClaimTaken, RequirementMissing
from domain.volume import Volume
from domain.vpc import Vpc
from miniaws.application import Cloud, Request, UnitOfWork
from miniaws.commands import interface
from miniaws.commands.addresses import log_address
from miniaws.commands.interface import ANYWHERE, NoFreeAddress, Place
from miniaws.runtime.queue import manager_of
from miniaws.runtime.reconciler import ReconcileResult

_RETRY_S = 0.5
_ARCHIVE_S = 0.1


async def assigned(cloud: Cloud, member: WithInterface) -> ReconcileResult | None:
    """Assign an interface to a resource without one, and end the pass; None when it has one.

    Raises Refused when no address is free.
    """
    if member.interface is not None:
        return None
    if isinstance(member, Database) and (archive := await _archive_without_addresses(cloud, member)):
        # What follows its log has an address, too, which must not be given away meanwhile.
        if archive.status == "error":
            raise Refused(f"cannot assign an address before its archive has some: {archive.status_reason}")
        return ReconcileResult("waits for the addresses of its archive", _ARCHIVE_S)
    address = member.address if isinstance(member, Instance | Server) and member.is_up else None
    try:
        await _assign(cloud, member, ANYWHERE, address)
    except DomainError as error:
        return ReconcileResult(f"waits for an address: {error}", _RETRY_S)
    return ReconcileResult("was assigned an address", 0.0)


async def why_not_ready(cloud: Cloud, member: WithInterface, volume_ids: Iterable[str]) -> str | None:
    """Return what the container of a resource waits for: the network, an address in it, a volume; None for nothing.

    Raises Refused when no address is free.
    """
    vpc = await cloud.load(Vpc, member.account_id, member.vpc_id)
    if vpc.status == "creating":
        return f"{vpc.KIND} {vpc.name}"
    if member.interface is not None and not is_within(member.interface.address, vpc):
        # The range of the VPC was replaced after the address was chosen.
        groups = tuple(member.interface.group_ids)
        await _assign(cloud, member, Place(security_groups=groups), None)
        return "an address in another range"
    for volume_id in volume_ids:
        volume = await cloud.load(Volume, member.account_id, volume_id)
        if volume.status == "creating":
            return f"{volume.KIND} {volume.name}"
    return None


def is_within(address: str, vpc: Vpc) -> bool:
    """Return whether an address is in the range of a VPC."""
    return IPv4Address(address) in IPv4Network(vpc.cidr)


async def _archive_without_addresses(cloud: Cloud, database: Database) -> Archive | None:
    """Return the archive of a database when a container of it has an address that is not claimed yet."""
    archive = await cloud.ports.store.load(archive_uuid(database.public_id))
    if not isinstance(archive, Archive) or archive.addresses is not None:
        return None
    return None if await log_address(cloud, database.public_id) is None else archive


async def _assign(cloud: Cloud, member: WithInterface, place: Place, address: str | None) -> None:
    async def work(unit: UnitOfWork) -> None:
        current = await unit.load(type(member), member.public_id)
        if current.interface != member.interface:
            return  # somebody else was faster
        await interface.assign(cloud, current, place, address)

    async def recover(conflict: ClaimTaken | RequirementMissing) -> None:
        if not interface.recovers(cloud, conflict):
            raise conflict

    cause = Cause(actor=manager_of(member.KIND), account_id=member.account_id)
    try:
        await cloud.transact(Request(cause), work, recover)
    except NoFreeAddress as error:
        raise Refused(str(error)) from error
