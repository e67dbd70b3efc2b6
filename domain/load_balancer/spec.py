"""What may be asked of a load balancer: listeners, rules, target groups, health checks, time limits."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Self, get_args
from uuid import UUID

from domain import values
from domain.errors import Invalid

Protocol = Literal["http", "https", "tcp"]
Algorithm = Literal["round-robin", "least-connections", "source"]
CheckProtocol = Literal["http", "tcp"]
DEFAULT_GROUP = "default"
"""Where requests go that no rule sends elsewhere, unless the listener says otherwise."""
MAX_LISTENERS = 50
MAX_RULES = 100
MAX_GROUPS = 50
MAX_DELAY_S = 3600
MAX_TIMEOUT_S = 3600
MAX_CONNECTIONS = 100_000

_HOST = re.compile(r"(\*\.)?[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*")
_PATH = re.compile(r"/[A-Za-z0-9._~!$&'()+,;=:@%/-]{0,255}\*?")
_CHECK_PATH = re.compile(r"/[A-Za-z0-9._~!$&'()*+,;=:@%/?-]{0,255}")
_CODES = re.compile(r"[1-5]\d\d(-[1-5]\d\d)?(,[1-5]\d\d(-[1-5]\d\d)?){0,19}")


@dataclass(frozen=True, slots=True)
class Rule:
    """Which requests of a listener go to another target group; the first rule that matches decides.

    ``host`` may begin with ``*.``, ``path`` may end with ``*``; at least one of them is given.
    """

    target_group: str
    host: str | None = None
    path: str | None = None

    def check(self) -> None:
        """Raise Invalid."""
        if self.host is None and self.path is None:
            raise Invalid("cannot use a rule without a condition: give `host`, `path` or both", field="rules")
        if self.host is not None and (len(self.host) > 253 or not _HOST.fullmatch(self.host)):
            raise Invalid(
                f"cannot use {values.shown(self.host)} as the host of a rule: write it in lower case without a "
                "port, e.g. `shop.example` or `*.example`",
                field="rules.host",
            )
        if self.path is not None and not _PATH.fullmatch(self.path):
            raise Invalid(
                f"cannot use {values.shown(self.path)} as the path of a rule: begin it with /, end it with * to "
                "match what begins so, e.g. `/api/*`",
                field="rules.path",
            )


@dataclass(frozen=True, slots=True)
class Listener:
    """A host port that the balancer listens on, and where its requests go."""

    port: int
    protocol: Protocol = "http"
    target_group: str = DEFAULT_GROUP
    rules: tuple[Rule, ...] = ()
    certificates: tuple[str, ...] = ()
    """Names of certificates of the balancer, for ``https``; the first one answers clients that name no host."""
    max_connections: int | None = None

    @property
    def mode(self) -> CheckProtocol:
        """Whether requests or connections are balanced."""
        return "tcp" if self.protocol == "tcp" else "http"

    def groups(self) -> list[str]:
        """Return the target groups it sends to."""
        return [self.target_group, *(rule.target_group for rule in self.rules)]

    def check(self) -> None:
        """Raise Invalid for what can never be right."""
        _refuse_unless_within(self.port, 1, 65535, "listeners.port", "as a port")
        _refuse_unless_known(self.protocol, get_args(Protocol), "listeners.protocol", "protocol")
        if self.max_connections is not None:
            _refuse_unless_within(
                self.max_connections, 1, MAX_CONNECTIONS, "listeners.max_connections", "connections at most"
            )
        if self.protocol == "tcp" and self.rules:
            raise Invalid(
                f"cannot use rules on port {self.port}: a tcp listener does not see hosts and paths; make it http "
                "or https, or leave `rules` out",
                field="listeners.rules",
            )
        if (self.protocol == "https") != bool(self.certificates):
            what = "needs a certificate" if self.protocol == "https" else "takes no certificate"
            raise Invalid(
                f"cannot listen on port {self.port} so: {self.protocol} {what}; a certificate goes with https, and "
                "is uploaded first",
                field="listeners.certificates",
            )
        if len(self.rules) > MAX_RULES:
            raise Invalid(
                f"cannot use {len(self.rules)} rules: use at most {MAX_RULES}", field="listeners.rules"
            )
        for rule in self.rules:
            rule.check()

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Self:
        """Return what an event holds as a value."""
        more: dict[str, Any] = {
            "rules": tuple(Rule(**rule) for rule in given["rules"]),
            "certificates": tuple(given["certificates"]),
        }
        return cls(**{**given, **more})


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """How targets are asked whether they are well. ``codes`` are answers that say so, e.g. ``200-299,304``."""

    protocol: CheckProtocol = "http"
    path: str = "/"
    codes: str = "200-399"
    interval_s: float = 5
    timeout_s: float = 2
    rise: int = 2
    fall: int = 3

    def check(self) -> None:
        """Raise Invalid."""
        _refuse_unless_known(self.protocol, get_args(CheckProtocol), "health_check.protocol", "protocol")
        _refuse_unless_within(self.interval_s, 0.2, 300, "health_check.interval_s", "seconds between checks")
        _refuse_unless_within(self.timeout_s, 0.1, 120, "health_check.timeout_s", "seconds of patience")
        _refuse_unless_within(self.rise, 1, 10, "health_check.rise", "good checks in a row")
        _refuse_unless_within(self.fall, 1, 10, "health_check.fall", "bad checks in a row")
        if self.timeout_s >= self.interval_s:
            raise Invalid(
                f"cannot wait {self.timeout_s:g} s for a check that is made every {self.interval_s:g} s: the timeout "
                "must be shorter than the interval",
                field="health_check.timeout_s",
            )
        if not _CHECK_PATH.fullmatch(self.path):
            raise Invalid(
                f"cannot check {values.shown(self.path)}: begin the path with /, e.g. `/health`",
                field="health_check.path",
            )
        low_to_high = (span.split("-") for span in self.codes.split(","))
        if not _CODES.fullmatch(self.codes) or any(span[0] > span[-1] for span in low_to_high):
            raise Invalid(
                f"cannot expect {values.shown(self.codes)}: list codes or ranges, e.g. `200-299,304`",
                field="health_check.codes",
            )


@dataclass(frozen=True, slots=True)
class TargetGroup:
    """Targets that do the same work."""

    name: str = DEFAULT_GROUP
    algorithm: Algorithm = "round-robin"
    sticky: bool = False
    """Whether a client comes back to the same target, by a cookie."""
    health_check: HealthCheck = field(default_factory=HealthCheck)
    deregistration_delay_s: int = 300
    max_connections: int | None = None
    """To each target at once; more wait in a queue."""

    def check(self) -> None:
        """Raise Invalid."""
        values.name(self.name, "target_groups.name")
        _refuse_unless_known(self.algorithm, get_args(Algorithm), "algorithm", "algorithm")
        _refuse_unless_within(
            self.deregistration_delay_s, 0, MAX_DELAY_S, "deregistration_delay_s", "seconds of draining"
        )
        if self.max_connections is not None:
            _refuse_unless_within(
                self.max_connections, 1, MAX_CONNECTIONS, "max_connections", "connections to a target at most"
            )
        self.health_check.check()

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Self:
        """Return what an event holds as a value."""
        more: dict[str, Any] = {"health_check": HealthCheck(**given["health_check"])}
        return cls(**{**given, **more})


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long the balancer waits, in seconds."""

    connect_s: float = 1
    """For a target to take a connection."""
    client_s: float = 60
    """For a client that has gone silent."""
    server_s: float = 60
    """For a target that has gone silent: the longest time to an answer's first byte."""
    queue_s: float = 5
    """In the queue for a target with too many connections."""
    keep_alive_s: float = 60
    """For the next request on a connection."""

    def check(self) -> None:
        """Raise Invalid."""
        for name, seconds in asdict(self).items():
            _refuse_unless_within(seconds, 0.05, MAX_TIMEOUT_S, f"timeouts.{name}", "seconds")


