"""A target of a load balancer: where requests may go, and its state.

States
------
* ``initial``    in service, not checked yet; gets requests after its first good check
* ``healthy``    its checks pass
* ``unhealthy``  its checks fail; gets requests only when no other target of the group is healthy
* ``draining``   gets no new request, finishes those in flight
* ``unused``     not in service: its instance does not run, or the host must not connect to its address
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from ipaddress import IPv4Address, IPv4Network
from typing import Any, Literal, Self

from domain import values
from domain.vpc import why_unreachable

State = Literal["initial", "healthy", "unhealthy", "draining", "unused"]
MAX_TARGETS = 500
MAX_WEIGHT = 256
NEW = "is not in service yet"
PATIENCE = timedelta(seconds=30)
"""How long an instance waits for its balancer to begin draining, or to report that it has ended."""


@dataclass(frozen=True, slots=True)
class TargetSpec:
    """A target as it is requested: an instance, or an address in the VPC."""

    target_group: str
    port: int
    weight: int = 1
    instance_id: str | None = None
    instance_name: str | None = None
    address: str | None = None
    selector: str | None = None
    """The selector that added it, if any."""

    @property
    def id(self) -> str:
        """Its name in the balancer."""
        return f"{self.target_group}:{self.instance_id or self.address}:{self.port}"

    def check(self, range_: IPv4Network) -> None:
        """Raise Invalid; an address must be one of the range."""
        check_port_and_weight(self.port, self.weight)
        if self.address is None:
            return
        try:
            address = IPv4Address(self.address)
        except ValueError:
            raise values.must("address", "be an IPv4 address, e.g. `10.20.0.5`", self.address) from None
        if reason := why_unreachable(str(address), range_):
            raise values.must(
                "address", "be that of a machine in the balancer's VPC", str(address), why=reason
            )


@dataclass(frozen=True, slots=True)
class Target:
    """A target and its state."""

    spec: TargetSpec
    state: State = "unused"
    reason: str | None = NEW
    since: datetime | None = None
    """When it entered this state; None before the first one."""
    address: str | None = None
    """Where it serves, or served last."""
    is_leaving: bool = False
    """It was taken out: it is removed when it has drained."""

    @property
    def is_in_service(self) -> bool:
        """Whether requests may be under way to it."""
        return self.state != "unused"

    def registered(self, spec: TargetSpec) -> Self:
        """Return it as it was registered again."""
        return replace(self, spec=spec, is_leaving=False)

    def reweighted(self, weight: int) -> Self:
        """Return it with another share of the requests."""
        return replace(self, spec=replace(self.spec, weight=weight))

    def deregistered(self) -> Self:
        """Return it as it leaves."""
        return replace(self, is_leaving=True)

    def turned(self, state: State, reason: str | None, address: str | None, at: datetime) -> Self:
        """Return it in another state; a new reason alone does not begin a new state."""
        since = self.since if state == self.state else at
        return replace(self, state=state, reason=reason, address=address, since=since)

    def may_drain_until(self, asked_at: datetime, delay: timedelta) -> datetime:
        """Return until when an instance that was asked to end at ``asked_at`` waits for it, whatever the balancer does.

        ``delay`` is the deregistration delay of its group.
        """
        if self.state == "draining" and self.since is not None:
            return self.since + delay + PATIENCE
        return asked_at + PATIENCE


@dataclass(frozen=True, slots=True)
class Selector:
    """Makes targets of the instances of the VPC that have all of these tags."""

    target_group: str
    tags: Mapping[str, str]
    port: int
    weight: int = 1

    @property
    def id(self) -> str:
        """Its name in the balancer."""
        wanted = ",".join(f"{key}={value}" for key, value in sorted(self.tags.items()))
        return f"{self.target_group}:{wanted}:{self.port}"

    def check(self) -> None:
        """Raise Invalid."""
        if not self.tags:
            raise values.must("tags", "have at least one tag")
        values.tags(self.tags)
        check_port_and_weight(self.port, self.weight)

    def payload(self) -> dict[str, Any]:
        """Return what an event holds."""
        return {**asdict(self), "tags": dict(self.tags)}


def instance_of(target_id: str) -> str | None:
    """Return the instance behind a target id, None when it is an address or no target id."""
    _, _, rest = target_id.partition(":")
    where = rest.rpartition(":")[0]
    return where if where.startswith("i-") else None


def check_port_and_weight(port: int, weight: int) -> None:
    """Raise Invalid."""
    values.between(port, 1, 65535, "port")
    values.between(weight, 0, MAX_WEIGHT, "weight")
