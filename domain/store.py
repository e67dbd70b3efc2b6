"""The event store as the application sees it: append facts with their cause, load aggregates, follow the log.

Implemented by ``adapters/event_store`` over Postgres. What else is kept there, and is no event, is at the end.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal, NamedTuple, Protocol
from uuid import UUID

from eventsourcing.domain import CanMutateAggregate

from domain.aggregate import Aggregate, Claim, Conditions
from domain.errors import Conflict


@dataclass(frozen=True, slots=True)
class Cause:
    """Who or what lies behind a change. Stored beside every event.

    ``actor`` is a key's id or ``system:<manager>``; ``causation`` the position of the event that led to this one.
    """

    actor: str
    account_id: str
    source_ip: str | None = None
    request_id: str | None = None
    correlation_id: str | None = None
    causation: int | None = None


class Recorded(NamedTuple):
    """An event as stored. A tuple, because a rebuild creates one for every event of the log."""

    position: int
    resource_id: UUID
    version: int
    type: str
    payload: dict[str, Any]
    account_id: str
    actor: str
    source_ip: str | None
    request_id: str | None
    correlation_id: str | None
    causation: int | None
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class Append:
    """What one save writes, all of it or nothing."""

    events: Sequence[CanMutateAggregate[UUID]]
    cause: Cause
    conditions: Sequence[Conditions] = ()
    secrets: Mapping[UUID, bytes] = field(default_factory=dict[UUID, bytes], repr=False)
    """Values to seal, by the id under which events refer to them."""
    owner: UUID | None = None
    """Whose secrets they are."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """Where a save was written."""

    positions: tuple[int, ...]
    recorded_at: datetime
    events: Sequence[Recorded] = ()
    """The written events, as stored."""

    @property
    def position(self) -> int:
        """The position of the last event."""
        return self.positions[-1] if self.positions else 0


class VersionConflict(Exception):
    """Somebody else saved the aggregate in between: load it again and decide again."""


class ClaimTaken(Conflict):
    """cannot claim a value that another resource holds"""

    code = "claim_taken"

    def __init__(self, claim: Claim) -> None:
        super().__init__(f"cannot take `{claim.key}`: it is taken")
        self.claim = claim
        """The claim that stands in the way, with its present owner."""


class RequirementMissing(Conflict):
    """cannot refer to a resource that no longer exists"""

    code = "requirement_missing"

    def __init__(self, claim: Claim) -> None:
        super().__init__(f"cannot use `{claim.key}`: it does not exist any more")
        self.claim = claim


class ScopeInUse(Conflict):
    """cannot delete a resource that is in use"""

    code = "in_use"

    def __init__(self, scope: str) -> None:
        super().__init__("cannot delete a resource that is in use")
        self.scope = scope


class EventStore(Protocol):
    """Keeps every event, in one order."""

    async def append(self, append: Append) -> Receipt:
        """Write events, claims and secrets in one transaction; on disk when this returns.

        Raises VersionConflict, ClaimTaken, RequirementMissing or ScopeInUse, and then nothing has changed.
        """
        ...

    async def load(self, resource_id: UUID) -> Aggregate | None:
        """Return the aggregate as it is now, or None when there are no such events."""
        ...

    async def claim(self, scope: str, key: str) -> Claim | None:
        """Return who holds a key at this moment."""
        ...

    async def claims(self, scope: str) -> list[Claim]:
        """Return every claim in a scope, by key."""
        ...

    async def position_of(self, claim: Claim) -> int:
        """Return the position of the log at which a claim was taken."""
        ...

    async def forget_claims(self, scope_prefix: str, older_than_s: float) -> None:
        """Delete old claims whose scope begins so."""
        ...

    async def secret(self, secret_id: UUID) -> bytes | None:
        """Return a secret in clear, or None when it was erased."""
        ...

    async def events(self, resource_id: UUID, upto: int | None = None) -> list[Recorded]:
        """Return the events of a resource, oldest first, up to a position."""
        ...

    async def walk(
        self, resource_id: UUID, visit: Callable[[Aggregate | None, CanMutateAggregate[UUID]], None]
    ) -> None:
        """Call ``visit`` for every event of a resource, oldest first, with the resource as it was before the event."""
        ...

    async def head(self) -> int:
        """Return the position of the newest event, 0 when there is none."""
        ...


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The key that a session or a ticket stands for, when it ends, and the session that it belongs to, if any."""

    key_id: UUID
    expires_at: datetime
    parent: str | None = None


class Sessions(Protocol):
    """Remembers who signed in with a browser. Sessions and tickets are known here by their digests only."""

    async def open(self, digest: str, purpose: Literal["session", "ticket"], signed_in: SignedIn) -> bool:
        """Remember a session or a ticket, and return whether it was: False when its parent has ended.

        What has expired is forgotten.
        """
        ...

    async def find(self, digest: str) -> SignedIn | None:
        """Return the session with this digest, unless it has expired."""
        ...

    async def redeem(self, digest: str) -> SignedIn | None:
        """Return the ticket with this digest, once, unless it has expired."""
        ...

    async def close(self, digest: str) -> None:
        """End a session with all that belong to it, and report each to ``closed``. An unknown one is ignored."""
        ...

    def closed(self) -> AsyncIterator[str | None]:
        """Yield each session that is closed, by its digest; None when some may have been missed, as before the first.

        Ends with an error when the connection is lost.
        """
        ...


STALE_S = 5.0
"""A controller that sent no heartbeat for this long is dead, frozen or cut off from the store."""


class ControllerState(StrEnum):
    """What a controller does."""

    LEADING = "leading"
    STANDBY = "standby"
    NOT_RESPONDING = "not-responding"


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """What a controller says of itself once a second."""

    controller_id: UUID
    pid: int
    is_leading: bool
    started_at: datetime
    loops: list[dict[str, Any]]
    """The name, state, restarts and last error of each of its loops."""
    metrics: str = field(repr=False)
    """Its figures in the text format of Prometheus."""
    age_s: float = 0.0
    """Its age, according to the clock of the store."""

    @property
    def state(self) -> ControllerState:
        """What the controller does, as far as anybody knows."""
        if self.age_s >= STALE_S:
            return ControllerState.NOT_RESPONDING
        return ControllerState.LEADING if self.is_leading else ControllerState.STANDBY


class Heartbeats(Protocol):
    """Where controllers say how they are, for every API process to read."""

    async def beat(self, heartbeat: Heartbeat) -> None:
        """Replace what this controller said before. Raises Unavailable."""
        ...

    async def leave(self, controller_id: UUID) -> None:
        """Remove what a controller said; it ends. Raises Unavailable."""
        ...

    async def newest(self) -> list[Heartbeat]:
        """Return the last heartbeat of each controller, the newest first. Raises Unavailable."""
        ...
