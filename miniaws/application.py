"""The application: loads aggregates, saves what they decide, and knows when reads show it.

Commands (``miniaws/commands``) are written on top of three calls: ``load``, ``save`` and ``change``.
"""

import asyncio
import hashlib
from collections.abc import Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, TypeVar
from uuid import UUID
from weakref import WeakValueDictionary

import orjson

from domain.aggregate import Aggregate, Claim, Conditions, name_scope
from domain.archive import ArchiveEngine
from domain.cache import CacheClient
from domain.database import DatabaseClient, Replicator
from domain.errors import KeyReused, NameTaken, NotFound, Unavailable
from domain.machine import Chance, Clock
from domain.ports import Containers, Images, Networks, Volumes
from domain.queue import QueueClient
from domain.snapshot.copies import Copies
from domain.snapshot.elsewhere import Targets
from domain.store import Append, Cause, ClaimTaken, EventStore, Receipt, Sessions, VersionConflict
from domain.values import parse_id, shown
from miniaws.settings import Settings
from projections.activity import Activity
from projections.inventory import Inventory
from projections.metrics import Metrics
from projections.traffic import TrafficView

A = TypeVar("A", bound=Aggregate)
_ATTEMPTS = 10
_REMEMBERED = 10_000
_IDEMPOTENCY = "idempotency/"


class Visibility(Protocol):
    """Knows how far the read models have come."""

    async def wait_for(self, position: int, timeout_s: float) -> bool:
        """Return True as soon as reads show the position, False after the timeout."""
        ...


@dataclass(frozen=True, slots=True)
class Ports:
    """One implementation of every port."""

    store: EventStore
    inventory: Inventory
    activity: Activity
    metrics: Metrics
    traffic: TrafficView
    sessions: Sessions
    visibility: Visibility
    containers: Containers
    networks: Networks
    volumes: Volumes
    images: Images
    caches: Mapping[str, CacheClient]
    """What speaks to them, by engine."""
    queues: Mapping[str, QueueClient]
    """As above."""
    databases: Mapping[str, DatabaseClient]
    archives: Mapping[str, ArchiveEngine]
    replicators: Mapping[str, Replicator]
    copies: Copies
    targets: Targets
    clock: Clock
    chance: Chance


@dataclass(frozen=True, slots=True)
class Request:
    """Who asks for a change, and under which conditions."""

    cause: Cause
    idempotency_key: str | None = None
    fingerprint: str = ""
    """A digest of the request, to tell a repeated request from another one with the same key."""
    expected_version: int | None = None


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


