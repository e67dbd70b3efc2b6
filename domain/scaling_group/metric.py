"""The metrics that a policy can follow, averaged over the instances of a group."""

from dataclasses import dataclass

from domain.values import must, one_of


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric of an instance, from 0 to ``most``."""

    says: str
    unit: str
    least_target: float
    """A target is from here to below ``most``."""
    most: float
    example: float
    needs_load_balancer: bool = False


METRICS = {
    "cpu": Metric("percent of the cores that the instance's type grants", "%", 1, 100, 50),
    "memory": Metric("percent of the memory that the instance's type grants", "%", 1, 100, 50),
    "requests": Metric(
        "requests a second that the load balancers before the group send to the instance; for tcp: connections",
        "req/s",
        0.01,
        1_000_000,
        20,
        needs_load_balancer=True,
    ),
}


def metric(name: str) -> Metric:
    """Return what is measured under a name. Raises Invalid."""
    one_of(name, METRICS, "metric")
    return METRICS[name]


def check_target(name: str, target: float) -> None:
    """Raise Invalid for a target that can never be passed."""
    found = metric(name)
    if not found.least_target <= target < found.most:
        raise must(
            "target",
            f"be at least {found.least_target:g} and less than {found.most:.0f} {found.unit}, e.g. {found.example:g}",
            target,
            why=f"it is measured in {found.says}",
        )
