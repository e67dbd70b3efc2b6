"""The application: loads aggregates, saves what they decide, and knows when reads show it.

Commands (``miniaws/commands``) read with ``load`` and write with ``transact``, or with ``change`` when they change one
aggregate that exists.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar
from uuid import UUID
from weakref import WeakValueDictionary

import orjson

from domain.aggregate import Aggregate, Claim, Conditions, name_scope
from domain.errors import Invalid, KeyReused, NameTaken, NotFound, SecretMissing, Unavailable
from domain.plan.errors import BeingPlanned
from domain.plan.holding import PLANNED_PREFIX, planned_scope
from domain.store import (
    Append,
    Cause,
    ClaimTaken,
    Receipt,
    RequirementMissing,
    ScopeInUse,
    VersionConflict,
)
from domain.values import parse_id, shown
from miniaws.ports import Ports
from miniaws.settings import Settings

A = TypeVar("A", bound=Aggregate)
T = TypeVar("T")
_ATTEMPTS = 10
_CACHED_IDS = 10_000
_IDEMPOTENCY = "idempotency/"


@dataclass(frozen=True, slots=True)
class Request:
    """Who asks for a change, and under which conditions."""

    cause: Cause
    idempotency_key: str | None = None
    fingerprint: str = ""
    """A digest of the request, to tell a repeated request from another one with the same key."""
    expected_version: int | None = None
    plan_id: UUID | None = None
    """The plan that a step belongs to; it may change what it keeps others from changing."""

    @property
    def is_by_user(self) -> bool:
        """Whether a person asks, and neither a plan nor a process manager."""
        return self.plan_id is None and not self.cause.actor.startswith("system:")


class AlreadyDone(Exception):
    """The request was carried out before; its answer is the resource as of that position."""

    def __init__(self, resource_id: UUID, position: int) -> None:
        super().__init__("carried out before")
        self.resource_id = resource_id
        self.position = position


@dataclass(frozen=True, slots=True)
class Saved:
    """What a command changed."""

    aggregate: Aggregate
    receipt: Receipt
    secrets: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    """What is shown once, by name."""


class UnitOfWork:
    """One change: the aggregates to save together, and the secrets to seal with them.

    The first aggregate that is loaded or added is the one the request is about.
    """

    def __init__(self, cloud: "Cloud", request: Request, locks: AsyncExitStack) -> None:
        self.account_id = request.cause.account_id
        self.changed: list[Aggregate] = []
        self.secrets: dict[UUID, bytes] = {}
        self.secrets_owner: UUID | None = None
        self._cloud = cloud
        self._request = request
        self._locks = locks
        self._has_lock = False

    def restart(self) -> None:
        """Forget what an earlier attempt loaded."""
        self.changed, self.secrets, self.secrets_owner = [], {}, None

    async def load(self, kind: type[A], id_or_name: str) -> A:
        """Load an aggregate to change it. Raises NotFound, and StaleVersion if the request expects another version."""
        is_first = not self.changed
        if is_first and not self._has_lock:
            # One lock at most: two units that wait for each other's would deadlock.
            resource_id = await self._cloud.find(kind, self.account_id, id_or_name)
            await self._locks.enter_async_context(self._cloud.lock(resource_id))
            self._has_lock = True
        found = await self._cloud.load(kind, self.account_id, id_or_name)
        if is_first:
            found.refuse_unless_version(self._request.expected_version)
        self.changed.append(found)
        return found

    def add(self, *aggregates: Aggregate) -> None:
        """Save these aggregates, too."""
        self.changed += aggregates

    def seal(self, secret: str | bytes) -> UUID:
        """Seal a secret for its owner, and return the id by which events refer to it.

        Its owner is the first aggregate, unless ``secrets_owner`` is set.
        """
        secret_id = self._cloud.ports.random.uuid()
        self.secrets[secret_id] = secret.encode() if isinstance(secret, str) else secret
        return secret_id


Work = Callable[[UnitOfWork], Awaitable[None]]
"""Loads what it needs from a unit of work and changes it. Called again when somebody else saved in between."""

Recover = Callable[[ClaimTaken | RequirementMissing], Awaitable[None]]
"""Raises what a conflict means to the user, or returns to have the work done again."""


class Cloud:
    """Every aggregate in one store, so that all events share one order."""

    def __init__(self, settings: Settings, ports: Ports) -> None:
        self.settings = settings
        self.ports = ports
        self._cached_ids: dict[tuple[str, str, str], UUID] = {}
        self._remembered: dict[Hashable, Any] = {}
        # One lock per aggregate inside a process avoids most version conflicts.
        self._locks: WeakValueDictionary[UUID, asyncio.Lock] = WeakValueDictionary()

    async def find(self, kind: type[A], account_id: str, id_or_name: str) -> UUID:
        """Return the id of a living resource by id or name. Raises NotFound."""
        parsed = parse_id(id_or_name)
        if parsed is not None and parsed[0] == kind.PREFIX:
            return parsed[1]
        claim = await self.ports.store.claim(name_scope(account_id, kind.KIND), id_or_name)
        if claim is None and kind.IS_IN_VPC:
            claim = await self._only_one(kind, account_id, id_or_name)
        if claim is None:
            raise NotFound(
                f"cannot find {_humanized(kind.KIND)} {shown(id_or_name)}; list them to see what there is"
            )
        return claim.owner

    async def cached_find(self, kind: type[A], account_id: str, name: str) -> UUID:
        """Return what ``find`` returned last time, for callers whose ``requires`` notices when that is outdated."""
        key = (kind.KIND, account_id, name)
        if key not in self._cached_ids:
            if len(self._cached_ids) >= _CACHED_IDS:
                self._cached_ids.clear()
            self._cached_ids[key] = await self.find(kind, account_id, name)
        return self._cached_ids[key]

    def forget(self, kind: type[Aggregate], account_id: str, name: str) -> None:
        """Drop what ``cached_find`` caches for a name."""
        self._cached_ids.pop((kind.KIND, account_id, name), None)

    async def remembered(self, key: Hashable, read: Callable[[], Awaitable[T]]) -> T:
        """Return what was read last time, as ``cached_find`` does. It must not be changed."""
        if key not in self._remembered:
            if len(self._remembered) >= _CACHED_IDS:
                self._remembered.clear()
            self._remembered[key] = await read()
        return self._remembered[key]

    def forget_remembered(self) -> None:
        """Drop what ``remembered`` keeps, so that it is read again."""
        self._remembered.clear()

    async def load(self, kind: type[A], account_id: str, id_or_name: str) -> A:
        """Return the aggregate. Raises NotFound, also when it belongs to another account."""
        found = await self.ports.store.load(await self.find(kind, account_id, id_or_name))
        if not isinstance(found, kind) or found.account_id != account_id:
            raise NotFound(
                f"cannot find {_humanized(kind.KIND)} {shown(id_or_name)}; list them to see what there is"
            )
        return found

    async def load_by_id(self, kind: type[A], resource_id: UUID | str) -> A:
        """Return the aggregate of any account by its id; for process managers. Raises NotFound."""
        found = await self.ports.store.load(_uuid(resource_id))
        if not isinstance(found, kind):
            raise NotFound(f"cannot find {_humanized(kind.KIND)} {resource_id}")
        return found

    async def secret(self, secret_id: str | UUID, name: str) -> bytes:
        """Return a secret in clear; ``name`` says what it is in the error. Raises SecretMissing."""
        found = await self.ports.store.secret(UUID(str(secret_id)))
        if found is None:
            raise SecretMissing(
                f"cannot read {name}: it is missing from the store; restore the store from a backup that has it"
            )
        return found

    async def save(
        self,
        request: Request,
        *aggregates: Aggregate,
        secrets: Mapping[UUID, bytes] | None = None,
        owner: UUID | None = None,
    ) -> Receipt:
        """Write what the aggregates decided, all of it or nothing; the first one is what the request is about.

        Secrets are those of the first one, too, unless ``owner`` says whose they are.

        Raises VersionConflict when another save came first, AlreadyDone, KeyReused, NameTaken, ClaimTaken,
        RequirementMissing, ScopeInUse, and BeingPlanned when a plan changes one of them.
        """
        about = aggregates[0]
        planned = Conditions(unused=_planned_scopes(request, aggregates))
        events = [event for aggregate in aggregates for event in aggregate.collect_events()]
        conditions = [planned, *(aggregate.take_conditions() for aggregate in aggregates)]
        claim = self._idempotency_claim(request, about.id)
        conditions += [] if claim is None else [Conditions(claims=[claim])]
        if not events and claim is None:
            return Receipt((), self.ports.clock.now())
        # The account of an event is the resource's: the key of another account may have made it.
        cause = replace(request.cause, account_id=about.account_id)
        append = Append(events, cause, conditions, secrets or {}, owner or about.id)
        try:
            return await self._append_unless_planned(append, aggregates)
        except ClaimTaken as taken:
            if taken.claim.scope.startswith(_IDEMPOTENCY):
                await self._answer_repeated(request, taken.claim)
            if taken.claim.scope == about.name_claim().scope:
                raise NameTaken(
                    f"cannot use the name {shown(taken.claim.key)}: a {_humanized(about.KIND)} of this account has it; "
                    "choose another name, or delete that one first",
                    field="name",
                ) from None
            raise

    async def transact(self, request: Request, work: Work, recover: Recover | None = None) -> Saved:
        """Save what ``work`` changed, all of it or nothing; work again when another save came first.

        Raises what ``work``, ``recover`` and ``save`` raise, and Unavailable when every attempt met another save.
        """
        await self.refuse_repeated(request)
        async with AsyncExitStack() as turns:
            unit = UnitOfWork(self, request, turns)
            for attempt in range(_ATTEMPTS):
                unit.restart()
                await work(unit)
                try:
                    receipt = await self.save(
                        request, *unit.changed, secrets=unit.secrets, owner=unit.secrets_owner
                    )
                    return Saved(unit.changed[0], receipt)
                except VersionConflict:
                    pass
                except (ClaimTaken, RequirementMissing) as conflict:
                    if recover is None:
                        raise
                    await recover(conflict)
                await self._back_off(attempt)
        raise Unavailable(f"cannot change {shown(unit.changed[0].name)}: too many changes at once; retry")

    async def change(
        self, request: Request, kind: type[A], id_or_name: str, decide: Callable[[A], None]
    ) -> Saved:
        """Load one aggregate, let ``decide`` change it, and save it. Raises what ``transact`` does."""

        async def work(unit: UnitOfWork) -> None:
            decide(await unit.load(kind, id_or_name))

        return await self.transact(request, work)

    async def report(
        self,
        kind: type[A],
        resource_id: UUID | str,
        cause: Cause,
        decide: Callable[[A], None],
        known: A | None = None,
    ) -> A:
        """Save what a process manager reports, with the newest event of the resource as the cause.

        ``known`` is an aggregate that was just loaded: when it is outdated, the save is refused and it is loaded again.
        Only the one that is returned may be used afterwards.
        """
        for attempt in range(_ATTEMPTS):
            aggregate, known = known or await self.load_by_id(kind, resource_id), None
            decide(aggregate)
            try:
                await self.save(Request(replace(cause, account_id=aggregate.account_id)), aggregate)
            except VersionConflict:
                await self._back_off(attempt)
            else:
                return aggregate
        raise Unavailable(f"cannot report on {resource_id}: too many changes at once")

    async def refuse_repeated(self, request: Request) -> None:
        """Raise AlreadyDone when a request with this idempotency key was carried out, KeyReused when another was."""
        if request.idempotency_key is not None:
            claim = await self.ports.store.claim(_scope(request), request.idempotency_key)
            if claim is not None:
                await self._answer_repeated(request, claim)

    @asynccontextmanager
    async def lock(self, resource_id: UUID):  # noqa: ANN201 - an asynchronous context manager of nothing
        """Lock a resource against other changes by this process."""
        lock = self._locks.setdefault(resource_id, asyncio.Lock())
        async with lock:
            yield

    async def _only_one(self, kind: type[A], account_id: str, name: str) -> Claim | None:
        """Return the name claim of a resource whose name is unique in its VPC only, found without the VPC."""
        claims = await self.ports.store.claims(name_scope(account_id, kind.KIND))
        found = [claim for claim in claims if claim.key.partition(".")[0] == name]
        if len(found) > 1:
            listed = ", ".join(claim.key for claim in found[:5])
            raise Invalid(
                f"cannot tell which {_humanized(kind.KIND)} {shown(name)} is: several VPCs have one; name it with its "
                f"VPC, as one of {listed}"
            )
        return found[0] if found else None

    def _idempotency_claim(self, request: Request, about: UUID) -> Claim | None:
        if request.idempotency_key is None:
            return None
        note = orjson.dumps({"fingerprint": request.fingerprint}).decode()
        return Claim(_scope(request), request.idempotency_key, about, note)

    async def _answer_repeated(self, request: Request, claim: Claim) -> None:
        note: dict[str, Any] = orjson.loads(claim.note or "{}")
        if note.get("fingerprint") != request.fingerprint:
            raise KeyReused(field="Idempotency-Key")
        position = await self.ports.store.position_of(claim)
        raise AlreadyDone(claim.owner, position)

    async def _append_unless_planned(self, append: Append, aggregates: Sequence[Aggregate]) -> Receipt:
        try:
            return await self.ports.store.append(append)
        except ScopeInUse as used:
            if used.scope.startswith(PLANNED_PREFIX):
                raise await self._being_planned(used.scope, aggregates) from None
            raise

    async def _being_planned(self, scope: str, aggregates: Sequence[Aggregate]) -> BeingPlanned:
        about = next(each for each in aggregates if planned_scope(each.public_id) == scope)
        what = f"cannot change {_humanized(about.KIND)} {about.name}"
        held = await self.ports.store.claims(scope)
        if not held:
            return BeingPlanned(f"{what}: a plan that changed it has just ended; retry")
        plan = held[0].note
        return BeingPlanned(
            f"{what}: the plan {plan} changes it; wait until the plan has ended, or cancel it", plan=plan
        )

    async def _back_off(self, attempt: int) -> None:
        jitter = self.ports.random.uuid().int % 1000 / 1000
        await asyncio.sleep(0.002 * 2**attempt * (0.5 + jitter))


def fingerprint(*parts: bytes) -> str:
    """Return a digest of a request."""
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def _planned_scopes(request: Request, aggregates: Sequence[Aggregate]) -> list[str]:
    """Return the scopes that must be empty for a user to change these resources; a new one is in no plan."""
    if not request.is_by_user:
        return []
    changed = [each for each in aggregates if 0 < len(each.pending_events) < each.version]
    return [planned_scope(each.public_id) for each in changed]


def _uuid(resource_id: UUID | str) -> UUID:
    if isinstance(resource_id, UUID):
        return resource_id
    parsed = parse_id(resource_id)
    if parsed is None:
        raise NotFound(f"cannot find {shown(resource_id)}: it is no id")
    return parsed[1]


def _scope(request: Request) -> str:
    return f"{_IDEMPOTENCY}{request.cause.account_id}"


def _humanized(kind: str) -> str:
    return kind.replace("_", " ")
