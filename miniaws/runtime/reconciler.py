"""The frame of a process manager: one pass over one resource.

load the desired state -> observe the actual state -> choose the next action -> carry it out, until one ends the pass

A process manager supplies the functions; the limit of actions, the report of a call that failed, and the sentence
about the pass are the same for all of them. Leases, time-outs and back-off are those of ``workers``.

Dying between any two actions is harmless: actions are idempotent, and the next one depends only on the desired and the
actual state, never on the actions before.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Generic, Protocol, TypeVar
from uuid import UUID

from domain.aggregate import Aggregate
from domain.errors import ImagePending, PortError, Unreachable
from domain.managed import Managed
from domain.store import Cause
from miniaws.application import Cloud, Request, Work
from miniaws.runtime.queue import manager_of

Desired = TypeVar("Desired", bound=Aggregate)
ManagedDesired = TypeVar("ManagedDesired", bound=Managed)
Observed = TypeVar("Observed")
Action = TypeVar("Action", bound=StrEnum)

PASS_S = 600.0
"""How long a pass may run that makes short calls only."""
LONG_PASS_S = 2 * 3600.0
"""As above, when it may keep the files of a container, or wait for a program to end."""
_MAX_ACTIONS = 12
_REQUEUE_S = 0.5


@dataclass(frozen=True, slots=True)
class ReconcileResult:
    """What a pass did, in one sentence, and after how many seconds the next one follows; None for not by itself."""

    sentence: str
    requeue_after_s: float | None = None


@dataclass(frozen=True, slots=True)
class State(Generic[Desired, Observed]):
    """A resource: what is desired of it, and what is observed."""

    desired: Desired
    observed: Observed


class Failing(Protocol):
    """A resource that can say why it is not as desired."""

    def report_failed(self, reason: str) -> None:
        """Report why it cannot be reconciled."""
        ...

    def report_image_awaited(self, reason: str) -> None:
        """Report which image it waits for."""
        ...


def stable_reason(error: PortError) -> str:
    """Return an error in words that stay the same while it lasts."""
    return "the container engine does not answer" if isinstance(error, Unreachable) else str(error)


def failure(error: PortError, reason: str | None = None) -> Callable[[Failing], None]:
    """Return what to report of an error: an image that is being fetched or built is no failure."""
    words = reason or str(error)

    def report(resource: Failing) -> None:
        if isinstance(error, ImagePending):
            resource.report_image_awaited(words)
        else:
            resource.report_failed(words)

    return report


Stage = Callable[[Desired], Awaitable[ReconcileResult | None]]
"""What comes before observing. It ends the pass with its result, or returns None to continue."""


@dataclass(frozen=True, slots=True)
class Reconciler(Generic[Desired, Observed, Action]):
    """Runs passes over resources of one type."""

    cloud: Cloud
    resource: type[Desired]
    observe: Callable[[Desired], Awaitable[Observed]]
    next_action: Callable[[Desired, Observed], Action]
    carry_out: Callable[
        [Action, Desired, Observed], Awaitable[ReconcileResult | State[Desired, Observed] | None]
    ]
    """Returns what ends the pass; or the state afterwards; or None, to load and observe again."""
    resting: Mapping[Action, float | None]
    """The actions that end a pass, and after how many seconds the next one follows."""
    failure: Callable[[PortError], Callable[[Desired], None]]
    stages: Sequence[Stage[Desired]] = ()
    after_failure: Callable[[Desired, PortError], Awaitable[None]] | None = None

    @property
    def cause(self) -> Cause:
        """Who reports: the process manager of this type."""
        return Cause(actor=manager_of(self.resource.KIND), account_id="")

    async def reconcile(self, resource_id: UUID) -> ReconcileResult:
        """Bring one resource closer to its desired state. Raises PortError, which is reported, when a call fails.

        A failure says nothing about a resource that somebody changed during the pass: it is not reported, and the next
        pass follows at once.
        """
        decided = _Decided()
        try:
            return await self._reconcile(resource_id, decided)
        except PortError as error:
            failed = await self._report_failure(resource_id, decided, error)
            if failed is None:
                return ReconcileResult(f"was changed during the pass, which failed: {error}", 0.0)
            if self.after_failure is not None:
                await self.after_failure(failed, error)
            raise

    async def report(
        self, resource: Desired, decide: Callable[[Desired], None], *, is_fresh: bool = False
    ) -> Desired:
        """Save what the manager reports and return the newest state; a resource just loaded is not loaded again."""
        known = resource if is_fresh else None
        return await self.cloud.report(self.resource, resource.id, self.cause, decide, known)

    async def transact(self, resource: Desired, work: Work) -> None:
        """Save several aggregates together, as ``Cloud.transact`` does."""
        await self.cloud.transact(Request(replace(self.cause, account_id=resource.account_id)), work)

    async def _report_failure(
        self, resource_id: UUID, decided: "_Decided", error: PortError
    ) -> Desired | None:
        """Report a failure and return the resource; None when somebody else changed it after it was decided on."""
        current = await self.cloud.load_by_id(self.resource, resource_id)
        if current.version != decided.version:
            events = await self.cloud.ports.store.events(resource_id)
            own = self.cause.actor
            if any(event.version > decided.version and event.actor != own for event in events):
                return None
        judged, is_current = current.version, True

        def decide(resource: Desired) -> None:
            nonlocal is_current
            if is_current := resource.version == judged:
                self.failure(error)(resource)

        failed = await self.cloud.report(self.resource, resource_id, self.cause, decide, current)
        return failed if is_current else None

    async def _reconcile(self, resource_id: UUID, decided: "_Decided") -> ReconcileResult:
        done: list[str] = []
        desired = await self.cloud.load_by_id(self.resource, resource_id)
        decided.version = desired.version
        for stage in self.stages:
            if (result := await stage(desired)) is not None:
                return result
        state = State(desired, await self.observe(desired))
        for _ in range(_MAX_ACTIONS):
            decided.version = state.desired.version
            action = self.next_action(state.desired, state.observed)
            if action in self.resting:
                return ReconcileResult(", ".join(done) or action.value, self.resting[action])
            outcome = await self.carry_out(action, state.desired, state.observed)
            if isinstance(outcome, ReconcileResult):
                return ReconcileResult(", ".join([*done, outcome.sentence]), outcome.requeue_after_s)
            done.append(action.value)
            state = outcome or await self._load(resource_id)
        return ReconcileResult(", ".join(done), _REQUEUE_S)

    async def _load(self, resource_id: UUID) -> State[Desired, Observed]:
        desired = await self.cloud.load_by_id(self.resource, resource_id)
        return State(desired, await self.observe(desired))


@dataclass(slots=True)
class _Decided:
    """The version of the resource that the pass decided on last."""

    version: int = 0


class LifecycleAction(StrEnum):
    """What to do for a resource whose adapter compares and repairs in one idempotent call."""

    NOTHING = "is deleted"
    ENSURE = "ensure that it exists"
    REMOVE = "remove it"


def lifecycle(
    cloud: Cloud,
    resource: type[ManagedDesired],
    *,
    ensure: Callable[[ManagedDesired], Awaitable[ReconcileResult]],
    remove: Callable[[ManagedDesired], Awaitable[ReconcileResult]],
) -> Reconciler[ManagedDesired, None, LifecycleAction]:
    """Return the reconciler of resources that are ensured until they are deleted; nothing is observed beforehand."""

    async def observe(_: ManagedDesired) -> None:
        return None

    def next_action(desired: ManagedDesired, _: None) -> LifecycleAction:
        if desired.status == "deleted":
            return LifecycleAction.NOTHING
        return LifecycleAction.REMOVE if desired.is_deleting else LifecycleAction.ENSURE

    async def carry_out(action: LifecycleAction, desired: ManagedDesired, _: None) -> ReconcileResult:
        return await (remove if action is LifecycleAction.REMOVE else ensure)(desired)

    return Reconciler(
        cloud,
        resource,
        observe=observe,
        next_action=next_action,
        carry_out=carry_out,
        resting={LifecycleAction.NOTHING: None},
        failure=failure,
    )
