"""Lets a restored database take the place of the one that it was restored from.

use the restored one -> its password is the current one -> the other one makes way -> take name and host port
-> the other one is in the trash -> another container, which publishes them -> use it -> report_swapped

A pass that is cut off anywhere continues: each step is an event, and what comes next follows from both databases.
"""

from dataclasses import replace

from domain.archive import Archive, archive_uuid
from domain.database import Database, swapping
from domain.database.swap import Swap
from domain.errors import Conflict, Refused
from domain.ports import Containers
from domain.server import STOP_GRACE_S
from domain.store import Cause, RequirementMissing
from domain.subnet import PUBLIC_SCOPE
from miniaws.application import Cloud, Request, UnitOfWork, Work
from miniaws.commands.database.replicas import login_of
from miniaws.commands.keeping import kept_until
from miniaws.process_managers.server import ServerAccess

_NOW_S, _ROTATION_S = 0.0, 0.5
_ASKED = "database.swap_requested"
_ACTOR = "system:database-swap"
"""Who replaces the other database. Not the manager of databases: its own reports do not wake it."""


class Swaps:
    """Swaps databases."""

    def __init__(self, cloud: Cloud, containers: Containers, access: ServerAccess[Database]) -> None:
        self._cloud = cloud
        self._containers = containers
        self._access = access

    async def begin(self, database: Database, swap: Swap) -> float:
        """Take the place of the other database; return after how many seconds to continue. Raises Refused."""
        target = await self._cloud.load_by_id(Database, swap.target_id)
        if target.successor_id != database.public_id:
            if target.next_login_id is not None:
                return _ROTATION_S
            if target.login_id != swap.target_login_id:
                await self._copy_password(database, target)
                return _NOW_S
            target = await self._replace(database, target)
        await self._take_place(database, target)
        return _NOW_S

    async def dependency(self, database: Database) -> str | None:
        """Return the replaced database until it has stopped; both publish the same host port."""
        if database.swap is None or not database.swap.is_under_way:
            return None
        # Stopped meanwhile, so that its next container can start at once.
        await self._containers.stop(database.public_id, STOP_GRACE_S)
        target = await self._cloud.load_by_id(Database, database.swap.target_id)
        return None if target.is_trashed or target.status == "deleted" else f"database {target.name} to stop"

    async def report_used(self, database: Database) -> None:
        """Report that a client has used the database in its new place."""
        if database.swap is not None and database.swap.is_under_way:
            now = self._cloud.ports.clock.now()
            await self._access.report(database, lambda current: swapping.report_swapped(current, now))

    async def _copy_password(self, database: Database, target: Database) -> None:
        async def work(unit: UnitOfWork) -> None:
            current = await unit.load(Database, database.public_id)
            swapping.copy_password(current, target, unit.seal(await login_of(self._cloud, target)))

        await self._cloud.transact(self._request(database), work)

    async def _replace(self, database: Database, target: Database) -> Database:
        """Request that the other database makes way; its archive is released in the same save."""
        now = self._cloud.ports.clock.now()
        purges_at = kept_until(self._cloud)
        if purges_at is None:
            raise Refused(
                f"cannot take the place of {target.name}: the trash is switched off; set MINIAWS_TRASH_HOURS"
            )

        async def work(unit: UnitOfWork) -> None:
            current = await unit.load(Database, target.public_id)
            swapping.request_replacement(current, database, now, purges_at)
            archive = await self._archive(unit, current)
            archive.release(keep=True)

        await self._saved(Request(await self._cause(database)), work)
        return await self._cloud.load_by_id(Database, target.public_id)

    async def _take_place(self, database: Database, target: Database) -> None:
        began_at = target.replaced_at or self._cloud.ports.clock.now()

        async def work(unit: UnitOfWork) -> None:
            current = await unit.load(Database, database.public_id)
            swapping.take_place(current, began_at)
            await self._archive(unit, current)

        await self._saved(self._request(database), work)

    async def _archive(self, unit: UnitOfWork, database: Database) -> Archive:
        """Return the archive of a database, with the database's name."""
        archive = await self._cloud.load_by_id(Archive, archive_uuid(database.public_id))
        archive.rename(database.name)
        unit.add(archive)
        return archive

    async def _saved(self, request: Request, work: Work) -> None:
        """Save a step. Raises Refused when it is refused at the moment; a later pass tries again."""
        try:
            await self._cloud.transact(request, work)
        except RequirementMissing as missing:
            if missing.claim.scope != PUBLIC_SCOPE:
                raise Refused(str(missing)) from missing
            raise Refused(
                "cannot publish the port of the database that makes way: the subnet is not public; make it public"
            ) from missing
        except Conflict as refusal:
            raise Refused(str(refusal)) from refusal

    async def _cause(self, database: Database) -> Cause:
        """Return what led to the swap, which is no event of the database that makes way."""
        events = await self._cloud.ports.store.events(database.id)
        asked = next(event for event in events if event.type == _ASKED)
        return replace(
            self._access.cause,
            actor=_ACTOR,
            account_id=database.account_id,
            correlation_id=asked.correlation_id,
            causation=asked.position,
        )

    def _request(self, database: Database) -> Request:
        return Request(replace(self._access.cause, account_id=database.account_id))
