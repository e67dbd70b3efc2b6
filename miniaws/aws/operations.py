"""What is offered: each operation with the parameters that it honours, and how far it does what AWS does."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from miniaws.aws.call import Call
from miniaws.aws.protocol.models import Values
from miniaws.aws.protocol.rendered import Failure

Run = Callable[[Call, Values], Awaitable[Values]]


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation that is offered."""

    run: Run
    is_change: bool
    honours: frozenset[str]
    """Its parameters that take effect."""
    neutral: Mapping[str, Any]
    """Its parameters that are accepted with one value only: what is the case here anyway."""
    missing: str
    """What AWS does and this does not; empty for nothing."""


@dataclass(slots=True)
class Service:
    """A service that is offered."""

    model: str
    """The name of its model in botocore."""
    title: str
    not_honoured: str
    """The code by which the service refuses a parameter."""
    operations: dict[str, Operation] = field(default_factory=dict[str, Operation])

    def reads(
        self,
        name: str,
        honours: Collection[str] = (),
        neutral: Mapping[str, Any] | None = None,
        missing: str = "",
    ) -> Callable[[Run], Run]:
        """Offer an operation that changes nothing."""
        return self._offer(name, honours, neutral, missing, is_change=False)

    def changes(
        self,
        name: str,
        honours: Collection[str] = (),
        neutral: Mapping[str, Any] | None = None,
        missing: str = "",
    ) -> Callable[[Run], Run]:
        """Offer an operation that takes an operator's key."""
        return self._offer(name, honours, neutral, missing, is_change=True)

    def refuse_unhonoured(self, name: str, given: Values) -> None:
        """Raise Failure for a parameter that would be accepted and ignored."""
        operation = self.operations[name]
        for parameter, value in given.items():
            if parameter in operation.honours:
                continue
            if parameter not in operation.neutral:
                raise self._refusal(parameter, "it has no effect here; leave it out")
            if value != operation.neutral[parameter]:
                only = operation.neutral[parameter]
                raise self._refusal(parameter, f"the only value that is true here is {str(only).lower()!r}")

    def _refusal(self, parameter: str, why: str) -> Failure:
        return Failure(self.not_honoured, f"The parameter {parameter} is not supported: {why}")

    def _offer(
        self,
        name: str,
        honours: Collection[str],
        neutral: Mapping[str, Any] | None,
        missing: str,
        *,
        is_change: bool,
    ) -> Callable[[Run], Run]:
        def keep(run: Run) -> Run:
            self.operations[name] = Operation(run, is_change, frozenset(honours), neutral or {}, missing)
            return run

        return keep