@dataclass(frozen=True, slots=True)
class BalancerSpec:
    """A load balancer as it is asked for, with ids in place of names."""

    account_id: str
    name: str
    vpc_id: UUID
    vpc_public_id: str
    vpc_name: str
    listeners: Sequence[Listener] = ()
    target_groups: Sequence[TargetGroup] = (TargetGroup(),)
    timeouts: Timeouts = field(default_factory=Timeouts)
    tags: Mapping[str, str] = field(default_factory=dict[str, str])


def check_routes(
    listeners: Sequence[Listener], groups: Sequence[TargetGroup], certificates: Iterable[str]
) -> None:
    """Raise Invalid unless listeners, groups and certificates fit together."""
    _refuse_too_many(listeners, MAX_LISTENERS, "listeners")
    _refuse_too_many(groups, MAX_GROUPS, "target groups")
    for each in (*listeners, *groups):
        each.check()
    _refuse_doubles([str(listener.port) for listener in listeners], "listeners", "listen on port {} twice")
    _refuse_doubles([group.name for group in groups], "target_groups", "have two target groups {}")
    known, kept = {group.name for group in groups}, set(certificates)
    if DEFAULT_GROUP not in known:
        raise Invalid(
            f"cannot do without the target group `{DEFAULT_GROUP}`: list it, too", field="target_groups"
        )
    for listener in listeners:
        for missing in sorted(set(listener.groups()) - known):
            raise Invalid(
                f"cannot send port {listener.port} to the target group {values.shown(missing)}: there is none; "
                f"there are {', '.join(sorted(known))}",
                field="listeners.target_group",
            )
        for missing in sorted(set(listener.certificates) - kept):
            raise Invalid(
                f"cannot use the certificate {values.shown(missing)} on port {listener.port}: there is none; "
                "upload it first",
                field="listeners.certificates",
            )
    for group in groups:
        _refuse_mixed(group, [listener for listener in listeners if group.name in listener.groups()])


def _refuse_mixed(group: TargetGroup, listeners: Sequence[Listener]) -> None:
    modes = {listener.mode for listener in listeners}
    if len(modes) > 1:
        raise Invalid(
            f"cannot send both requests and bare connections to the target group {group.name}: make another group "
            "for the tcp listener",
            field="listeners.target_group",
        )
    if group.sticky and "tcp" in modes:
        raise Invalid(
            f"cannot make the target group {group.name} sticky: a tcp listener knows no cookies; use the algorithm "
            "`source`",
            field="target_groups.sticky",
        )


def _refuse_too_many(items: Sequence[object], most: int, what: str) -> None:
    if len(items) > most:
        raise Invalid(f"cannot have {len(items)} {what}: use at most {most}", field=what.replace(" ", "_"))


def _refuse_doubles(items: Sequence[str], field_name: str, what: str) -> None:
    for index, item in enumerate(items):
        if item in items[:index]:
            raise Invalid(f"cannot {what.format(values.shown(item))}: name it once", field=field_name)


def _refuse_unless_within(number: float, low: float, high: float, field_name: str, what: str) -> None:
    if not low <= number <= high:
        raise Invalid(f"cannot use {number:g} {what}: use {low:g} to {high:g}", field=field_name)


def _refuse_unless_known(text: str, known: Sequence[str], field_name: str, what: str) -> None:
    if text not in known:
        raise Invalid(
            f"cannot use the {what} {values.shown(text)}: use one of {', '.join(known)}", field=field_name
        )
