"""What replicas take besides being servers: a source that admits them, files that are a copy, following, promotion."""

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from domain.aggregate import Aggregate
from domain.archive import ArchiveEngine
from domain.database import Database, Replicator
from domain.errors import PortError, Refused, Unreachable
from domain.ports import File
from domain.server import Endpoint, Program
from domain.status import SETTLING
from domain.store import Cause, VersionConflict
from domain.values import parse_id
from miniaws.application import Cloud, Request
from miniaws.commands.archive import admin_password


class Replicas:
    """Speaks to replicas and to their sources."""

    def __init__(
        self,
        cloud: Cloud,
        replicators: Mapping[str, Replicator],
        archives: Mapping[str, ArchiveEngine],
        cause: Cause,
    ) -> None:
        self._cloud = cloud
        self._replicators = replicators
        self._archives = archives
        self._cause = cause

    async def admit(self, replica: Database) -> None:
        """Have the source keep its log for it. Raises Unreachable, Refused."""
        source = await self._source(replica)
        await self._replicators[replica.engine].admit(
            _where(source),
            await admin_password(self._cloud, source),
            replica.public_id,
            await self._password(replica),
        )

    async def program(self, replica: Database) -> Program:
        """Return what makes its files."""
        return self._replicators[replica.engine].copy(replica, await self._password(replica))

    async def files(self, replica: Database) -> dict[str, File]:
        """Return what its container needs to follow."""
        return self._replicators[replica.engine].files(replica, await self._password(replica))

    async def report_copied(self, replica: Database, lines: Sequence[str]) -> None:
        """Report that its files are there."""
        steps = [step for line in lines if (step := self._archives[replica.engine].step(line))]
        took_s = (steps[-1].at - steps[0].at).total_seconds()
        await self._report(replica, lambda r: r.report_copied(took_s))

    async def keep(self, replica: Database, at: Endpoint) -> Database | None:
        """Use it as its clients do, and see that it follows; None: it is to be copied anew.

        Raises Unreachable while it begins to follow, and Refused when it does not.
        """
        source = await self._source(replica)
        admin, replicator = await admin_password(self._cloud, source), self._replicators[replica.engine]
        if (parameters := source.settings["parameters"]) != replica.settings["parameters"]:
            replica = await self._report(replica, lambda r: r.report_parameters(parameters))
        if replica.status != "available":
            done = await replicator.prepare(replica, at, admin)
            await self._report(replica, lambda r: r.report_prepared(done.server, done.pending_restart))
        await replicator.read(replica, at, await self._passwords(source))
        if (await replicator.standing(at, admin)).is_streaming:
            return replica
        if await self._is_outdated(replica, source, admin):
            reason = f"{source.name} has not kept what it lacks: it is copied anew"
            await self._report(replica, lambda r: r.report_outdated(reason))
            return None
        raise await self._interrupted(replica, source)

    async def promote(self, replica: Database, at: Endpoint, own: str) -> Database:
        """Have it take writes, and return it as the database of its own that it is then."""
        source = await self._source(replica)
        admin, replicator = await admin_password(self._cloud, source), self._replicators[replica.engine]
        ended = await replicator.promote(at, admin, own)
        behind: int | None = None
        if source.is_up:
            with contextlib.suppress(PortError):
                behind = await replicator.behind(_where(source), admin, ended.position)
        replica = await self._cloud.load_by_id(Database, replica.id)
        company = await self.released(replica)
        replica.report_promoted(ended.position, ended.last_change_at, behind)
        cause = replace(self._cause, account_id=replica.account_id)
        try:
            await self._cloud.save(Request(cause), replica, *company)
        except VersionConflict:
            raise Unreachable("it is promoted, and about to be told so") from None
        return replica

    async def dismiss(self, source: Database, at: Endpoint, admin: str, released: str) -> None:
        """Have nothing at a source that was kept for one that follows it no more."""
        await self._replicators[source.engine].dismiss(at, admin, released)
        await self._report(source, lambda s: s.report_dismissed(released))

    async def released(self, replica: Database) -> list[Aggregate]:
        """Return its source, which is followed by it no more, to be saved with it."""
        source = await self._source(replica)
        source.release(replica)
        return [source]

    async def _is_outdated(self, replica: Database, source: Database, admin: str) -> bool:
        if not source.is_up:
            return False
        with contextlib.suppress(Unreachable):
            return await self._replicators[replica.engine].is_lost(_where(source), admin, replica.public_id)
        return False

    async def _interrupted(self, replica: Database, source: Database) -> PortError:
        """Report that it does not follow, unless it has just begun to; return what to raise."""
        if replica.status in SETTLING:
            return Unreachable("it does not follow yet")
        why = "which is stopped" if source.wanted == "stopped" else "from which nothing comes"
        what = "what it has can be read, and it goes on by itself, or is promoted"
        reason = f"it does not follow {source.name}, {why}; {what}"
        await self._report(replica, lambda r: r.report_interrupted(reason))
        return Refused(reason)

    async def _source(self, replica: Database) -> Database:
        assert replica.replica_of is not None  # noqa: S101 - asked of replicas only
        parsed = parse_id(replica.replica_of["id"])
        assert parsed is not None  # noqa: S101 - an id of ours
        return await self._cloud.load_by_id(Database, parsed[1])

    async def _password(self, replica: Database) -> str:
        return await self._secret(replica.source_login_id)

    async def _passwords(self, source: Database) -> list[str]:
        """Return what people may sign in with: two, while the password of the source is being changed."""
        return [await self._secret(each) for each in (source.login_id, source.next_login_id) if each]

    async def _secret(self, secret_id: str | None) -> str:
        sealed = await self._cloud.ports.store.secret(UUID(secret_id)) if secret_id is not None else None
        return sealed.decode() if sealed is not None else ""

    async def _report(self, replica: Database, decide: Callable[[Database], None]) -> Database:
        return await self._cloud.report(Database, replica.id, self._cause, decide)


def _where(source: Database) -> Endpoint:
    """Return where a source listens. Raises Unreachable when it does not."""
    if source.address is None:
        raise Unreachable(f"its source {source.name} does not answer: it is {source.status}")
    return Endpoint(source.address, source.port)
