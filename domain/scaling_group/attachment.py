"""Load balancers of a group: they select its instances as targets by the tag that names the group."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from domain.load_balancer import LoadBalancer, Selector
from domain.scaling_group.template import OWNED_TAG
from domain.values import at_most, must

MAX_ATTACHMENTS = 10
Health = Literal["healthy", "unhealthy", "initial"]


@dataclass(frozen=True, slots=True)
class Attachment:
    """A target group of a load balancer, and the port on which the instances answer."""

    load_balancer_id: str
    load_balancer: str
    port: int
    target_group: str = "default"
    weight: int = 1

    def selector(self, group_id: str) -> Selector:
        """Return the selector that makes the instances of a group targets."""
        return Selector(self.target_group, {OWNED_TAG: group_id}, self.port, self.weight)

    def as_json(self) -> dict[str, Any]:
        """Return what events and documents hold."""
        return asdict(self)


def check(attachments: Sequence[Attachment]) -> None:
    """Raise Invalid."""
    at_most(len(attachments), MAX_ATTACHMENTS, "load balancers", "load_balancers")
    known = [(each.load_balancer_id, each.target_group, each.port) for each in attachments]
    if len(known) != len(set(known)):
        raise must("load_balancers", "list each target group with each port once")


def health(balancers: Sequence[LoadBalancer], instance_id: str) -> Health | None:
    """Return the health of an instance by its load balancers: it is healthy only when all of them report that.

    None without any load balancer: then only the state of the container counts.
    """
    states: list[str] = []
    for balancer in balancers:
        found = [
            each
            for each in balancer.targets.values()
            if each.spec.instance_id == instance_id and each.spec.selector is not None
        ]
        states += [each.state for each in found] or ["unused"]
    if not states:
        return None
    if "unhealthy" in states:
        return "unhealthy"
    return "healthy" if set(states) == {"healthy"} else "initial"
