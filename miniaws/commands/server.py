"""Commands that every managed server shares: create, start, stop, change, rotate, connect, delete."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import quote
from uuid import UUID

from pydantic import Field

from domain.errors import Invalid, PortError, Unavailable, Unreachable
from domain.server import Endpoint, Server, ServerSpec
from domain.server.certificate import Ingredients, issue
from domain.server.spec import LEAST_CPUS, MOST_CPUS
from domain.store import ClaimTaken, RequirementMissing
from domain.values import must, part_name, public_id
from domain.volume import Volume
from domain.vpc import Vpc
from miniaws.application import Cloud, Request, Saved, UnitOfWork
from miniaws.commands import host_port, interface, keeping
from miniaws.commands.body import (
    Body,
    Change,
    DeletionProtection,
    HostName,
    NewDeletionProtection,
    NewSecurityGroups,
    NewTags,
    Publish,
    SecurityGroups,
    StorageGb,
    SubnetName,
    Tags,
    VpcName,
)
from miniaws.commands.instance import UnknownImage, find_vpc, refuse_if_gone
from miniaws.commands.interface import ANYWHERE, Place
from miniaws.commands.volume import refuse_unless_sizes_hold

S = TypeVar("S", bound=Server)


class CreateServer(Body):
    """What can be given for every server."""

    name: HostName = Field(examples=["sessions"])
    version: str | None = Field(default=None, title="Version", description="left out: the newest")
    cpus: float = Field(
        default=1.0, title="CPUs", ge=LEAST_CPUS, le=MOST_CPUS, description="cores it may use"
    )
    vpc: VpcName = "default"
    subnet: SubnetName = "default"
    security_groups: SecurityGroups = Field(default=["default"])
    publish: Publish = None
    storage_gb: StorageGb = None
    volume: str | None = Field(
        default=None,
        title="Volume",
        description="an unattached volume with the data of such a server, e.g. restored from a snapshot; it is "
        "deleted with the new server",
    )
    tls: bool = Field(
        default=False,
        title="Require TLS",
        description="speak TLS and nothing else; the connection has the certificate of the authority to trust",
    )
    deletion_protection: DeletionProtection = False
    tags: Tags = Field(default={})

    def place(self) -> Place:
        """Return where in its VPC it is to be."""
        return Place(self.subnet, tuple(self.security_groups))


class ChangeMember(Change):
    """What can be changed of every server, also of a database."""

    security_groups: NewSecurityGroups = None
    deletion_protection: NewDeletionProtection = None
    tags: NewTags = None


class ChangeServer(ChangeMember):
    """What can be changed of a cache and of a queue."""

    cpus: float | None = Field(
        default=None,
        title="CPUs",
        ge=LEAST_CPUS,
        le=MOST_CPUS,
        description="cores it may use; left out: unchanged",
    )


@dataclass(frozen=True, slots=True)
class NewServer:
    """A server to create, of whichever kind."""

    name: str
    engine: str
    version: str
    role: str
    """Which image it runs on, as in ``settings.images``."""
    cpus: float
    memory_mb: int
    port: int
    username: str
    vpc: str
    publish: int | None
    data_path: str | None
    """Where its volume is mounted; None for a server that stores nothing."""
    storage_gb: int | None
    deletion_protection: bool
    settings: Mapping[str, Any]
    tags: Mapping[str, str]
    volume: str | None = None
    """A volume with the data of such a server, e.g. restored from a snapshot; None for a new volume."""
    tls: bool = False
    """Whether it speaks TLS, and nothing else."""
    place: Place = ANYWHERE
    image: str | None = None
    """The image that was chosen; None for the first of its role that is here."""


@dataclass(frozen=True, slots=True)
class Connection:
    """How a client gets to a server: from here, and from inside its VPC."""

    server: Server
    here: Endpoint
    inside: Endpoint
    username: str
    password: str = field(repr=False)
    is_read_only: bool = False

    @property
    def authority(self) -> str | None:
        """Return the certificate by which clients know it, in PEM; None where it does not speak TLS."""
        return self.server.certificate.authority if self.server.certificate else None

    def url(self, scheme: str, at: Endpoint, path: str = "") -> str:
        """Return a URL with the credentials, escaped."""
        user, password = quote(self.username, safe=""), quote(self.password, safe="")
        return f"{scheme}://{user}:{password}@{at.host}:{at.port}{path}"


async def create(
    cloud: Cloud,
    request: Request,
    kind: type[S],
    new: NewServer,
    set_up: Callable[[UnitOfWork, S], Awaitable[None]] | None = None,
) -> Saved:
    """Ask for a server; ``set_up`` adds what its kind saves with it.

    Raises Invalid, NotFound, NameTaken, HostPortTaken, BeingDeleted, UnknownImage.
    """
    published = {} if new.publish is None else {new.publish: "publish"}

    async def work(unit: UnitOfWork) -> None:
        await _refuse_limit_that_cannot_hold(cloud, new)
        await host_port.refuse_if_in_use(cloud, published)
        server = await _prepare(cloud, unit, kind, new)
        if new.tls:
            secure(cloud, unit, server)
        if set_up is not None:
            await set_up(unit, server)

    async def recover(conflict: ClaimTaken | RequirementMissing) -> None:
        if interface.recovers(cloud, conflict):
            return
        if isinstance(conflict, ClaimTaken):
            raise host_port.refusal(request, conflict, published) from None
        await refuse_if_gone(cloud, request, new.vpc, conflict)

    return await cloud.transact(request, work, recover)


async def start(cloud: Cloud, request: Request, kind: type[S], id_or_name: str) -> Saved:
    """Start a server. Raises NotFound, BeingDeleted."""
    return await cloud.change(request, kind, id_or_name, kind.start)


async def stop(cloud: Cloud, request: Request, kind: type[S], id_or_name: str) -> Saved:
    """Stop a server. Raises NotFound, BeingDeleted."""
    return await cloud.change(request, kind, id_or_name, kind.stop)


async def delete(
    cloud: Cloud, request: Request, kind: type[S], id_or_name: str, *, purge: bool = False
) -> Saved:
    """Move a server to the trash, or with ``purge`` remove it and its files. Raises NotFound, DeletionProtected."""
    return await cloud.change(
        request, kind, id_or_name, lambda server: keeping.end(cloud, server, purge=purge)
    )


async def rotate_credentials(
    cloud: Cloud, request: Request, kind: type[S], id_or_name: str, *, replaces: bool
) -> Saved:
    """Ask for another password; ``connection`` returns the present one until the server takes the new one."""

    async def work(unit: UnitOfWork) -> None:
        server = await unit.load(kind, id_or_name)
        server.rotate_credentials(unit.seal(cloud.ports.random.secret()), replaces=replaces)

    return await cloud.transact(request, work)


async def change(
    cloud: Cloud,
    request: Request,
    kind: type[S],
    id_or_name: str,
    changes: ChangeMember,
    modify: Callable[[S], None],
) -> Saved:
    """Change what every server lets be changed, and by ``modify`` the rest. Raises NotFound, Invalid, BeingDeleted."""

    def decide(server: S) -> None:
        modify(server)
        if changes.tags is not None:
            server.change_tags(changes.tags)
        if changes.deletion_protection is not None:
            server.protect(deletion_protection=changes.deletion_protection)

    return await interface.change(cloud, request, kind, id_or_name, decide, changes.security_groups)


async def connection(cloud: Cloud, kind: type[S], account: str, id_or_name: str) -> Connection:
    """Return how to connect. Raises NotFound, BeingDeleted, ServerStopped, Unavailable while it has no address."""
    server = await cloud.load(kind, account, id_or_name)
    server.refuse_unless_wanted("connect to")
    sealed = await cloud.ports.store.secret(UUID(server.login_id))
    if sealed is None or server.address is None:
        raise Unavailable(f"cannot connect to {server.name} yet: it is {server.status}; retry later")
    inside = Endpoint(server.name, server.port)
    # Its certificate is for its name, not for an address that is another after its next start.
    here = Endpoint(server.address, server.port) if server.certificate is None else inside
    if server.publish is not None:
        here = Endpoint(cloud.settings.publish_address, server.publish)
    return Connection(server, here, inside, server.username, sealed.decode())


async def opened(cloud: Cloud, kind: type[S], account: str, id_or_name: str) -> tuple[S, Endpoint, str]:
    """Return a server that should run, where it listens and its password, for what asks the server itself."""
    server = await cloud.load(kind, account, id_or_name)
    server.refuse_unless_wanted("ask")
    sealed = await cloud.ports.store.secret(UUID(server.login_id))
    if sealed is None or server.address is None:
        raise Unavailable(f"cannot ask {server.name} yet: it is {server.status}; retry later")
    return server, Endpoint(server.address, server.port), sealed.decode()


def unanswered(server: Server, error: PortError) -> Exception:
    """Return what to raise when a server did not do what was asked."""
    if isinstance(error, Unreachable):
        return Unavailable(f"cannot ask {server.name}: {error}; it is {server.status}, retry later")
    return Invalid(f"cannot do that with {server.name}: {error}")


async def _prepare(cloud: Cloud, unit: UnitOfWork, kind: type[S], new: NewServer) -> S:
    account, login_id = unit.account_id, unit.seal(cloud.ports.random.secret())
    vpc_id, vpc_name = await find_vpc(cloud, account, new.vpc)
    # Named by an id, as no person and no other server does.
    volumes = await _volumes(cloud, account, part_name(Volume.PREFIX, login_id, kind.KIND), new)
    spec = ServerSpec(
        account_id=account,
        name=new.name,
        engine=new.engine,
        version=new.version,
        image=new.image or await _image(cloud, new.role),
        cpus=new.cpus,
        memory_mb=new.memory_mb,
        vpc_id=public_id(Vpc.PREFIX, vpc_id),
        vpc_name=vpc_name,
        port=new.port,
        username=new.username,
        login_id=login_id,
        publish=new.publish,
        volume_id=volumes[0].public_id if volumes else None,
        data_path=new.data_path or "",
        deletion_protection=new.deletion_protection,
        settings=new.settings,
        tags=new.tags,
    )
    server = kind.create(spec)
    await interface.assign(cloud, server, new.place)
    for volume in volumes:
        volume.attach(server.public_id, server.name, server.data_path)
    unit.add(server, *volumes)
    return server


def secure(cloud: Cloud, unit: UnitOfWork, server: Server) -> None:
    """Issue a certificate for every name by which clients reach the server, and seal its private key."""
    random = cloud.ports.random
    names = dict.fromkeys([server.name, "localhost", "127.0.0.1", cloud.settings.publish_address])
    of = Ingredients(
        random.private_key(), random.private_key(), (random.uuid(), random.uuid()), random.uuid()
    )
    certificate, key = issue(server.public_id, list(names), of, cloud.ports.clock.now())
    server.secure(certificate)
    unit.secrets[of.key_id] = key


async def _volumes(cloud: Cloud, account: str, name: str, new: NewServer) -> list[Volume]:
    if new.data_path is None:
        return []
    if new.volume is None:
        return [Volume.create(account, name, new.storage_gb, {})]
    return [await cloud.load(Volume, account, new.volume)]


async def _refuse_limit_that_cannot_hold(cloud: Cloud, new: NewServer) -> None:
    if new.volume is not None and (new.data_path is None or new.storage_gb is not None):
        raise must("volume", "be left out when `storage_gb` is given, or without persistence")
    if new.storage_gb is None:
        return
    if new.data_path is None:
        raise must("storage_gb", "be left out without persistence")
    await refuse_unless_sizes_hold(cloud, "storage_gb")


async def _image(cloud: Cloud, role: str) -> str:
    images = cloud.settings.images(role)
    found = await first_here(cloud, images)
    if found is None:
        raise UnknownImage(
            f"cannot run {role}: neither on this machine nor offered by a registry: {' and '.join(images)}; "
            "load it there, e.g. by `docker load`"
        )
    return found


async def first_here(cloud: Cloud, images: Sequence[str]) -> str | None:
    """Return the first image that is here or a registry offers. Raises Unavailable when nobody can tell."""
    try:
        for image in images:
            if await cloud.ports.images.is_available(image):
                return image
    except PortError as error:
        raise Unavailable(
            "cannot create it at the moment: the container engine does not answer; retry later"
        ) from error
    return None
