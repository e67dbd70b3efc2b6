"""Keeps copies of volumes for every snapshot, by the actions of ``domain.snapshot.next_action``.

Copying, also to a target, verifying and forgetting are tasks that run by themselves: a pass begins one or looks at it.
Only while containers are paused does a pass wait, so that whatever ends it, an error or the end of the controller,
unpauses them. When the controller was killed, the next one finds a task that waits and is not its own: it unpauses the
containers, and starts over.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.aggregate import name_scope
from domain.database import Database
from domain.errors import ImagePending, PortError, Refused
from domain.snapshot import NextAction, Snapshot, next_action, parent_of
from domain.snapshot.aggregate import repository_scope
from domain.snapshot.copies import Copies, CopyResult, SeenTask, Task, User, Verb
from miniaws.application import Cloud
from miniaws.process_managers.snapshot.offsite_copies import OffsiteCopies
from miniaws.runtime.reconciler import LONG_PASS_S, Reconciler, ReconcileResult, failure, stable_reason

_TASK_S = 0.5
_BUSY_S = 0.5
_ENDS_S = 10.0


@dataclass(frozen=True, slots=True)
class _Moment:
    """When volumes were read, and what of them there is now."""

    at: datetime
    position: int
    copied: CopyResult
    paused: Sequence[str] = ()


class SnapshotManager:
    """Reconciles copies with snapshots."""

    kind = Snapshot.KIND
    timeout_s = LONG_PASS_S

    def __init__(self, cloud: Cloud, copies: Copies) -> None:
        self._cloud = cloud
        self._copies = copies
        # Tasks that wait for a pause, begun here and not yet paused for.
        self._own: set[str] = set()
        self._reconciler = Reconciler(
            cloud,
            Snapshot,
            observe=self._observe,
            next_action=self._next_action,
            carry_out=self._carry_out,
            resting={NextAction.NOTHING: None, NextAction.WAIT: _TASK_S},
            failure=lambda error: failure(error, stable_reason(error)),
            after_failure=self._report_failed_copy,
        )
        self._offsite = OffsiteCopies(cloud, self._reconciler.cause)

    async def reconcile(self, resource_id: UUID) -> ReconcileResult:
        """Reconcile one snapshot."""
        return await self._reconciler.reconcile(resource_id)

    async def _observe(self, snapshot: Snapshot) -> SeenTask | None:
        if snapshot.status == "deleted":
            return None
        return await self._copies.look(snapshot.repository_id, snapshot.public_id)

    def _next_action(self, snapshot: Snapshot, task: SeenTask | None) -> NextAction:
        return next_action(snapshot, task, is_own_task=snapshot.public_id in self._own)

    async def _carry_out(
        self, action: NextAction, snapshot: Snapshot, task: SeenTask | None
    ) -> ReconcileResult | None:
        begun = True
        match action:
            case NextAction.COPY:
                begun = await self._begin_copy(snapshot)
            case NextAction.TRANSFER:
                begun = await self._begin(snapshot, "transfer")
            case NextAction.VERIFY:
                begun = await self._begin(snapshot, "verify")
            case NextAction.FORGET:
                begun = await self._forget(snapshot)
            case NextAction.TAKE:
                await self._take(snapshot)
            case NextAction.START_OVER | NextAction.END | NextAction.FAIL:
                await self._drop(action, snapshot, task)
            case NextAction.REPORT_TAKEN | NextAction.REPORT_TRANSFERRED if task is not None:
                await self._report_copied(snapshot, task)
            case _:
                await self._report(action, snapshot, task)
        return None if begun else ReconcileResult("waits for another task of its repository", _BUSY_S)

    async def _begin_copy(self, snapshot: Snapshot) -> bool:
        users = await self._copies.users(snapshot.volume_ids)
        _refuse_strangers(users)
        waits = any(user.state in {"running", "paused", "restarting"} for user in users)
        if waits:
            self._own.add(snapshot.public_id)
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
        key = await self._cloud.secret(snapshot.key_id, f"the key of snapshot {snapshot.name}")
        begun = Task(
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
            source=await self._offsite.source(snapshot) if verb == "transfer" else None,
            is_last=is_last,
        )
        return await self._copies.begin(begun)

    async def _forget(self, snapshot: Snapshot) -> bool:
        others = await self._cloud.ports.store.claims(repository_scope(snapshot.repository_id))
        is_last = [claim.owner for claim in others] == [snapshot.id]
        if snapshot.target or not is_last:
            return await self._begin(snapshot, "forget", is_last=is_last)
        # The last one takes the repository with it: nobody joins one in which no snapshot lives.
        await self._copies.discard(snapshot.repository_id)
        await self._reconciler.report(snapshot, Snapshot.report_deleted)
        return True

    async def _take(self, snapshot: Snapshot) -> None:
        # Whatever happens now, this task is used up.
        self._own.discard(snapshot.public_id)
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
        """Return whether no container has begun to write."""
        users = await self._copies.users(snapshot.volume_ids)
        return all(user.state != "running" and (user.started_at or since) <= since for user in users)

    async def _report_copied(self, snapshot: Snapshot, task: SeenTask) -> None:
        """Report a copy that needed no pause; start over when somebody began to write meanwhile."""
        if snapshot.original is not None:
            await self._offsite.report_made(snapshot, task)
            await self._end(snapshot)
            return
        now, position = self._cloud.ports.clock.now(), await self._cloud.ports.store.head()
        if task.started_at and task.copied and await self._is_still(snapshot, task.started_at):
            await self._report_taken(snapshot, _Moment(now, position, task.copied), 0)
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

        await self._reconciler.report(snapshot, decide)

    async def _drop(self, action: NextAction, snapshot: Snapshot, task: SeenTask | None) -> None:
        if action is NextAction.START_OVER:
            # In this order: while the task is there, its containers are known to be paused for it.
            await self._copies.release(snapshot.volume_ids)
        await self._end(snapshot)
        if action is NextAction.FAIL and task is not None:
            raise Refused(f"cannot {task.verb} {snapshot.name}: {task.reason}")

    async def _end(self, snapshot: Snapshot) -> None:
        self._own.discard(snapshot.public_id)
        await self._copies.end(snapshot.repository_id, snapshot.public_id)

    async def _report(self, action: NextAction, snapshot: Snapshot, task: SeenTask | None) -> None:
        now = self._cloud.ports.clock.now()
        reason = (task.reason if task else None) or "it cannot be read"
        decide: dict[NextAction, Callable[[Snapshot], None]] = {
            NextAction.REPORT_VERIFIED: lambda s: s.report_verified(now),
            NextAction.REPORT_DAMAGED: lambda s: s.report_damaged(reason),
            NextAction.REPORT_DELETED: Snapshot.report_deleted,
            NextAction.REPORT_AVAILABLE: Snapshot.report_available,
        }
        if action is NextAction.REPORT_DELETED:
            # First, as nobody looks at what is deleted; forgetting twice is fine.
            await self._end(snapshot)
            await self._offsite.report_gone(snapshot)
        await self._reconciler.report(snapshot, decide[action])
        await self._end(snapshot)

    async def _report_failed_copy(self, snapshot: Snapshot, error: PortError) -> None:
        if not isinstance(error, ImagePending):
            await self._offsite.report_failed(snapshot, stable_reason(error))


def _refuse_strangers(users: Sequence[User]) -> None:
    """Refuse while a container that is not ours may write: we never touch it, so it cannot be paused."""
    for user in users:
        if user.state == "running" and not user.is_ours:
            raise Refused(
                f"cannot copy: the container {user.name}, which is not ours, has a volume mounted; stop it"
            )
