"""Commands for the trash: restore and purge."""

from pydantic import Field

from domain import host_port as ports
from domain.aggregate import Aggregate, name_scope
from domain.archive import Archive, archive_uuid
from domain.database import Database
from domain.errors import Conflict, NameTaken, NotFound
from domain.instance import Instance
from domain.interface import Interface
from domain.server import Server
from domain.snapshot.aggregate import copy_scope
from domain.store import ClaimTaken, RequirementMissing
from domain.trash import PURGED_ON_REQUEST, Trashable
from domain.values import must, parse_id, public_id, shown
from domain.volume import Volume
from domain.vpc import Vpc
from miniaws.application import Cloud, Request, Saved, UnitOfWork
from miniaws.commands import host_port, interface
from miniaws.commands.body import Body
from miniaws.commands.interface import Place
from miniaws.commands.server import secure
from miniaws.commands.snapshot import unless_used


class VpcGone(Conflict):
    """cannot restore a resource whose VPC does not exist any more"""

    code = "vpc_gone"


class PlaceGone(Conflict):
    """cannot restore a resource whose subnet or security group does not exist any more"""

    code = "place_gone"


class RestoreFromTrash(Body):
    """How a resource is taken out of the trash."""

    name: str | None = Field(
        default=None,
        title="Name",
        description="another name, e.g. when its own is taken; left out: the name that it had",
        examples=["web-1-restored"],
    )
    publish: int | None = Field(
        default=None,
        title="Host port",
        ge=1,
        le=65535,
        description="another port of the host, for a database, a cache or a queue; left out: the one that it had",
    )


async def restore(cloud: Cloud, request: Request, resource_id: str, new: RestoreFromTrash) -> Saved:
    """Take a resource out of the trash: the same id, files and secrets.

    Raises NotFound, NotInTrash, NameTaken, HostPortTaken, VpcGone, PlaceGone, VolumeInUse, BeingDeleted, Invalid.
    """
    kind = kind_of(resource_id)

    async def work(unit: UnitOfWork) -> None:
        await _restore(cloud, unit, await unit.load(kind, resource_id), new)

    async def recover(conflict: ClaimTaken | RequirementMissing) -> None:
        # A requirement that is missing is its VPC: another attempt looks for one of the same name.
        if interface.recovers(cloud, conflict):
            return
        if isinstance(conflict, ClaimTaken):
            raise _refusal(request, conflict, resource_id)

    try:
        return await cloud.transact(request, work, recover)
    except NameTaken:
        raise await _name_taken(cloud, request.cause.account_id, kind, resource_id, new.name) from None


async def purge(cloud: Cloud, request: Request, resource_id: str, reason: str = PURGED_ON_REQUEST) -> Saved:
    """Remove a resource from the trash for good. Raises NotFound, NotInTrash, VolumeInUse."""
    kind = kind_of(resource_id)

    def decide(found: Aggregate) -> None:
        if isinstance(found, Instance | Trashable):
            found.purge(reason)

    return await unless_used(
        cloud,
        copy_scope(resource_id),
        lambda: cloud.change(request, kind, resource_id, decide),
        f"cannot purge {resource_id}: a snapshot of it is taken",
    )


def kind_of(resource_id: str) -> type[Instance] | type[Trashable]:
    """Return the kind of a resource that can be in the trash. Raises NotFound."""
    parsed = parse_id(resource_id)
    for kind in Aggregate.kinds.values():
        if parsed is not None and parsed[0] == kind.PREFIX and issubclass(kind, Instance | Trashable):
            return kind
    raise NotFound(f"cannot find {shown(resource_id)} in the trash: give the id of a resource that is in it")


async def _restore(
    cloud: Cloud, unit: UnitOfWork, found: Instance | Trashable, new: RestoreFromTrash
) -> None:
    if isinstance(found, Server):
        await _restore_server(cloud, unit, found, new)
        return
    if new.publish is not None:
        raise must(
            "publish",
            "be left out",
            why="only databases, caches and queues can be restored with another host port",
        )
    if isinstance(found, Instance):
        await _restore_instance(cloud, unit, found, new.name)
    elif isinstance(found, Volume):
        found.undelete(new.name)


