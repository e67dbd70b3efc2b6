"""The container that a managed server runs in."""

from typing import TypeVar

from domain.ports import ContainerSpec, File, Mount, PublishedPort
from domain.server import CERTIFICATE_PATH, KEY_PATH, STOP_GRACE_S, Server
from miniaws.process_managers import attachment
from miniaws.process_managers.server.access import ServerAccess
from miniaws.process_managers.server.kind import ServerKind

S = TypeVar("S", bound=Server)


async def container_spec(
    kind: ServerKind[S], access: ServerAccess[S], server: S, publish_address: str
) -> ContainerSpec:
    """Return the container of a server. Raises SecretMissing."""
    client = kind.clients[server.engine]
    # A server that cannot change its password while it runs is replaced by one that starts with the next password.
    starts_with_next = server.next_login_id is not None and not client.rotates_live
    login_id = server.next_login_id if starts_with_next and server.next_login_id else server.login_id
    program = client.program(server, await access.secret(server, login_id))
    spec = ContainerSpec(
        resource_id=server.public_id,
        account_id=server.account_id,
        name=server.name,
        image=server.image,
        network_id=server.vpc_id,
        generation=server.generation,
        cpus=server.cpus,
        memory_mb=server.memory_mb,
        restart="always",
        command=program.command,
        environment=program.environment,
        ports=published(server, publish_address),
        mounts=(Mount(server.volume_id, server.data_path),) if server.volume_id is not None else (),
        files={**program.files, **await _tls_files(access, server, program.user)},
        kind=server.KIND,  # pyright: ignore[reportArgumentType] - a kind of the ports
        keeps_files=False,
        stop_grace_s=STOP_GRACE_S,
        stop_signal=program.stop_signal,
        shm_mb=server.shm_mb,
        address=attachment.address(server),
        aliases=attachment.names(server.name, server.vpc_name),
    )
    return await kind.container_spec(server, spec)


def published(server: Server, publish_address: str) -> tuple[PublishedPort, ...]:
    """Return its port on the host, if it has one."""
    if server.publish is None:
        return ()
    return (PublishedPort(server.port, server.publish, publish_address),)


async def _tls_files(access: ServerAccess[S], server: S, user: int) -> dict[str, File]:
    if server.certificate is None:
        return {}
    key = await access.secret(server, server.certificate.key_id)
    return {
        CERTIFICATE_PATH: File(server.certificate.pem.encode(), 0o444, user, user),
        KEY_PATH: File(key.encode(), 0o400, user, user),
    }
