"""What is sent about load balancers, and how it reads in the domain."""

from typing import Any

from pydantic import Field

from domain.load_balancer import HealthCheck, Listener, Rule, TargetGroup, Timeouts
from domain.load_balancer.spec import DEFAULT_GROUP, Algorithm, CheckProtocol, Protocol
from miniaws.commands import load_balancer as commands
from miniaws.http.writing import Body

_CHECK, _GROUP, _TIMEOUTS = HealthCheck(), TargetGroup(), Timeouts()


class RouteRule(Body):
    """Which requests go to another target group; the first rule that matches decides."""

    host: str | None = Field(default=None, examples=["shop.example", "*.example"])
    path: str | None = Field(
        default=None, description="ends with * to match what begins so", examples=["/api/*"]
    )
    target_group: str = Field(examples=["api"])


class ListenOn(Body):
    """A host port, and where its requests go."""

    port: int = Field(ge=1, le=65535, examples=[8081])
    protocol: Protocol = "http"
    target_group: str = DEFAULT_GROUP
    rules: list[RouteRule] = Field(default=[])
    certificates: list[str] = Field(default=[], description="names of uploaded certificates, for https")
    max_connections: int | None = None

    def wish(self) -> Listener:
        """Return it as the domain knows it."""
        rules = tuple(Rule(**rule.model_dump()) for rule in self.rules)
        plain: dict[str, Any] = self.model_dump() | {"rules": rules, "certificates": tuple(self.certificates)}
        return Listener(**plain)


class CheckHealth(Body):
    """How targets are asked whether they are well."""

    protocol: CheckProtocol = _CHECK.protocol
    path: str = Field(default=_CHECK.path, examples=["/health"])
    codes: str = Field(default=_CHECK.codes, examples=["200-299,304"])
    interval_s: float = _CHECK.interval_s
    timeout_s: float = Field(default=_CHECK.timeout_s, description="shorter than the interval")
    rise: int = Field(
        default=_CHECK.rise, description="good checks in a row that make a target healthy again"
    )
    fall: int = Field(default=_CHECK.fall, description="bad checks in a row that make a target unhealthy")


class GroupOfTargets(Body):
    """Targets that do the same work, beside the group `default`."""

    name: str = Field(examples=["api"])
    algorithm: Algorithm = _GROUP.algorithm
    sticky: bool = Field(
        default=_GROUP.sticky, description="a cookie brings a client back to the same target"
    )
    health_check: CheckHealth = CheckHealth()
    deregistration_delay_s: int = Field(default=_GROUP.deregistration_delay_s, description="longest draining")
    max_connections: int | None = Field(default=None, description="to each target; more wait in a queue")

    def wish(self) -> TargetGroup:
        """Return it as the domain knows it."""
        return TargetGroup.of(self.model_dump())


class Patience(Body):
    """How long the balancer waits, in seconds."""

    connect_s: float = _TIMEOUTS.connect_s
    client_s: float = _TIMEOUTS.client_s
    server_s: float = _TIMEOUTS.server_s
    queue_s: float = _TIMEOUTS.queue_s
    keep_alive_s: float = _TIMEOUTS.keep_alive_s


class CreateLoadBalancer(Body):
    """A load balancer as it is asked for; what is said of targets is about the group `default`."""

    name: str = Field(examples=["web"])
    vpc: str = Field(default="default", description="id or name")
    listeners: list[ListenOn] = Field(default=[])
    algorithm: Algorithm = _GROUP.algorithm
    sticky: bool = _GROUP.sticky
    health_check: CheckHealth = CheckHealth()
    deregistration_delay_s: int = _GROUP.deregistration_delay_s
    max_connections: int | None = Field(default=None, description="to each target; more wait in a queue")
    target_groups: list[GroupOfTargets] = Field(
        default=[], description="further groups, for rules and listeners"
    )
    timeouts: Patience = Patience()
    tags: dict[str, str] = Field(default={}, examples=[{"env": "test"}])

    def wish(self) -> commands.Create:
        """Return it as commands know it."""
        own = self.model_dump(
            include={"algorithm", "sticky", "health_check", "deregistration_delay_s", "max_connections"}
        )
        default = TargetGroup.of({"name": DEFAULT_GROUP, **own})
        return commands.Create(
            name=self.name,
            vpc=self.vpc,
            listeners=[listener.wish() for listener in self.listeners],
            target_groups=[default, *(group.wish() for group in self.target_groups)],
            timeouts=Timeouts(**self.timeouts.model_dump()),
            tags=self.tags,
        )


class ChangeLoadBalancer(Body):
    """What of a load balancer can change; a list replaces the one before."""

    listeners: list[ListenOn] | None = None
    algorithm: Algorithm | None = None
    sticky: bool | None = None
    health_check: CheckHealth | None = None
    deregistration_delay_s: int | None = None
    max_connections: int | None = None
    target_groups: list[GroupOfTargets] | None = None
    timeouts: Patience | None = None
    tags: dict[str, str] | None = None

    def wish(self) -> commands.Changes:
        """Return it as commands know it."""
        fields = {"algorithm", "sticky", "deregistration_delay_s", "max_connections"}
        group: dict[str, Any] = self.model_dump(include=fields, exclude_none=True)
        if self.health_check is not None:
            group["health_check"] = HealthCheck(**self.health_check.model_dump())
        return commands.Changes(
            listeners=None if self.listeners is None else [each.wish() for each in self.listeners],
            default_group=group,
            other_groups=None if self.target_groups is None else [each.wish() for each in self.target_groups],
            timeouts=None if self.timeouts is None else Timeouts(**self.timeouts.model_dump()),
            tags=self.tags,
        )


class RegisterTarget(Body):
    """A target: one of `instance`, `tags` (every instance that has them) and `address` (in the VPC)."""

    port: int = Field(ge=1, le=65535, examples=[8080])
    instance: str | None = Field(default=None, description="id or name", examples=["web-1"])
    tags: dict[str, str] | None = Field(default=None, examples=[None])
    address: str | None = Field(default=None, examples=[None])
    weight: int = Field(default=1, ge=0, le=256)
    target_group: str = DEFAULT_GROUP


class UploadCertificate(Body):
    """A certificate with its chain, and its private key, which is kept sealed and never shown."""

    certificate: str = Field(description="PEM, the server's own first")
    private_key: str = Field(description="PEM, without a password", json_schema_extra={"format": "password"})