async def _restore_instance(cloud: Cloud, unit: UnitOfWork, found: Instance, name: str | None) -> None:
    found.refuse_unless_restorable()
    published = [port["publish"] for port in found.ports if port["publish"] is not None]
    await host_port.refuse_if_in_use(cloud, dict.fromkeys(published, "id"), "listen")
    vpc = await _vpc(cloud, found.account_id, found)
    there = await _interface(cloud, found, vpc, publishes=bool(published))
    found.undelete(vpc.public_id, vpc.name, there, name)
    for each in found.volumes:
        volume = await unit.load(Volume, each["volume_id"])
        volume.attach(found.public_id, found.name, each["path"])


async def _restore_server(cloud: Cloud, unit: UnitOfWork, found: Server, new: RestoreFromTrash) -> None:
    found.refuse_unless_restorable()
    publish = new.publish or found.publish
    field = "id" if new.publish is None else "publish"
    await host_port.refuse_if_in_use(cloud, {} if publish is None else {publish: field}, "listen")
    vpc, before = await _vpc(cloud, found.account_id, found), found.name
    there = await _interface(cloud, found, vpc, publishes=publish is not None)
    found.undelete_into(vpc.public_id, vpc.name, there, name=new.name, publish=publish)
    if found.certificate is not None and found.name != before:
        secure(cloud, unit, found)
    if found.volume_id is not None:
        (await unit.load(Volume, found.volume_id)).undelete_with_server()
    if isinstance(found, Database):
        archive = await cloud.load_by_id(Archive, archive_uuid(found.public_id))
        archive.resume()
        archive.rename(found.name)
        unit.add(archive)


async def _vpc(cloud: Cloud, account: str, found: Instance | Server) -> Vpc:
    """Return the VPC of a resource, or one of the same name. Raises VpcGone."""
    vpc = await cloud.load(Vpc, account, found.vpc_id)
    if not vpc.is_deleting:
        return vpc
    try:
        return await cloud.load(Vpc, account, found.vpc_name)
    except NotFound:
        raise VpcGone(
            f"cannot restore {found.name}: its VPC {found.vpc_name} does not exist any more; create one of that name "
            "first"
        ) from None


async def _interface(cloud: Cloud, found: Instance | Server, vpc: Vpc, *, publishes: bool) -> Interface:
    """Return an interface in the subnet and the security groups that a resource had, or in those of the same names.

    It gets the address that it had, unless somebody else has it. Raises PlaceGone.
    """
    had, there = found.interface, (vpc.public_id, vpc.name)
    if had is None:
        return await interface.choose(cloud, found, there, Place(publishes=publishes))
    groups = tuple(each.name for each in had.security_groups)
    place = Place(had.subnet_name, groups, publishes=publishes)
    try:
        return await interface.choose(cloud, found, there, place, had.address)
    except NotFound:
        raise PlaceGone(
            f"cannot restore {found.name}: its subnet {had.subnet_name} or its security group {' or '.join(groups)} "
            f"does not exist any more in VPC {vpc.name}; create what is missing first"
        ) from None


async def _name_taken(
    cloud: Cloud, account: str, kind: type[Aggregate], resource_id: str, name: str | None
) -> NameTaken:
    """Return what to raise when another resource has the name."""
    found = await cloud.load(kind, account, resource_id)
    wanted, words = name or found.name, kind.KIND.replace("_", " ")
    claim = await cloud.ports.store.claim(name_scope(account, kind.KIND), wanted)
    holder = "another one" if claim is None else public_id(kind.PREFIX, claim.owner)
    return NameTaken(
        f"cannot restore {words} {found.name} as {wanted}: {holder} has that name; give another one in `name`",
        field="name",
    )


def _refusal(request: Request, taken: ClaimTaken, resource_id: str) -> Exception:
    """Return what to raise for a claim that is taken."""
    if taken.claim.scope != ports.SCOPE:
        return taken
    account, _, holder = (taken.claim.note or "").partition("/")
    words = (
        holder.replace("/", " ") if account == request.cause.account_id else "a resource of another account"
    )
    return host_port.HostPortTaken(
        f"cannot restore {resource_id}: {words} holds its host port {taken.claim.key}; delete that first"
    )
