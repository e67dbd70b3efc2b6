"""The inputs of commands for load balancers, and how they read in the domain."""

from typing import Any

from pydantic import Field

from domain.load_balancer import HealthCheck, Listener, Rule, TargetGroup, Timeouts
from domain.load_balancer.spec import DEFAULT_GROUP, Algorithm, CheckProtocol, Protocol
from domain.load_balancer.target import MAX_TARGETS
from miniaws.commands.body import (
    Body,
    Change,
    Name,
    NewSecurityGroups,
    NewTags,
    SecurityGroups,
    SubnetName,
    Tags,
    VpcName,
)
from miniaws.commands.interface import Place

_CHECK, _GROUP, _TIMEOUTS = HealthCheck(), TargetGroup(), Timeouts()
_ALGORITHM = "how a target is chosen for a request"
_STICKY = "a cookie brings a client back to the same target"
_HEALTH = "how targets are checked"
_DRAINING = "seconds for which a target that leaves may finish its requests"
_CONNECTIONS = "to each target; more wait in a queue"
_LEFT_OUT = "; left out: unchanged"


class RouteRule(Body):
    """Which requests go to another target group; the first rule that matches decides."""

    host: str | None = Field(
        default=None,
        title="Host",
        description="left out: any host",
        examples=["shop.example", "*.example"],
    )
    path: str | None = Field(
        default=None,
        title="Path",
        description="end it with * to match a prefix; left out: any path",
        examples=["/api/*"],
    )
    target_group: str = Field(
        title="Target group", description="where matching requests go", examples=["api"]
    )


class ListenOn(Body):
    """A host port, and where its requests go."""

    port: int = Field(title="Host port", ge=1, le=65535, description="port of the host", examples=[8081])
    protocol: Protocol = Field(default="http", title="Protocol", description="what clients speak")
    target_group: str = Field(
        default=DEFAULT_GROUP, title="Target group", description="where requests go that match no rule"
    )
    rules: list[RouteRule] = Field(
        default=[],
        title="Rules",
        description="requests that go to another target group, by host, such as `*.example`, by path, such as "
        "`/api/*`, or both; the first match applies",
    )
    certificates: list[str] = Field(
        default=[], title="Certificates", description="names of uploaded certificates, for https"
    )
    max_connections: int | None = Field(
        default=None,
        title="Maximum connections",
        description="of clients at once; left out: as many as the balancer can take",
    )

    def listener(self) -> Listener:
        """Return the listener."""
        rules = tuple(Rule(**rule.model_dump()) for rule in self.rules)
        plain: dict[str, Any] = self.model_dump() | {"rules": rules, "certificates": tuple(self.certificates)}
        return Listener(**plain)


class CheckHealth(Body):
    """How the health of targets is checked."""

    protocol: CheckProtocol = Field(
        default=_CHECK.protocol, title="Protocol", description="a request, or only a connection"
    )
    path: str = Field(
        default=_CHECK.path, title="Path", description="path of the request", examples=["/health"]
    )
    codes: str = Field(
        default=_CHECK.codes,
        title="Success codes",
        description="status codes that count as healthy, such as 200-299,304",
        examples=["200-299,304"],
    )
    interval_s: float = Field(
        default=_CHECK.interval_s, title="Interval (s)", description="seconds between checks"
    )
    timeout_s: float = Field(
        default=_CHECK.timeout_s, title="Timeout (s)", description="shorter than the interval"
    )
    rise: int = Field(
        default=_CHECK.rise,
        title="Healthy threshold",
        description="good checks in a row that make a target healthy again",
    )
    fall: int = Field(
        default=_CHECK.fall,
        title="Unhealthy threshold",
        description="bad checks in a row that make a target unhealthy",
    )


class GroupOfTargets(Body):
    """Targets that do the same work, beside the group `default`."""

    name: str = Field(
        title="Name", description="how listeners and rules refer to the group", examples=["api"]
    )
    algorithm: Algorithm = Field(default=_GROUP.algorithm, title="Algorithm", description=_ALGORITHM)
    sticky: bool = Field(default=_GROUP.sticky, title="Sticky sessions", description=_STICKY)
    health_check: CheckHealth = Field(default=CheckHealth(), title="Health check", description=_HEALTH)
    deregistration_delay_s: int = Field(
        default=_GROUP.deregistration_delay_s, title="Deregistration delay (s)", description=_DRAINING
    )
    max_connections: int | None = Field(default=None, title="Maximum connections", description=_CONNECTIONS)

    def group(self) -> TargetGroup:
        """Return the target group."""
        return TargetGroup.of(self.model_dump())


class BalancerTimeouts(Body):
    """How long the balancer waits, in seconds."""

    connect_s: float = Field(
        default=_TIMEOUTS.connect_s, title="Connect (s)", description="for a target to accept a connection"
    )
    client_s: float = Field(
        default=_TIMEOUTS.client_s, title="Client (s)", description="for an inactive client"
    )
    server_s: float = Field(
        default=_TIMEOUTS.server_s, title="Server (s)", description="for the answer of a target"
    )
    queue_s: float = Field(
        default=_TIMEOUTS.queue_s, title="Queue (s)", description="for a free connection to a target"
    )
    keep_alive_s: float = Field(
        default=_TIMEOUTS.keep_alive_s,
        title="Keep-alive (s)",
        description="for the next request of a connection",
    )

    def timeouts(self) -> Timeouts:
        """Return the timeouts."""
        return Timeouts(**self.model_dump())


