"""The size of a group, when an instance counts as unhealthy, and which one is terminated first."""

from dataclasses import dataclass
from typing import Any, Literal, get_args

from domain import values
from domain.errors import Invalid

HealthCheck = Literal["container", "load-balancer"]
TerminationPolicy = Literal["oldest", "newest", "oldest-template"]
Process = Literal["launch", "terminate", "health", "scaling", "schedules"]
PROCESSES: tuple[str, ...] = get_args(Process)
MAX_INSTANCES = 100
MAX_GRACE_S = 3600


@dataclass(frozen=True, slots=True)
class Size:
    """The smallest, the desired and the largest number of instances."""

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
        """Return a number of instances, limited to min and max."""
        return max(self.min, min(desired, self.max))


@dataclass(frozen=True, slots=True)
class HealthPolicy:
    """When an instance is replaced, how many at once, and which one is terminated when there are too many."""

    health_check: HealthCheck = "container"
    grace_s: int = 60
    """How long failing health checks of load balancers are ignored after an instance came into service."""
    replace_percent: int = 20
    """The share of the desired instances that is replaced at once; at least one is."""
    termination_policy: TerminationPolicy = "oldest-template"

    def check(self) -> None:
        """Raise Invalid."""
        values.one_of(self.health_check, get_args(HealthCheck), "use {}", "health_check")
        values.one_of(self.termination_policy, get_args(TerminationPolicy), "use {}", "termination_policy")
        if not 0 <= self.grace_s <= MAX_GRACE_S:
            raise Invalid(
                f"cannot use a grace period of {self.grace_s} s: use 0 to {MAX_GRACE_S}",
                field="health_check_grace_s",
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
    """Return the processes to suspend or resume; all of them when none is named. Raises Invalid."""
    for name in named:
        values.one_of(name, PROCESSES, "use {}", "processes")
    return sorted(set(named)) or sorted(PROCESSES)


def paused(plans: list[str], *, is_refreshing: bool) -> frozenset[str]:
    """Return what rests while plans change a group or what it needs: all that it decides by itself.

    It launches and terminates instances nevertheless, because a plan may ask for that; and a refresh has to know which
    of its new instances fail.
    """
    if not plans:
        return frozenset()
    return frozenset({"scaling", "schedules"} if is_refreshing else {"health", "scaling", "schedules"})
