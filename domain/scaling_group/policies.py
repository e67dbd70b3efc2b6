"""Scaling policies: those of each type, and those of a group.

Rules
-----
* A metric is one that is measured; a target or bound that it can never reach is refused.
* The steps of step scaling leave no gap and do not overlap; the outermost steps have no bound.
* A scheduled action has a cron expression of five fields, a time zone, and at least one size.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from itertools import pairwise
from typing import Any, ClassVar, Literal, get_args

from domain import cron, values
from domain.errors import Invalid
from domain.scaling_group.metric import METRICS, check_target, metric
from domain.scaling_group.settings import MAX_INSTANCES, Size

Adjustment = Literal["instances", "percent", "exactly"]
MAX_POLICIES = 20
MAX_STEPS = 20
_KEPT_S = 3600


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast a policy reacts."""

    warmup_s: int = 60
    """How long an instance is not measured after it came into service."""
    cooldown_s: int = 300
    """How long the group is not scaled in after it was scaled."""
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
            values.between(getattr(self, name), least, most, name)
        if self.period_s * self.periods_in > _KEPT_S:
            raise values.must(
                "periods_in",
                f"be at most {_KEPT_S // self.period_s} with a `period_s` of {self.period_s}",
                self.periods_in,
                why="measurements of each second are kept for an hour at least",
            )
        if self.periods_in < self.periods_out:
            raise values.must(
                "periods_in",
                f"be at least `periods_out`, which is {self.periods_out}",
                self.periods_in,
                why="a group scales in more slowly than it scales out",
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
        own = {"type": self.TYPE, "metric": self.metric, "target": self.target, "scale_in": self.scale_in}
        return {**own, **asdict(self.pace)}


@dataclass(frozen=True, slots=True)
class Step:
    """What to do while the metric is from ``lower`` (included) to ``upper`` (not included); None has no bound."""

    lower: float | None
    upper: float | None
    change: int

    def holds(self, value: float) -> bool:
        """Return whether a value is in the step."""
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
        values.one_of(self.adjustment, get_args(Adjustment), "adjustment")
        _check_steps(self.steps, most)
        self._check_changes()

    def _check_changes(self) -> None:
        most = 1000 if self.adjustment == "percent" else MAX_INSTANCES
        for step in self.steps:
            least = 0 if self.adjustment == "exactly" else -most
            if not least <= step.change <= most:
                raise values.must("steps", f"have changes from {least} to {most}", step.change)
        if self.adjustment == "exactly":
            return
        if self.steps[-1].change > 0 and self.steps[-1].upper is not None:
            raise values.must(
                "steps", "have no `to` in the highest step when it adds instances", self.steps[-1].upper
            )
        if self.steps[0].change < 0 and self.steps[0].lower is not None:
            raise values.must(
                "steps", "have no `from` in the lowest step when it removes instances", self.steps[0].lower
            )

    @property
    def scale_in(self) -> bool:
        """Whether any step may remove instances."""
        return self.adjustment == "exactly" or any(step.change < 0 for step in self.steps)

    def as_json(self) -> dict[str, Any]:
        """Return what events and documents hold."""
        steps = [{"from": s.lower, "to": s.upper, "change": s.change} for s in self.steps]
        own = {"type": self.TYPE, "metric": self.metric, "adjustment": self.adjustment, "steps": steps}
        return {**own, **asdict(self.pace)}


@dataclass(frozen=True, slots=True)
class Scheduled:
    """Set sizes by a schedule."""

    name: str
    cron: str
    timezone: str = "UTC"
    min: int | None = None
    desired: int | None = None
    max: int | None = None
    TYPE: ClassVar[str] = "scheduled"

    def check(self) -> None:
        """Raise Invalid."""
        cron.check(self.cron, "cron")
        if cron.time_zone(self.timezone) is None:
            raise values.must("timezone", "be the name of a time zone, e.g. `Europe/Berlin`", self.timezone)
        given = [size for size in (self.min, self.desired, self.max) if size is not None]
        if not given or not all(0 <= size <= MAX_INSTANCES for size in given) or given != sorted(given):
            raise values.must(
                "desired",
                f"be given, or `min`, or `max`, from 0 to {MAX_INSTANCES} and with min ≤ desired ≤ max",
            )

    def sizes(self, now: Size) -> Size:
        """Return the sizes it sets; a size that it does not name gives way to those that it names."""
        least = now.min if self.min is None else self.min
        most = now.max if self.max is None else self.max
        wanted = now.desired if self.desired is None else self.desired
        if self.min is None:
            least = min(least, most, wanted if self.desired is not None else least)
        if self.max is None:
            most = max(most, least, wanted if self.desired is not None else most)
        return Size(least, max(least, min(wanted, most)), most)

    def due(self, since: datetime, now: datetime) -> datetime | None:
        """Return the newest time of the action after ``since``; earlier ones are skipped."""
        found = cron.due(self.cron, since, now, self.timezone)
        return None if found is None else found.at

    def next_at(self, after: datetime) -> datetime | None:
        """Return the next time of the action, None without one or when its time zone is unknown on this machine."""
        return cron.next_at(self.cron, after, self.timezone)

    def as_json(self) -> dict[str, Any]:
        """Return what events and documents hold."""
        own = {"type": self.TYPE, "cron": self.cron, "timezone": self.timezone}
        return {**own, "min": self.min, "desired": self.desired, "max": self.max}


Dynamic = TargetTracking | StepScaling
Policy = Dynamic | Scheduled


@dataclass(frozen=True, slots=True, eq=False)
class Policies(Mapping[str, Policy]):
    """The policies of a group by name."""

    by_name: Mapping[str, Policy] = field(default_factory=dict[str, Policy])
    handled_until: Mapping[str, datetime] = field(default_factory=dict[str, datetime])
    """Up to when each scheduled action was handled."""

    def put(self, name: str, policy: Policy | None, changed_at: datetime) -> "Policies":
        """Return them with a policy added or replaced; None, one that this version does not know, is left out."""
        by_name = self.by_name if policy is None else {**self.by_name, name: policy}
        return Policies(by_name, {**self.handled_until, name: changed_at})

    def without(self, name: str) -> "Policies":
        """Return them without a policy."""
        return replace(self, by_name={key: each for key, each in self.by_name.items() if key != name})

    def applied(self, name: str, due_at: datetime) -> "Policies":
        """Return them after a scheduled action was applied."""
        return replace(self, handled_until={**self.handled_until, name: due_at})

    @property
    def dynamic(self) -> list[Dynamic]:
        """The policies that follow a metric, by name."""
        return [each for _, each in sorted(self.items()) if not isinstance(each, Scheduled)]

    def due(self, now: datetime) -> list[tuple[Scheduled, datetime]]:
        """Return the scheduled actions whose time has come, by name, and that time."""
        return [
            (each, at)
            for name, each in sorted(self.items())
            if isinstance(each, Scheduled) and (at := each.due(self.handled_until[name], now))
        ]

    def check_new(self, policy: Policy, size: Size, group: str, *, is_balanced: bool) -> None:
        """Raise Invalid unless a policy can be added to a group of a size, with or without a load balancer."""
        if policy.name not in self and len(self) >= MAX_POLICIES:
            raise Invalid(f"cannot have more than {MAX_POLICIES} policies: remove one first", field="name")
        if isinstance(policy, Scheduled):
            policy.sizes(size).check()
        elif METRICS[policy.metric].needs_load_balancer and not is_balanced:
            raise Invalid(
                f"cannot follow {policy.metric}: {group} has no load balancer; attach one first",
                field="metric",
            )

    def check_unbalanced(self) -> None:
        """Raise Invalid when one of them follows a metric that is not measured without a load balancer."""
        for each in self.dynamic:
            if METRICS[each.metric].needs_load_balancer:
                raise Invalid(
                    f"cannot detach the last load balancer: the policy {each.name} follows {each.metric}; remove the "
                    "policy first",
                    field="load_balancers",
                )

    def __getitem__(self, name: str) -> Policy:
        """Return a policy by its name."""
        return self.by_name[name]

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names."""
        return iter(self.by_name)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.by_name)


def policy(name: str, given: Mapping[str, Any]) -> Policy:
    """Return the policy that a body describes. Raises Invalid."""
    found = parse(values.name(name), given)
    if found is None:
        known = f"{TargetTracking.TYPE}, {StepScaling.TYPE}, {Scheduled.TYPE}"
        raise values.must("type", f"be one of {known}", str(given["type"]))
    found.check()
    return found


def parse(name: str, given: Mapping[str, Any]) -> Policy | None:
    """Return the policy that an event describes, unchecked; None for a type that this version does not know."""
    rest = {key: value for key, value in given.items() if key != "type"}
    pace = Pace(**{key: rest.pop(key) for key in Pace.__dataclass_fields__ if key in rest})
    match given["type"]:
        case TargetTracking.TYPE:
            return TargetTracking(name, pace=pace, **rest)
        case StepScaling.TYPE:
            steps = sorted((_step(each) for each in rest.pop("steps")), key=_order)
            return StepScaling(name, pace=pace, steps=tuple(steps), **rest)
        case Scheduled.TYPE:
            return Scheduled(name, **rest)
        case _:
            return None


def _step(given: Mapping[str, Any]) -> Step:
    return Step(given.get("from"), given.get("to"), given["change"])


def _order(step: Step) -> float:
    return float("-inf") if step.lower is None else step.lower


def _check_steps(steps: Sequence[Step], most: float) -> None:
    if not 1 <= len(steps) <= MAX_STEPS:
        raise values.must("steps", f"have 1 to {MAX_STEPS} steps", len(steps))
    for step in steps:
        bounds = [bound for bound in (step.lower, step.upper) if bound is not None]
        if any(not 0 <= bound <= most for bound in bounds) or bounds != sorted(set(bounds)):
            raise values.must("steps", f"have `from` below `to`, both from 0 to {most:.0f}", _span(step))
    for below, above in pairwise(steps):
        if below.upper is None or above.lower is None or below.upper > above.lower:
            raise values.must(
                "steps",
                "not overlap",
                why=f"let each begin where the one below it ends, unlike {_span(below)} and {_span(above)}",
            )
        if below.upper < above.lower:
            raise values.must(
                "steps",
                f"leave no gap from {below.upper:g} to {above.lower:g}",
                why="let each begin where the one below it ends; a step may have the change 0",
            )


def _span(step: Step) -> str:
    low = "" if step.lower is None else f"from {step.lower:g} "
    return low + ("without end" if step.upper is None else f"to {step.upper:g}")