class RegisterTarget(Body):
    """A target: one of `instance`, `tags` (every instance that has them) and `address` (in the VPC)."""

    port: int = Field(
        title="Port", ge=1, le=65535, description="on which the target answers", examples=[8080]
    )
    instance: str | None = Field(default=None, title="Instance", description="id or name", examples=["web-1"])
    tags: dict[str, str] | None = Field(
        default=None,
        title="Tags",
        description="every instance that has all of them, also in the future",
        examples=[None],
    )
    address: str | None = Field(
        default=None, title="Address", description="an address in the VPC", examples=[None]
    )
    weight: int = Field(
        default=1, title="Weight", ge=0, le=256, description="share of the requests; 0: no new ones"
    )
    target_group: str = Field(
        default=DEFAULT_GROUP, title="Target group", description="the group that the target joins"
    )


class UploadCertificate(Body):
    """A certificate with its chain, and its private key, which is stored encrypted and never shown."""

    certificate: str = Field(
        title="Certificate", description="PEM with its chain, the server certificate first"
    )
    private_key: str = Field(
        title="Private key",
        repr=False,
        description="PEM, without a passphrase; stored encrypted and never shown again",
        json_schema_extra={"format": "password"},
    )


class CreateLoadBalancer(Body):
    """A load balancer to create; the fields about targets are those of the group `default`."""

    name: Name = Field(examples=["web"])
    vpc: VpcName = "default"
    subnet: SubnetName = "default"
    security_groups: SecurityGroups = Field(default=["default"])
    listeners: list[ListenOn] = Field(
        default=[], title="Listeners", description="host ports, and where their requests go"
    )
    algorithm: Algorithm = Field(default=_GROUP.algorithm, title="Algorithm", description=_ALGORITHM)
    sticky: bool = Field(default=_GROUP.sticky, title="Sticky sessions", description=_STICKY)
    health_check: CheckHealth = Field(default=CheckHealth(), title="Health check", description=_HEALTH)
    deregistration_delay_s: int = Field(
        default=_GROUP.deregistration_delay_s, title="Deregistration delay (s)", description=_DRAINING
    )
    max_connections: int | None = Field(default=None, title="Maximum connections", description=_CONNECTIONS)
    target_groups: list[GroupOfTargets] = Field(
        default=[], title="Target groups", description="further groups, for rules and listeners"
    )
    timeouts: BalancerTimeouts = Field(
        default=BalancerTimeouts(), title="Timeouts", description="how long the balancer waits"
    )
    certificates: dict[str, UploadCertificate] = Field(
        default={}, title="Certificates", description="certificates for its https listeners, by name"
    )
    targets: list[RegisterTarget] = Field(
        default=[],
        title="Targets",
        max_length=MAX_TARGETS,
        description="instances, addresses and tags of instances that requests are sent to",
    )
    tags: Tags = Field(default={})

    def place(self) -> Place:
        """Return where in its VPC it is to be."""
        return Place(self.subnet, tuple(self.security_groups))

    def groups(self) -> list[TargetGroup]:
        """Return all target groups, the default one first."""
        fields = {"algorithm", "sticky", "health_check", "deregistration_delay_s", "max_connections"}
        default = TargetGroup.of({"name": DEFAULT_GROUP, **self.model_dump(include=fields)})
        return [default, *(group.group() for group in self.target_groups)]


class ChangeLoadBalancer(Change):
    """What can be changed of a load balancer; a list replaces the previous one."""

    listeners: list[ListenOn] | None = Field(
        default=None, title="Listeners", description="all of them" + _LEFT_OUT
    )
    algorithm: Algorithm | None = Field(default=None, title="Algorithm", description=_ALGORITHM + _LEFT_OUT)
    sticky: bool | None = Field(default=None, title="Sticky sessions", description=_STICKY + _LEFT_OUT)
    health_check: CheckHealth | None = Field(
        default=None, title="Health check", description=_HEALTH + _LEFT_OUT
    )
    deregistration_delay_s: int | None = Field(
        default=None, title="Deregistration delay (s)", description=_DRAINING + _LEFT_OUT
    )
    max_connections: int | None = Field(
        default=None, title="Maximum connections", description=_CONNECTIONS + _LEFT_OUT
    )
    target_groups: list[GroupOfTargets] | None = Field(
        default=None, title="Target groups", description="all but the group `default`" + _LEFT_OUT
    )
    timeouts: BalancerTimeouts | None = Field(
        default=None, title="Timeouts", description="how long the balancer waits" + _LEFT_OUT
    )
    security_groups: NewSecurityGroups = None
    tags: NewTags = None

    def default_group(self) -> dict[str, Any]:
        """Return the fields of the group `default` that change."""
        fields = {"algorithm", "sticky", "deregistration_delay_s", "max_connections"}
        changed: dict[str, Any] = self.model_dump(include=fields, exclude_none=True)
        if self.health_check is not None:
            changed["health_check"] = HealthCheck(**self.health_check.model_dump())
        return changed
