"""What may be requested of a load balancer: listeners, rules, target groups, health checks, time limits."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Self, get_args
from uuid import UUID

from domain import values
from domain.errors import Invalid, within

Protocol = Literal["http", "https", "tcp"]
Algorithm = Literal["round-robin", "least-connections", "source"]
CheckProtocol = Literal["http", "tcp"]
DEFAULT_GROUP = "default"
"""The target group of a listener that names no other."""
MAX_RULES = 100
MAX_DELAY_S = 3600
MAX_TIMEOUT_S = 3600
MAX_CONNECTIONS = 100_000

_HOST = re.compile(r"(\*\.)?[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*")
_PATH = re.compile(r"/[A-Za-z0-9._~!$&'()+,;=:@%/-]{0,255}\*?")
_CHECK_PATH = re.compile(r"/[A-Za-z0-9._~!$&'()*+,;=:@%/?-]{0,255}")
_CODES = re.compile(r"[1-5]\d\d(-[1-5]\d\d)?(,[1-5]\d\d(-[1-5]\d\d)?){0,19}", re.ASCII)


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
            raise Invalid("cannot use a rule without a condition: give `host`, `path` or both", field="host")
        if self.host is not None and (len(self.host) > 253 or not _HOST.fullmatch(self.host)):
            raise Invalid(
                f"cannot use {values.shown(self.host)} as the host of a rule: write it in lower case without a "
                "port, e.g. `shop.example` or `*.example`",
                field="host",
            )
        if self.path is not None and not _PATH.fullmatch(self.path):
            raise Invalid(
                f"cannot use {values.shown(self.path)} as the path of a rule: start it with /, and end it "
                "with * to match a prefix, e.g. `/api/*`",
                field="path",
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
        _refuse_unless_within(self.port, 1, 65535, "port", "as a port")
        values.one_of(self.protocol, get_args(Protocol), "use the protocol {}", "protocol")
        if self.max_connections is not None:
            _refuse_unless_within(
                self.max_connections, 1, MAX_CONNECTIONS, "max_connections", "connections at most"
            )
        if self.protocol == "tcp" and self.rules:
            raise Invalid(
                f"cannot use rules on port {self.port}: a tcp listener does not see hosts and paths; make it http "
                "or https, or leave `rules` out",
                field="rules",
            )
        if (self.protocol == "https") != bool(self.certificates):
            what = "without a certificate" if self.protocol == "https" else "with a certificate"
            raise Invalid(
                f"cannot create a listener for {self.protocol} {what} on port {self.port}: listeners for https need a "
                "certificate, which is uploaded first; others have none",
                field="certificates",
            )
        if len(self.rules) > MAX_RULES:
            raise Invalid(f"cannot use {len(self.rules)} rules: use at most {MAX_RULES}", field="rules")
        for index, rule in enumerate(self.rules):
            with within("rules", index):
                rule.check()

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Self:
        """Return the value that an event holds as JSON."""
        more: dict[str, Any] = {
            "rules": tuple(Rule(**rule) for rule in given["rules"]),
            "certificates": tuple(given["certificates"]),
        }
        return cls(**{**given, **more})


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """How the health of targets is checked. ``codes`` are the healthy responses, e.g. ``200-299,304``."""

    protocol: CheckProtocol = "http"
    path: str = "/"
    codes: str = "200-399"
    interval_s: float = 5
    timeout_s: float = 2
    rise: int = 2
    fall: int = 3

    def check(self) -> None:
        """Raise Invalid."""
        values.one_of(self.protocol, get_args(CheckProtocol), "use the protocol {}", "protocol")
        _refuse_unless_within(self.interval_s, 0.2, 300, "interval_s", "seconds between checks")
        _refuse_unless_within(self.timeout_s, 0.1, 120, "timeout_s", "seconds of patience")
        _refuse_unless_within(self.rise, 1, 10, "rise", "good checks in a row")
        _refuse_unless_within(self.fall, 1, 10, "fall", "bad checks in a row")
        if self.timeout_s >= self.interval_s:
            raise Invalid(
                f"cannot wait {self.timeout_s:g} s for a check that is made every {self.interval_s:g} s: the timeout "
                "must be shorter than the interval",
                field="timeout_s",
            )
        if not _CHECK_PATH.fullmatch(self.path):
            raise Invalid(
                f"cannot use {values.shown(self.path)} as the path of a health check: start it with /, e.g. `/health`",
                field="path",
            )
        low_to_high = (span.split("-") for span in self.codes.split(","))
        if not _CODES.fullmatch(self.codes) or any(span[0] > span[-1] for span in low_to_high):
            raise Invalid(
                f"cannot use {values.shown(self.codes)} as healthy status codes: list codes or ranges, e.g. "
                "`200-299,304`",
                field="codes",
            )


@dataclass(frozen=True, slots=True)
class TargetGroup:
    """Targets that serve the same requests."""

    name: str = DEFAULT_GROUP
    algorithm: Algorithm = "round-robin"
    sticky: bool = False
    """Whether a client comes back to the same target, by a cookie."""
    health_check: HealthCheck = field(default_factory=HealthCheck)
    deregistration_delay_s: int = 300
    max_connections: int | None = None
    """To each target at once; further requests are queued."""

    def check(self) -> None:
        """Raise Invalid."""
        values.name(self.name, "name")
        values.one_of(self.algorithm, get_args(Algorithm), "use the algorithm {}", "algorithm")
        _refuse_unless_within(
            self.deregistration_delay_s, 0, MAX_DELAY_S, "deregistration_delay_s", "seconds of draining"
        )
        if self.max_connections is not None:
            _refuse_unless_within(
                self.max_connections, 1, MAX_CONNECTIONS, "max_connections", "connections to a target at most"
            )
        with within("health_check"):
            self.health_check.check()

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Self:
        """Return the value that an event holds as JSON."""
        more: dict[str, Any] = {"health_check": HealthCheck(**given["health_check"])}
        return cls(**{**given, **more})


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long the balancer waits, in seconds."""

    connect_s: float = 1
    """For a target to accept a connection."""
    client_s: float = 60
    """For an idle client."""
    server_s: float = 60
    """For an idle target: the longest time to the first byte of a response."""
    queue_s: float = 5
    """For a connection to a target that has too many."""
    keep_alive_s: float = 60
    """For the next request on a connection."""

    def check(self) -> None:
        """Raise Invalid."""
        for name, seconds in asdict(self).items():
            _refuse_unless_within(seconds, 0.05, MAX_TIMEOUT_S, name, "seconds")


@dataclass(frozen=True, slots=True)
class BalancerSpec:
    """A load balancer as it is requested, with ids in place of names."""

    account_id: str
    name: str
    vpc_id: UUID
    vpc_public_id: str
    vpc_name: str
    listeners: Sequence[Listener] = ()
    target_groups: Sequence[TargetGroup] = (TargetGroup(),)
    timeouts: Timeouts = field(default_factory=Timeouts)
    certificates: Collection[str] = ()
    """The names of certificates that are uploaded with it."""
    tags: Mapping[str, str] = field(default_factory=dict[str, str])


def _refuse_unless_within(number: float, low: float, high: float, field_name: str, what: str) -> None:
    if not low <= number <= high:
        raise Invalid(f"cannot use {number:g} {what}: use {low:g} to {high:g}", field=field_name)
