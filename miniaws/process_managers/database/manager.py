"""Keeps the server of every database; ``process_managers/server`` says how.

wait for the last backup, if it is deleted -> restore -> copy -> the server -> use it -> available after a backup
"""

from collections.abc import Mapping
from dataclasses import replace

from domain.archive import ARCHIVE_PATH, Archive, archive_uuid
from domain.database import Database, DatabaseClient, Replicator
from domain.ports import Containers, ContainerSpec, Mount, SeenContainer
from domain.server import Endpoint
from domain.status import USABLE
from miniaws.application import Cloud, UnitOfWork
from miniaws.process_managers.database.copy import CopyStage
from miniaws.process_managers.database.files import remove_programs
from miniaws.process_managers.database.replicas import Replicas
from miniaws.process_managers.database.restore import RestoreStage
from miniaws.process_managers.database.swap import Swaps
from miniaws.process_managers.server import ServerAccess, ServerKind, ServerManager
from miniaws.process_managers.server.manager import missing_dependency
from miniaws.runtime.reconciler import ReconcileResult

_BACKUP_S = 0.2
_REPLICA_S = 10.0


def create_manager(cloud: Cloud) -> ServerManager[Database]:
    """Return what reconciles containers with databases."""
    ports = cloud.ports
    access = ServerAccess(cloud, Database, ports.databases)
    replicas = Replicas(cloud, ports.replicators, access)
    swaps = Swaps(cloud, ports.containers, access)
    servers = _DatabaseServers(
        cloud, ports.containers, ports.databases, ports.replicators, replicas, swaps, access
    )
    restore = RestoreStage(cloud, ports.containers, ports.archives, access, servers.missing)
    copy = CopyStage(ports.containers, ports.archives, replicas, access, servers.missing)
    kind = ServerKind(
        Database,
        ports.databases,
        use=servers.use,
        stages=(servers.wait_for_last_backup, restore.run, copy.run),
        dependency=servers.dependency,
        container_spec=servers.container_spec,
        before_delete=servers.before_delete,
    )
    return ServerManager(cloud, ports.containers, kind, access)


class _DatabaseServers:
    """What a database needs besides being a server."""

    def __init__(
        self,
        cloud: Cloud,
        containers: Containers,
        clients: Mapping[str, DatabaseClient],
        replicators: Mapping[str, Replicator],
        replicas: Replicas,
        swaps: Swaps,
        access: ServerAccess[Database],
    ) -> None:
        self._cloud = cloud
        self._swaps = swaps
        self._containers = containers
        self._clients = clients
        self._replicators = replicators
        self._replicas = replicas
        self._access = access

    async def wait_for_last_backup(self, database: Database) -> ReconcileResult | None:
        """Keep a database that is deleted until its last backup is made; remove programs that make its files."""
        if not database.is_deleting or database.status in {"trashed", "deleted"}:
            return None
        pending = (await self._archive(database)).pending
        if pending is not None and pending.why == "final" and database.is_up:
            return ReconcileResult("waits for its last backup", _BACKUP_S)
        await remove_programs(self._containers, database)
        return None

    async def missing(self, database: Database) -> str | None:
        """Return what the files of a database need that is still being created."""
        return await missing_dependency(self._cloud, database) or await self.dependency(database)

    async def dependency(self, database: Database) -> str | None:
        """Return the archive while it is created, or the database that it replaces until that has stopped."""
        if not (await self._archive(database)).was_available:
            return "its archive"
        return await self._swaps.dependency(database)

    async def container_spec(self, database: Database, spec: ContainerSpec) -> ContainerSpec:
        """Add the archive, and the files of our own account and of a replica."""
        password = await self._own_password(database)
        files = {**spec.files, **self._clients[database.engine].files(password)}
        if database.is_replica:
            files |= await self._replicas.files(database)
        return replace(spec, files=files, mounts=(*spec.mounts, Mount(database.archive_id, ARCHIVE_PATH)))

    async def use(self, database: Database, container: SeenContainer, at: Endpoint) -> float | None:
        """Set a database up and use it. Raises Unreachable, Refused."""
        database = await self._access.report(database, lambda d: d.report_shm(container.shm_mb))
        admin = await self._own_password(database)
        if database.is_promoting:
            database = await self._replicas.promote(database, at, admin)
        if database.is_replica:
            return await self._use_replica(database, at)
        if database.status not in USABLE:
            await self._administer(database, at, admin)
        password = await self._access.rotate(database, at)
        await self._access.check(database, at, password)
        if database.swap is not None and database.swap.is_waiting:
            return await self._swaps.begin(database, database.swap)
        await self._swaps.report_used(database)
        await self._report_used(database)
        for released in database.followers.leaving:
            await self._replicas.dismiss(database, at, admin, released)
        return None

    async def before_delete(self, unit: UnitOfWork, database: Database) -> None:
        """Release a replica from its source in the same save."""
        if database.is_replica:
            (await self._replicas.load_source(unit, database)).release(database)

    async def _use_replica(self, replica: Database, at: Endpoint) -> float:
        following = await self._replicas.follow(replica, at)
        if following is None:
            return 0.0
        await self._report_used(following)
        return _REPLICA_S

    async def _administer(self, database: Database, at: Endpoint, admin: str) -> None:
        """Set up accounts and parameters by our own account."""
        replicator = self._replicators.get(database.engine)
        if replicator is not None and not database.was_used:
            # Its files may be those of another database, which had replicas.
            await replicator.dismiss(at, admin, None)
        password = await self._access.secret(database, database.login_id)
        done = await self._clients[database.engine].administer(database, at, admin, password)
        await self._access.report(database, lambda d: d.report_prepared(done.server, done.pending_restart))

    async def _report_used(self, database: Database) -> None:
        """Report ``backing-up`` until the database can be restored, then ``available``."""
        if not database.needs_first_backup:
            await self._access.report_available(database)
            return
        archive = await self._archive(database)
        if any(not backup.is_damaged for backup in archive.backups):
            await self._access.report_available(database)
            return
        reason = archive.status_reason if archive.status == "error" else None
        await self._access.report_used(database, lambda d: d.report_backing_up(reason))

    async def _own_password(self, database: Database) -> str:
        """Return the password of our own account; of a replica the one that it has once it is promoted."""
        return await self._access.secret(database, (await self._archive(database)).admin_id)

    async def _archive(self, database: Database) -> Archive:
        return await self._cloud.load_by_id(Archive, archive_uuid(database.public_id))
