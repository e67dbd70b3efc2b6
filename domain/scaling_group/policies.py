"""Scaling policies: what may be asked of them.

Rules
-----
* A metric is one that is measured; a target or bound that it can never reach is refused.
* The steps of step scaling touch without gap or overlap; beyond the outermost step nothing is left undecided.
* A scheduled action says when, as a cron expression of five fields in a time zone, and at least one size.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any, ClassVar, Literal, get_args
from zoneinfo import ZoneInfo

from domain import values
from domain.errors import Invalid
from domain.scaling_group.metric import check_target, metric
from domain.scaling_group.settings import MAX_INSTANCES
from domain.values import shown

Adjustment = Literal["instances", "percent", "exactly"]
MAX_POLICIES = 20
MAX_STEPS = 20
_KEPT_S = 3600


@dataclass(frozen=True, slots=True)
class Pace:
    """How patient a policy is."""

    warmup_s: int = 60
    """For so long after it came into service an instance is not measured."""
    cooldown_s: int = 300
    """For so long after the group was scaled, it is not scaled in."""
    period_s: int = 60
    periods_out: int = 3
    periods_in: int = 15

    def check(self) -> None:
        """Raise Invalid."""
        ranges = {
            "warmup_s": (0, 3600),
            "cooldown_s": (0, 86400),
            "period_s": (1, 300),
            "periods_out": (1, 60),
            "periods_in": (1, 60),
        }
        for name, (least, most) in ranges.items():
            if not least <= getattr(self, name) <= most:
                raise Invalid(
                    f"cannot use {getattr(self, name)} as `{name}`: use {least} to {most}", field=name
                )
        if self.period_s * self.periods_in > _KEPT_S:
            raise Invalid(
                f"cannot look back over {self.periods_in} periods of {self.period_s} s: measurements of each second "
                f"are kept for an hour at least; let `period_s` x `periods_in` be {_KEPT_S} at most",
                field="periods_in",
            )
        if self.periods_in < self.periods_out:
            raise Invalid(
                f"cannot scale in after {self.periods_in} periods and out after {self.periods_out}: a group gives up "
                "instances slower than it gets them; let `periods_in` be no less than `periods_out`",
                field="periods_in",
            )


@dataclass(frozen=True, slots=True)
class TargetTracking:
    """Keep a metric at a target."""

    name: str
    metric: str
    target: float
    pace: Pace
    scale_in: bool = True
    TYPE: ClassVar[str] = "target-tracking"

    def check(self) -> None:
        """Raise Invalid."""
        check_target(self.metric, self.target)
        self.pace.check()

    def as_json(self) -> dict[str, Any]:
        """Return what events and documents hold."""
        told = {"type": self.TYPE, "metric": self.metric, "target": self.target, "scale_in": self.scale_in}
        return {**told, **asdict(self.pace)}


@dataclass(frozen=True, slots=True)
class Step:
    """What to do while the metric is from ``lower`` (included) to ``upper`` (not included); None has no bound."""

    lower: float | None
    upper: float | None
    change: int

    def holds(self, value: float) -> bool:
        """Tell whether a value lies in the step."""
        return (self.lower is None or value >= self.lower) and (self.upper is None or value < self.upper)


@dataclass(frozen=True, slots=True)
class StepScaling:
    """Change the size by how far a metric is off."""

    name: str
    metric: str
    adjustment: Adjustment
    steps: tuple[Step, ...]
    pace: Pace
    TYPE: ClassVar[str] = "step"

    def check(self) -> None:
        """Raise Invalid."""
        most = metric(self.metric).most
        self.pace.check()
        if self.adjustment not in get_args(Adjustment):
            raise Invalid(
                f"cannot adjust by {shown(self.adjustment)}: use one of {', '.join(get_args(Adjustment))}",
                field="adjustment",
            )
        _check_steps(self.steps, most)
        self._check_changes()

    def _check_changes(self) -> None:
        most = 1000 if self.adjustment == "percent" else MAX_INSTANCES
        for step in self.steps:
            least = 0 if self.adjustment == "exactly" else -most
            if not least <= step.change <= most:
                raise Invalid(f"cannot change by {step.change}: use {least} to {most}", field="steps.change")
        if self.adjustment == "exactly":
            return
        if self.steps[-1].change > 0 and self.steps[-1].upper is not None:
            raise Invalid(
                f"cannot leave open what to do from {self.steps[-1].upper:g} on: let the highest step that adds "
                "instances have no `to`",
                field="steps.to",
            )
        if self.steps[0].change < 0 and self.steps[0].lower is not None:
            raise Invalid(
                f"cannot leave open what to do below {self.steps[0].lower:g}: let the lowest step that removes "
                "instances have no `from`",
                field="steps.from",
            )

    @property
    def scale_in(self) -> bool:
        """Whether any step may remove instances."""
        return self.adjustment == "exactly" or any(step.change < 0 for step in self.steps)

    def as_json(self) -> dict[str, Any]:
        """Return what events and documents hold."""
        steps = [{"from": s.lower, "to": s.upper, "change": s.change} for s in self.steps]
        told = {"type": self.TYPE, "metric": self.metric, "adjustment": self.adjustment, "steps": steps}
        return {**told, **asdict(self.pace)}


@dataclass(frozen=True, slots=True)
class Scheduled:
    """Set sizes at times."""

    name: str
    cron: str
    timezone: str = "UTC"
    min: int | None = None
    desired: int | None = None
    max: int | None = None
    TYPE: ClassVar[str] = "scheduled"

    def check(self) -> None:
        """Raise Invalid."""
        values.cron(self.cron, "cron")
        try:
            ZoneInfo(self.timezone)
        except (KeyError, ValueError, OSError):
            raise Invalid(
                f"cannot find the time zone {shown(self.timezone)}: use a name such as `Europe/Berlin`",
                field="timezone",
            ) from None
        given = [size for size in (self.min, self.desired, self.max) if size is not None]
        if not given or not all(0 <= size <= MAX_INSTANCES for size in given) or given != sorted(given):
            raise Invalid(
                f"cannot schedule these sizes: give `min`, `desired` or `max` from 0 to {MAX_INSTANCES}, with "
                "min ≤ desired ≤ max",
                field="desired",
            )

    def as_json(self) -> dict[str, Any]:
        """Return what events and documents hold."""
        told = {"type": self.TYPE, "cron": self.cron, "timezone": self.timezone}
        return {**told, "min": self.min, "desired": self.desired, "max": self.max}


Dynamic = TargetTracking | StepScaling
Policy = Dynamic | Scheduled


def policy(name: str, given: Mapping[str, Any]) -> Policy:
    """Return the policy that a body or an event describes. Raises Invalid."""
    rest = {key: value for key, value in given.items() if key != "type"}
    pace = Pace(**{key: rest.pop(key) for key in Pace.__dataclass_fields__ if key in rest})
    match given["type"]:
        case TargetTracking.TYPE:
            found: Policy = TargetTracking(values.name(name), pace=pace, **rest)
        case StepScaling.TYPE:
            steps = sorted((_step(each) for each in rest.pop("steps")), key=_order)
            found = StepScaling(values.name(name), pace=pace, steps=tuple(steps), **rest)
        case Scheduled.TYPE:
            found = Scheduled(values.name(name), **rest)
        case other:
            known = f"{TargetTracking.TYPE}, {StepScaling.TYPE}, {Scheduled.TYPE}"
            raise Invalid(
                f"cannot use {shown(str(other))} as a type of policy: use one of {known}", field="type"
            )
    found.check()
    return found


def _step(given: Mapping[str, Any]) -> Step:
    return Step(given.get("from"), given.get("to"), given["change"])


def _order(step: Step) -> float:
    return float("-inf") if step.lower is None else step.lower


def _check_steps(steps: Sequence[Step], most: float) -> None:
    if not 1 <= len(steps) <= MAX_STEPS:
        raise Invalid(f"cannot use {len(steps)} steps: give 1 to {MAX_STEPS}", field="steps")
    for step in steps:
        bounds = [bound for bound in (step.lower, step.upper) if bound is not None]
        if any(not 0 <= bound <= most for bound in bounds) or bounds != sorted(set(bounds)):
            raise Invalid(
                f"cannot use a step {_span(step)}: let `from` be below `to`, both from 0 to {most:.0f}",
                field="steps",
            )
    for below, above in pairwise(steps):
        if below.upper is None or above.lower is None or below.upper > above.lower:
            raise Invalid(
                f"cannot use steps that overlap: {_span(below)} and {_span(above)}; let each begin where the one "
                "below it ends",
                field="steps",
            )
        if below.upper < above.lower:
            raise Invalid(
                f"cannot leave a gap from {below.upper:g} to {above.lower:g} between steps: let each begin where the "
                "one below it ends; a step may have the change 0",
                field="steps",
            )


def _span(step: Step) -> str:
    low = "" if step.lower is None else f"from {step.lower:g} "
    return low + ("without end" if step.upper is None else f"to {step.upper:g}")
