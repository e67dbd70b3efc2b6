"""How many instances a group keeps, when it takes one for broken, and which one goes first."""

from dataclasses import dataclass
from typing import Any, Literal, get_args

from domain.errors import Invalid
from domain.values import shown

HealthCheck = Literal["container", "load-balancer"]
TerminationPolicy = Literal["oldest", "newest", "oldest-template"]
Process = Literal["launch", "terminate", "health", "scaling", "schedules"]
PROCESSES: tuple[str, ...] = get_args(Process)
MAX_INSTANCES = 100
MAX_GRACE_S = 3600


@dataclass(frozen=True, slots=True)
class Size:
    """How many instances at least, now, and at most."""

    min: int
    desired: int
    max: int

    def check(self) -> None:
        """Raise Invalid unless min ≤ desired ≤ max."""
        for name in ("min", "desired", "max"):
            if not 0 <= getattr(self, name) <= MAX_INSTANCES:
                raise Invalid(
                    f"cannot keep {getattr(self, name)} instances: use 0 to {MAX_INSTANCES}", field=name
                )
        if not self.min <= self.desired <= self.max:
            raise Invalid(
                f"cannot keep {self.desired} instances between {self.min} and {self.max}: let min ≤ desired ≤ max",
                field="min" if self.min > self.max else "desired",
            )

    def within(self, desired: int) -> int:
        """Return a number of instances brought between min and max."""
        return max(self.min, min(desired, self.max))


@dataclass(frozen=True, slots=True)
class Keeping:
    """When an instance is replaced, how many at once, and which one goes when there are too many."""

    health_check: HealthCheck = "container"
    grace_s: int = 60
    """For so long after its launch, and after it stopped answering as a container, an instance is given time."""
    replace_percent: int = 20
    """Of the desired instances, at most so many are replaced at once; at least one is."""
    termination_policy: TerminationPolicy = "oldest-template"

    def check(self) -> None:
        """Raise Invalid."""
        _one_of("health_check", self.health_check, get_args(HealthCheck))
        _one_of("termination_policy", self.termination_policy, get_args(TerminationPolicy))
        if not 0 <= self.grace_s <= MAX_GRACE_S:
            raise Invalid(
                f"cannot give {self.grace_s} s of grace: use 0 to {MAX_GRACE_S}", field="health_check_grace_s"
            )
        if not 1 <= self.replace_percent <= 100:
            raise Invalid(
                f"cannot replace {self.replace_percent} % at once: use 1 to 100", field="replace_percent"
            )

    def as_json(self) -> dict[str, Any]:
        """Return what events hold."""
        return {
            "health_check": self.health_check,
            "grace_s": self.grace_s,
            "replace_percent": self.replace_percent,
            "termination_policy": self.termination_policy,
        }

    def at_once(self, desired: int) -> int:
        """Return how many instances are replaced at once."""
        return max(1, desired * self.replace_percent // 100)


def processes(named: list[str]) -> list[str]:
    """Return what is to be suspended or resumed; everything when nothing is named. Raises Invalid."""
    for name in named:
        _one_of("processes", name, PROCESSES)
    return sorted(set(named)) or sorted(PROCESSES)


def _one_of(field: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise Invalid(f"cannot use {shown(value)}: use one of {', '.join(known)}", field=field)
