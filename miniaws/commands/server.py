"""Commands that every managed server shares: create, start, stop, change, rotate, connect, delete."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import quote
from uuid import UUID

from domain.aggregate import Aggregate
from domain.errors import Invalid, PortError, Unavailable, Unreachable
from domain.server import Endpoint, Server, ServerSpec
from domain.server.certificate import Ingredients, issue
from domain.store import ClaimTaken, RequirementMissing, VersionConflict
from domain.values import public_id
from domain.volume import Volume
from domain.vpc import Vpc
from miniaws.application import Cloud, Request, Saved
from miniaws.commands import host_port
from miniaws.commands.instance import UnknownImage, find_vpc, refuse_if_gone
from miniaws.commands.volume import refuse_unless_sizes_hold

S = TypeVar("S", bound=Server)
_ATTEMPTS = 10


@dataclass(frozen=True, slots=True)
class Create:
    """A server as it is asked for."""

    name: str
    engine: str
    version: str
    role: str
    """Which image it runs on, as in ``settings.images``."""
    cpus: float
    memory_mb: int
    port: int
    username: str
    vpc: str = "default"
    publish: int | None = None
    data_path: str | None = None
    """Where its volume is mounted; None for a server that keeps nothing."""
    storage_gb: int | None = None
    volume: str | None = None
    """A volume with files of such a server, as a snapshot was restored to; None for a new one."""
    tls: bool = False
    """Whether it speaks TLS, and nothing else."""
    deletion_protection: bool = False
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    image: str | None = None
    """The image that was chosen; None for the first of its role that is here."""


Company = tuple[Sequence[Aggregate], Mapping[UUID, bytes]]
"""What is saved together with a new server, and secrets of it."""


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
    wish: Create,
    accompany: Callable[[S], Awaitable[Company]] | None = None,
) -> Saved:
    """Ask for a server. Raises Invalid, NotFound, NameTaken, HostPortTaken, BeingDeleted, UnknownImage."""
    await cloud.refuse_repeated(request)
    await _refuse_limit_that_cannot_hold(cloud, wish)
    for _ in range(_ATTEMPTS):
        server, volumes, secrets = await _prepare(cloud, request, kind, wish)
        if wish.tls:
            secrets |= _secured(cloud, server)
        try:
            company, more = await accompany(server) if accompany is not None else ((), {})
            receipt = await cloud.save(request, server, *volumes, *company, secrets={**secrets, **more})
            return Saved(server, receipt)
        except ClaimTaken as taken:
            raise host_port.refusal(request, taken, "publish") from None
        except RequirementMissing as missing:
            await refuse_if_gone(cloud, request, wish.vpc, missing)
        except VersionConflict:
            continue
    raise Unavailable(f"cannot create {wish.name}: too many changes at once; retry")


async def start(cloud: Cloud, request: Request, kind: type[S], id_or_name: str) -> Saved:
    """Ask a server to run. Raises NotFound, BeingDeleted."""
    return await cloud.change(request, kind, id_or_name, kind.start)


async def stop(cloud: Cloud, request: Request, kind: type[S], id_or_name: str) -> Saved:
    """Ask a server not to run. Raises NotFound, BeingDeleted."""
    return await cloud.change(request, kind, id_or_name, kind.stop)


async def delete(cloud: Cloud, request: Request, kind: type[S], id_or_name: str) -> Saved:
    """Give a server and its files up. Raises NotFound, DeletionProtected."""
    return await cloud.change(request, kind, id_or_name, kind.delete)


async def rotate_credentials(
    cloud: Cloud, request: Request, kind: type[S], id_or_name: str, *, replaces: bool
) -> Saved:
    """Ask for another password; ``connection`` returns the present one until the server takes the new one."""
    await cloud.refuse_repeated(request)
    login_id = cloud.ports.chance.uuid()
    sealed = {login_id: cloud.ports.chance.secret().encode()}
    for _ in range(_ATTEMPTS):
        server = await cloud.load(kind, request.cause.account_id, id_or_name)
        server.refuse_unless_version(request.expected_version)
        server.rotate_credentials(login_id, replaces=replaces)
        try:
            return Saved(server, await cloud.save(request, server, secrets=sealed))
        except VersionConflict:
            continue
    raise Unavailable(f"cannot change {id_or_name}: too many changes at once; retry")


async def change(
    cloud: Cloud,
    request: Request,
    kind: type[S],
    id_or_name: str,
    modify: Callable[[S], None],
    *,
    tags: Mapping[str, str] | None,
    deletion_protection: bool | None,
) -> Saved:
    """Change tags, protection, and what the kind lets be changed. Raises NotFound, Invalid, BeingDeleted."""

    def decide(server: S) -> None:
        modify(server)
        if tags is not None:
            server.change_tags(tags)
        if deletion_protection is not None:
            server.protect(deletion_protection=deletion_protection)

    return await cloud.change(request, kind, id_or_name, decide)


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


async def _prepare(
    cloud: Cloud, request: Request, kind: type[S], wish: Create
) -> tuple[S, list[Volume], dict[UUID, bytes]]:
    account, login_id = request.cause.account_id, cloud.ports.chance.uuid()
    vpc_id, vpc_name = await find_vpc(cloud, account, wish.vpc)
    # Named by an id, as no person and no other server does.
    name = f"{public_id(Volume.PREFIX, login_id)}-{kind.KIND}"
    volumes = await _volumes(cloud, account, name, wish)
    server = kind.create(
        ServerSpec(
            account_id=account,
            name=wish.name,
            engine=wish.engine,
            version=wish.version,
            image=wish.image or await _image(cloud, wish.role),
            cpus=wish.cpus,
            memory_mb=wish.memory_mb,
            vpc_id=public_id(Vpc.PREFIX, vpc_id),
            vpc_name=vpc_name,
            port=wish.port,
            username=wish.username,
            login_id=login_id,
            publish=wish.publish,
            volume_id=volumes[0].public_id if volumes else None,
            data_path=wish.data_path or "",
            deletion_protection=wish.deletion_protection,
            settings=wish.settings,
            tags=wish.tags,
        )
    )
    for volume in volumes:
        volume.attach(server.public_id, server.name, server.data_path)
    return server, volumes, {login_id: cloud.ports.chance.secret().encode()}


def _secured(cloud: Cloud, server: Server) -> dict[UUID, bytes]:
    """Give it a certificate for every name by which clients reach it, and return the private key to seal."""
    chance = cloud.ports.chance
    names = dict.fromkeys([server.name, "localhost", "127.0.0.1", cloud.settings.publish_address])
    of = Ingredients(
        chance.private_key(), chance.private_key(), (chance.uuid(), chance.uuid()), chance.uuid()
    )
    certificate, key = issue(server.public_id, list(names), of, cloud.ports.clock.now())
    server.secure(certificate)
    return {of.key_id: key}


async def _volumes(cloud: Cloud, account: str, name: str, wish: Create) -> list[Volume]:
    if wish.data_path is None:
        return []
    if wish.volume is None:
        return [Volume.create(account, name, wish.storage_gb, {})]
    return [await cloud.load(Volume, account, wish.volume)]


async def _refuse_limit_that_cannot_hold(cloud: Cloud, wish: Create) -> None:
    if wish.volume is not None and (wish.data_path is None or wish.storage_gb is not None):
        raise Invalid(
            f"cannot use the volume for {wish.name}: let it persist, and leave `storage_gb` out",
            field="volume",
        )
    if wish.storage_gb is None:
        return
    if wish.data_path is None:
        raise Invalid(
            f"cannot limit the storage of {wish.name}: it has none; let it persist, or leave `storage_gb` out",
            field="storage_gb",
        )
    await refuse_unless_sizes_hold(cloud, "storage_gb")


async def _image(cloud: Cloud, role: str) -> str:
    images = cloud.settings.images(role)
    found = await first_here(cloud, images)
    if found is None:
        is_built_here = any(image.endswith(":local") for image in images)
        remedy = f"run `scripts/images {role}`" if is_built_here else "load it there, e.g. by `docker load`"
        raise UnknownImage(
            f"cannot run {role}: neither on this machine nor offered by a registry: {' and '.join(images)}; {remedy}"
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
