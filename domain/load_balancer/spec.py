"""What may be requested of a load balancer: listeners, rules, target groups, health checks, time limits."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Self, get_args
from uuid import UUID

from domain import values
from domain.errors import within

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
            raise values.must("host", "be given, or `path`, or both", why="a rule needs a condition")
        if self.host is not None and (len(self.host) > 253 or not _HOST.fullmatch(self.host)):
            raise values.must(
                "host", "be in lower case and without a port, e.g. `shop.example` or `*.example`", self.host
            )
        if self.path is not None and not _PATH.fullmatch(self.path):
            raise values.must(
                "path", "start with /, and end with * to match a prefix, e.g. `/api/*`", self.path
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
        values.between(self.port, 1, 65535, "port")
        values.one_of(self.protocol, get_args(Protocol), "protocol")
        if self.max_connections is not None:
            values.between(self.max_connections, 1, MAX_CONNECTIONS, "max_connections")
        if self.protocol == "tcp" and self.rules:
            raise values.must(
                "rules",
                f"be left out on port {self.port}",
                why="a tcp listener does not see hosts and paths; make it http or https for rules",
            )
        if (self.protocol == "https") != bool(self.certificates):
            rule = "name an uploaded certificate" if self.protocol == "https" else "be left out"
            raise values.must("certificates", f"{rule} for {self.protocol}")
        values.at_most(len(self.rules), MAX_RULES, "rules", "rules")
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
        values.one_of(self.protocol, get_args(CheckProtocol), "protocol")
        values.between(self.interval_s, 0.2, 300, "interval_s")
        values.between(self.timeout_s, 0.1, 120, "timeout_s")
        values.between(self.rise, 1, 10, "rise")
        values.between(self.fall, 1, 10, "fall")
        if self.timeout_s >= self.interval_s:
            raise values.must(
                "timeout_s", f"be shorter than `interval_s`, which is {self.interval_s:g}", self.timeout_s
            )
        if not _CHECK_PATH.fullmatch(self.path):
            raise values.must("path", "start with /, e.g. `/health`", self.path)
        low_to_high = (span.split("-") for span in self.codes.split(","))
        if not _CODES.fullmatch(self.codes) or any(span[0] > span[-1] for span in low_to_high):
            raise values.must("codes", "be status codes or ranges of them, e.g. `200-299,304`", self.codes)


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
        values.one_of(self.algorithm, get_args(Algorithm), "algorithm")
        values.between(self.deregistration_delay_s, 0, MAX_DELAY_S, "deregistration_delay_s")
        if self.max_connections is not None:
            values.between(self.max_connections, 1, MAX_CONNECTIONS, "max_connections")
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
            values.between(seconds, 0.05, MAX_TIMEOUT_S, name)


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
