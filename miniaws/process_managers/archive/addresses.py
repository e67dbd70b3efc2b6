"""Gives the containers of an archive addresses in the VPC of its database."""

from domain.archive import Addresses, Archive
from domain.database import Database
from domain.errors import Refused
from domain.ports import Containers
from domain.store import Cause, ClaimTaken, RequirementMissing
from domain.vpc import Vpc
from miniaws.application import Cloud, Request, UnitOfWork
from miniaws.commands import interface
from miniaws.commands.interface import NoFreeAddress
from miniaws.process_managers.interface import is_within
from miniaws.runtime.queue import manager_of


async def with_addresses(
    cloud: Cloud, containers: Containers, archive: Archive, database: Database
) -> Archive:
    """Return an archive whose containers have addresses: one that follows the log already keeps the one that it has.

    Raises Refused when too few addresses are free.
    """
    vpc = await cloud.load(Vpc, database.account_id, database.vpc_id)
    known = archive.addresses
    if known is not None and known.vpc_id == vpc.public_id and is_within(known.receiver, vpc):
        return archive
    seen = await containers.inspect(f"{archive.public_id}.log")

    async def work(unit: UnitOfWork) -> None:
        current = await unit.load(Archive, archive.public_id)
        prefers = [None if seen is None else seen.address, None]
        receiver, worker = await interface.addresses_for(cloud, current, (vpc.public_id, vpc.name), prefers)
        current.assign_addresses(Addresses(vpc.public_id, receiver, worker))

    async def recover(conflict: ClaimTaken | RequirementMissing) -> None:
        if not interface.recovers(cloud, conflict):
            raise conflict

    cause = Cause(actor=manager_of(Archive.KIND), account_id=archive.account_id)
    try:
        await cloud.transact(Request(cause), work, recover)
    except NoFreeAddress as error:
        raise Refused(str(error)) from error
    return await cloud.load_by_id(Archive, archive.id)
