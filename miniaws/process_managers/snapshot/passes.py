"""Keeps copies of volumes for every snapshot.

Each pass repeats ``domain.snapshot.next_step`` and carries out what it says. Copying, also to a target, verifying and
forgetting are tasks that go on by themselves: a pass begins one or looks at it. Only while containers are paused does
a pass wait, so that whatever ends it, an error or the end of the controller, lets them go on. When the controller was
killed, the next one finds a task that waits and is not its own: it lets the containers go on, and starts over.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.aggregate import name_scope
from domain.database import Database
from domain.errors import PortError, Refused, Unreachable
from domain.snapshot import Snapshot, Step, next_step, parent_of
from domain.snapshot.aggregate import repository_scope
from domain.snapshot.copies import Copied, Copies, SeenTask, Task, User, Verb
from domain.store import Cause
from miniaws.application import Cloud
from miniaws.process_managers.snapshot.elsewhere import Elsewhere
from miniaws.runtime.workers import Pass

_CAUSE = Cause(actor="system:snapshot-manager", account_id="")
_MOST_STEPS = 12
_LOOK_S = 0.5
_BUSY_S = 0.5
_ENDS_S = 10.0


@dataclass(frozen=True, slots=True)
class _Moment:
    """When volumes were read, and what of them there is now."""

    at: datetime
    position: int
    copied: Copied
    paused: Sequence[str] = ()


class SnapshotManager:
    """Reconciles copies with snapshots."""

    kind = Snapshot.KIND

    def __init__(self, cloud: Cloud, copies: Copies) -> None:
        self._cloud = cloud
        self._copies = copies
        self._elsewhere = Elsewhere(cloud, _CAUSE)
        # Tasks that wait for a pause, begun here and not yet paused for.
        self._mine: set[str] = set()

    async def reconcile(self, resource_id: UUID) -> Pass:
        """Bring one snapshot in line."""
        done: list[str] = []
        for _ in range(_MOST_STEPS):
            snapshot = await self._cloud.load_by_id(Snapshot, resource_id)
            if snapshot.status == "deleted":
                return Pass("is deleted")
            try:
                seen = await self._copies.look(snapshot.repository_id, snapshot.public_id)
                step = next_step(snapshot, seen, is_mine=snapshot.public_id in self._mine)
                if step in {Step.NOTHING, Step.WAIT}:
                    return Pass(", ".join(done) or step.value, None if step is Step.NOTHING else _LOOK_S)
                if not await self._carry_out(step, snapshot, seen):
                    return Pass("waits for another task of its repository", _BUSY_S)
            except PortError as error:
                await self._report_failed(snapshot, error)
                raise
            done.append(step.value)
        return Pass(", ".join(done), _LOOK_S)

    async def _carry_out(self, step: Step, snapshot: Snapshot, seen: SeenTask | None) -> bool:
        """Return False when the repository is busy."""
        match step:
            case Step.COPY:
                return await self._begin_copy(snapshot)
            case Step.TRANSFER | Step.VERIFY:
                return await self._begin(snapshot, "transfer" if step is Step.TRANSFER else "verify")
            case Step.FORGET:
                return await self._forget(snapshot)
            case Step.TAKE:
                await self._take(snapshot)
            case Step.START_OVER | Step.END | Step.FAIL:
                await self._drop(step, snapshot, seen)
            case Step.REPORT_TAKEN | Step.REPORT_TRANSFERRED if seen is not None:
                await self._report_copied(snapshot, seen)
            case _:
                await self._report(step, snapshot, seen)
        return True

    async def _begin_copy(self, snapshot: Snapshot) -> bool:
        users = await self._copies.users(snapshot.volume_ids)
        _refuse_strangers(users)
        waits = any(user.state in {"running", "paused", "restarting"} for user in users)
        if waits:
            self._mine.add(snapshot.public_id)
        return await self._begin(snapshot, "copy", waits=waits, parent_id=await self._parent_id(snapshot))

    async def _parent_id(self, snapshot: Snapshot) -> str:
        claims = await self._cloud.ports.store.claims(repository_scope(snapshot.repository_id))
        return parent_of(snapshot, [await self._cloud.load_by_id(Snapshot, claim.owner) for claim in claims])

    async def _begin(
        self,
        snapshot: Snapshot,
        verb: Verb,
        *,
        waits: bool = False,
        parent_id: str = "",
        is_last: bool = False,
    ) -> bool:
        key = await self._cloud.ports.store.secret(UUID(snapshot.key_id))
        if key is None:
            raise Refused(f"cannot {verb} {snapshot.name}: its key is gone")
        task = Task(
            verb=verb,
            kind="snapshot",
            owner_id=snapshot.public_id,
            account_id=snapshot.account_id,
            repository_id=snapshot.repository_id,
            key=key,
            volumes=snapshot.volume_ids,
            waits=waits,
            parent_id=parent_id,
            copy_id=snapshot.copy_id,
            is_thorough=verb == "verify" and snapshot.is_asked_to_verify,
            target=snapshot.target,
            source=await self._elsewhere.source(snapshot) if verb == "transfer" else None,
            is_last=is_last,
        )
        return await self._copies.begin(task)

    async def _forget(self, snapshot: Snapshot) -> bool:
        others = await self._cloud.ports.store.claims(repository_scope(snapshot.repository_id))
        is_last = [claim.owner for claim in others] == [snapshot.id]
        if snapshot.target or not is_last:
            return await self._begin(snapshot, "forget", is_last=is_last)
        # The last one takes the repository with it: nobody joins one in which no snapshot lives.
        await self._copies.discard(snapshot.repository_id)
        await self._cloud.report(Snapshot, snapshot.id, _CAUSE, Snapshot.report_deleted)
        return True

    async def _take(self, snapshot: Snapshot) -> None:
        # Whatever happens now, this task is used up.
        self._mine.discard(snapshot.public_id)
        time = asyncio.get_running_loop().time
        began = time()
        try:
            moment = await self._while_paused(snapshot)
        finally:
            await self._copies.release(snapshot.volume_ids)
        if moment is not None:
            await self._report_taken(snapshot, moment, round((time() - began) * 1000))
            await self._copies.end(snapshot.repository_id, snapshot.public_id, _ENDS_S)

    async def _while_paused(self, snapshot: Snapshot) -> _Moment | None:
        """Return what was copied, or None when somebody began to write meanwhile."""
        limit_s = self._cloud.settings.snapshot_pause_s
        try:
            async with asyncio.timeout(limit_s):
                paused = await self._copies.pause(snapshot.volume_ids)
                at = self._cloud.ports.clock.now()
                position = await self._cloud.ports.store.head()
                copied = await self._copies.proceed(snapshot.repository_id, snapshot.public_id)
                is_still = await self._is_still(snapshot, at)
        except TimeoutError:
            raise Refused(
                f"cannot take {snapshot.name}: its volumes were not read within {limit_s:g} s, for which containers "
                "may be paused; stop the instances, or raise MINIAWS_SNAPSHOT_PAUSE_S"
            ) from None
        return _Moment(at, position, copied, paused) if is_still else None

    async def _is_still(self, snapshot: Snapshot, since: datetime) -> bool:
        """Tell whether nobody has begun to write."""
        users = await self._copies.users(snapshot.volume_ids)
        return all(user.state != "running" and (user.started_at or since) <= since for user in users)

    async def _report_copied(self, snapshot: Snapshot, seen: SeenTask) -> None:
        """Report a copy that needed no pause; start over when somebody began to write meanwhile."""
        if snapshot.original is not None:
            await self._elsewhere.report_made(snapshot, seen)
            await self._end(snapshot)
            return
        now, position = self._cloud.ports.clock.now(), await self._cloud.ports.store.head()
        if seen.started_at and seen.copied and await self._is_still(snapshot, seen.started_at):
            await self._report_taken(snapshot, _Moment(now, position, seen.copied), 0)
        await self._end(snapshot)

    async def _restore_points(self, account_id: str, at: datetime) -> list[dict[str, str]]:
        """Return to which moment each database of the account is restored to go with the files."""
        claims = await self._cloud.ports.store.claims(name_scope(account_id, Database.KIND))
        found = [await self._cloud.load_by_id(Database, claim.owner) for claim in claims]
        return [
            {"id": database.public_id, "name": database.name, "to": at.isoformat()}
            for database in found
            if database.was_available and not database.is_deleting and not database.is_replica
        ]

    async def _report_taken(self, snapshot: Snapshot, moment: _Moment, pause_ms: int) -> None:
        points = await self._restore_points(snapshot.account_id, moment.at) if snapshot.is_of_all else ()

        def decide(snapshot: Snapshot) -> None:
            snapshot.report_taken(
                moment.copied,
                taken_at=moment.at,
                log_position=moment.position,
                paused=moment.paused,
                pause_ms=pause_ms,
                restore_points=points,
            )

        await self._cloud.report(Snapshot, snapshot.id, _CAUSE, decide)

    async def _drop(self, step: Step, snapshot: Snapshot, seen: SeenTask | None) -> None:
        if step is Step.START_OVER:
            # In this order: while the task is there, its containers are known to be paused for it.
            await self._copies.release(snapshot.volume_ids)
        await self._end(snapshot)
        if step is Step.FAIL and seen is not None:
            raise Refused(f"cannot {seen.verb} {snapshot.name}: {seen.reason}")

    async def _end(self, snapshot: Snapshot) -> None:
        self._mine.discard(snapshot.public_id)
        await self._copies.end(snapshot.repository_id, snapshot.public_id)

    async def _report(self, step: Step, snapshot: Snapshot, seen: SeenTask | None) -> None:
        now = self._cloud.ports.clock.now()
        reason = (seen.reason if seen else None) or "it cannot be read"
        decide: dict[Step, Callable[[Snapshot], None]] = {
            Step.REPORT_VERIFIED: lambda s: s.report_verified(now),
            Step.REPORT_DAMAGED: lambda s: s.report_damaged(reason),
            Step.REPORT_DELETED: Snapshot.report_deleted,
            Step.REPORT_AVAILABLE: Snapshot.report_available,
        }
        if step is Step.REPORT_DELETED:
            # First, as nobody looks at what is deleted; forgetting twice is fine.
            await self._end(snapshot)
            await self._elsewhere.report_gone(snapshot)
        await self._cloud.report(Snapshot, snapshot.id, _CAUSE, decide[step])
        await self._end(snapshot)

    async def _report_failed(self, snapshot: Snapshot, error: PortError) -> None:
        reason = "the container engine does not answer" if isinstance(error, Unreachable) else str(error)
        await self._cloud.report(Snapshot, snapshot.id, _CAUSE, lambda s: s.report_failed(reason))
        await self._elsewhere.report_failed(snapshot, reason)


def _refuse_strangers(users: Sequence[User]) -> None:
    """Refuse while a container that is not ours may write: we never touch it, so it cannot be paused."""
    for user in users:
        if user.state == "running" and not user.is_ours:
            raise Refused(
                f"cannot copy: the container {user.name}, which is not ours, has a volume mounted; stop it"
            )
