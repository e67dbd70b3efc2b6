"""Has replicas follow their source, and promotes them."""

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import NoReturn

from domain.database import Database, Replicator
from domain.errors import PortError, Refused, Unreachable
from domain.ports import File
from domain.server import Endpoint, Program
from domain.status import SETTLING
from miniaws.application import Cloud, Request, UnitOfWork
from miniaws.commands.archive import admin_password
from miniaws.process_managers.server import ServerAccess


class Replicas:
    """Speaks to replicas and to their sources."""

    def __init__(
        self,
        cloud: Cloud,
        replicators: Mapping[str, Replicator],
        access: ServerAccess[Database],
    ) -> None:
        self._cloud = cloud
        self._replicators = replicators
        self._access = access

    async def admit(self, replica: Database) -> None:
        """Register the replica at its source, which then keeps the log for it. Raises Unreachable, Refused."""
        source = await self._source(replica)
        await self._replicators[replica.engine].admit(
            _endpoint(source),
            await admin_password(self._cloud, source),
            replica.public_id,
            await self._password(replica),
        )

    async def copy_program(self, replica: Database) -> Program:
        """Return the program that copies the files of the source."""
        return self._replicators[replica.engine].copy(replica, await self._password(replica))

    async def files(self, replica: Database) -> dict[str, File]:
        """Return the files that its container needs to follow the source."""
        return self._replicators[replica.engine].files(replica, await self._password(replica))

    async def follow(self, replica: Database, at: Endpoint) -> Database | None:
        """Use the replica as its clients do and check that it follows.

        Return None when it must be copied again. Raises Unreachable while it begins to follow, and Refused when it does
        not follow.
        """
        source = await self._source(replica)
        admin, replicator = await admin_password(self._cloud, source), self._replicators[replica.engine]
        if (parameters := source.settings["parameters"]) != replica.settings["parameters"]:
            replica = await self._report(replica, lambda r: r.report_parameters(parameters))
        if replica.status != "available":
            done = await replicator.prepare(replica, at, admin)
            await self._report(replica, lambda r: r.report_prepared(done.server, done.pending_restart))
        await replicator.read(replica, at, await self._passwords(source))
        if (await replicator.replication_status(at, admin)).is_streaming:
            return replica
        if await self._is_outdated(replica, source, admin):
            reason = f"{source.name} has not kept what it lacks: it is copied again"
            await self._report(replica, lambda r: r.report_outdated(reason))
            return None
        return await self._interrupted(replica, source)

    async def promote(self, replica: Database, at: Endpoint, own: str) -> Database:
        """Make a replica a database of its own that takes writes, and return it."""
        source = await self._source(replica)
        admin, replicator = await admin_password(self._cloud, source), self._replicators[replica.engine]
        ended = await replicator.promote(at, admin, own)
        behind: int | None = None
        if source.is_up:
            with contextlib.suppress(PortError):
                behind = await replicator.lag_bytes_after(_endpoint(source), admin, ended.position)

        async def work(unit: UnitOfWork) -> None:
            current = await unit.load(Database, replica.public_id)
            (await self.load_source(unit, current)).release(current)
            current.report_promoted(ended.position, ended.last_change_at, behind)

        cause = replace(self._access.cause, account_id=replica.account_id)
        await self._cloud.transact(Request(cause), work)
        return await self._cloud.load_by_id(Database, replica.id)

    async def dismiss(self, source: Database, at: Endpoint, admin: str, released: str) -> None:
        """Remove from a source what it keeps for a replica that no longer follows it."""
        await self._replicators[source.engine].dismiss(at, admin, released)
        await self._report(source, lambda s: s.report_dismissed(released))

    async def load_source(self, unit: UnitOfWork, replica: Database) -> Database:
        """Return the source of a replica, to be saved with it."""
        return await unit.load(Database, _source_id(replica))

    async def _is_outdated(self, replica: Database, source: Database, admin: str) -> bool:
        if not source.is_up:
            return False
        with contextlib.suppress(Unreachable):
            return await self._replicators[replica.engine].is_lost(
                _endpoint(source), admin, replica.public_id
            )
        return False

    async def _interrupted(self, replica: Database, source: Database) -> NoReturn:
        """Report that the replica does not follow. Raises Unreachable, Refused."""
        if replica.status in SETTLING:
            raise Unreachable("it does not follow yet")
        why = "which is stopped" if source.wanted == "stopped" else "from which nothing comes"
        what = "what it has can be read, and it continues by itself, or is promoted"
        reason = f"it does not follow {source.name}, {why}; {what}"
        await self._report(replica, lambda r: r.report_interrupted(reason))
        raise Refused(reason)

    async def _source(self, replica: Database) -> Database:
        return await self._cloud.load_by_id(Database, _source_id(replica))

    async def _password(self, replica: Database) -> str:
        if replica.source_login_id is None:
            raise Refused(f"cannot follow: database {replica.name} is not a replica")
        return await self._access.secret(replica, replica.source_login_id)

    async def _passwords(self, source: Database) -> list[str]:
        """Return the passwords that clients may use: two, while the password of the source is being changed."""
        return [
            await self._access.secret(source, each)
            for each in (source.login_id, source.next_login_id)
            if each
        ]

    async def _report(self, replica: Database, decide: Callable[[Database], None]) -> Database:
        return await self._access.report(replica, decide)


def _source_id(replica: Database) -> str:
    if replica.replica_of is None:
        raise Refused(f"cannot follow: database {replica.name} is not a replica")
    return replica.replica_of.id


def _endpoint(source: Database) -> Endpoint:
    """Return where a source listens. Raises Unreachable when it does not run."""
    if source.address is None:
        raise Unreachable(f"its source {source.name} does not answer: it is {source.status}")
    return Endpoint(source.address, source.port)