class Cloud:
    """Every aggregate in one store, so that all events share one order."""

    def __init__(self, settings: Settings, ports: Ports) -> None:
        self.settings = settings
        self.ports = ports
        # Taking turns per aggregate inside a process avoids most version conflicts.
        self._remembered: dict[tuple[str, str, str], UUID] = {}
        self._turns: WeakValueDictionary[UUID, asyncio.Lock] = WeakValueDictionary()

    async def find(self, kind: type[A], account_id: str, id_or_name: str) -> UUID:
        """Return the id of a living resource by id or name. Raises NotFound."""
        parsed = parse_id(id_or_name)
        if parsed is not None and parsed[0] == kind.PREFIX:
            return parsed[1]
        claim = await self.ports.store.claim(name_scope(account_id, kind.KIND), id_or_name)
        if claim is None:
            raise NotFound(
                f"cannot find {_words(kind.KIND)} {shown(id_or_name)}; list them to see what there is"
            )
        return claim.owner

    async def recall(self, kind: type[A], account_id: str, name: str) -> UUID:
        """Return what ``find`` returned last time, for callers whose ``requires`` notices when that is outdated."""
        key = (kind.KIND, account_id, name)
        if key not in self._remembered:
            if len(self._remembered) >= _REMEMBERED:
                self._remembered.clear()
            self._remembered[key] = await self.find(kind, account_id, name)
        return self._remembered[key]

    def forget(self, kind: type[Aggregate], account_id: str, name: str) -> None:
        """Let the next ``recall`` look again."""
        self._remembered.pop((kind.KIND, account_id, name), None)

    async def load(self, kind: type[A], account_id: str, id_or_name: str) -> A:
        """Return the aggregate. Raises NotFound, also when it belongs to another account."""
        found = await self.ports.store.load(await self.find(kind, account_id, id_or_name))
        if not isinstance(found, kind) or found.account_id != account_id:
            raise NotFound(
                f"cannot find {_words(kind.KIND)} {shown(id_or_name)}; list them to see what there is"
            )
        return found

    async def load_by_id(self, kind: type[A], resource_id: UUID) -> A:
        """Return the aggregate whoever owns it; for process managers. Raises NotFound."""
        found = await self.ports.store.load(resource_id)
        if not isinstance(found, kind):
            raise NotFound(f"cannot find {_words(kind.KIND)} {resource_id}")
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
        RequirementMissing, ScopeInUse.
        """
        about = aggregates[0]
        events = [event for aggregate in aggregates for event in aggregate.collect_events()]
        conditions = [aggregate.take_conditions() for aggregate in aggregates]
        claim = self._idempotency_claim(request, about.id)
        if claim is not None:
            conditions.append(Conditions(claims=[claim]))
        if not events and claim is None:
            return Receipt((), self.ports.clock.now())
        # The account of an event is the resource's: the key of another account may have made it.
        cause = replace(request.cause, account_id=about.account_id)
        append = Append(events, cause, conditions, secrets or {}, owner or about.id)
        try:
            return await self.ports.store.append(append)
        except ClaimTaken as taken:
            if taken.claim.scope.startswith(_IDEMPOTENCY):
                await self._answer_again(request, taken.claim)
            if taken.claim.scope == about.name_claim().scope:
                raise NameTaken(
                    f"cannot use the name {shown(taken.claim.key)}: a {_words(about.KIND)} of this account has it; "
                    "choose another name, or delete that one first",
                    field="name",
                ) from None
            raise

    async def change(
        self, request: Request, kind: type[A], id_or_name: str, decide: Callable[[A], None]
    ) -> Saved:
        """Load, decide, save; again when somebody else saved in between. Raises what ``decide`` and ``save`` do."""
        await self.refuse_repeated(request)
        resource_id = await self.find(kind, request.cause.account_id, id_or_name)
        async with self.turn(resource_id):
            for attempt in range(_ATTEMPTS):
                aggregate = await self.load(kind, request.cause.account_id, id_or_name)
                aggregate.refuse_unless_version(request.expected_version)
                decide(aggregate)
                try:
                    return Saved(aggregate, await self.save(request, aggregate))
                except VersionConflict:
                    await asyncio.sleep(0.002 * 2**attempt * (0.5 + self._jitter()))
        raise Unavailable(f"cannot change {shown(id_or_name)}: too many changes at once; retry")

    async def report(
        self,
        kind: type[A],
        resource_id: UUID,
        cause: Cause,
        decide: Callable[[A], None],
        known: A | None = None,
    ) -> A:
        """Let a process manager write what it saw, with the newest event of the resource as the cause.

        ``known`` is what it has just loaded: should that be outdated, the save is refused and another one is loaded.
        Only what is returned may be used afterwards.
        """
        for attempt in range(_ATTEMPTS):
            aggregate, known = known or await self.load_by_id(kind, resource_id), None
            decide(aggregate)
            try:
                await self.save(Request(replace(cause, account_id=aggregate.account_id)), aggregate)
            except VersionConflict:
                await asyncio.sleep(0.002 * 2**attempt * (0.5 + self._jitter()))
            else:
                return aggregate
        raise Unavailable(f"cannot report on {resource_id}: too many changes at once")

    async def refuse_repeated(self, request: Request) -> None:
        """Raise AlreadyDone when a request with this idempotency key was carried out, KeyReused when another was."""
        if request.idempotency_key is not None:
            claim = await self.ports.store.claim(_scope(request), request.idempotency_key)
            if claim is not None:
                await self._answer_again(request, claim)

    @asynccontextmanager
    async def turn(self, resource_id: UUID):  # noqa: ANN201 - an asynchronous context manager of nothing
        """Wait for this process's turn to change a resource."""
        lock = self._turns.setdefault(resource_id, asyncio.Lock())
        async with lock:
            yield

    def _idempotency_claim(self, request: Request, about: UUID) -> Claim | None:
        if request.idempotency_key is None:
            return None
        note = orjson.dumps({"fingerprint": request.fingerprint}).decode()
        return Claim(_scope(request), request.idempotency_key, about, note)

    async def _answer_again(self, request: Request, claim: Claim) -> None:
        note: dict[str, Any] = orjson.loads(claim.note or "{}")
        if note.get("fingerprint") != request.fingerprint:
            raise KeyReused(field="Idempotency-Key")
        position = await self.ports.store.position_of(claim)
        raise AlreadyDone(claim.owner, position)

    def _jitter(self) -> float:
        return self.ports.chance.uuid().int % 1000 / 1000


def fingerprint(*parts: bytes) -> str:
    """Return a digest of a request."""
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def _scope(request: Request) -> str:
    return f"{_IDEMPOTENCY}{request.cause.account_id}"


def _words(kind: str) -> str:
    return kind.replace("_", " ")
