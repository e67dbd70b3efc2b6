"""The inputs of commands for scaling groups, and how they read in the domain."""

from dataclasses import replace
from typing import Any

from pydantic import Field

from domain.instance.spec import RestartPolicy
from domain.load_balancer.spec import DEFAULT_GROUP
from domain.scaling_group import HealthPolicy, Size
from domain.scaling_group.policies import MAX_POLICIES
from domain.scaling_group.settings import HealthCheck, Process, TerminationPolicy
from domain.values import must
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
from miniaws.commands.program import (
    ChangesProcess,
    Command,
    Environment,
    Image,
    Restart,
    TypeName,
    WithProcess,
)
from miniaws.commands.scaling_group.policies import LEFT_OUT, AnyPolicy, NewMaximum, NewMinimum

_SHARE = "of the desired instances, the percentage that is replaced at once; at least one is"
_CHECK = "health checks of the instances: that the container runs, or also those of the load balancers"
_ORDER = "which instance is terminated first when the group shrinks"
_GRACE = (
    "seconds after an instance came into service in which failing health checks of load balancers do not count; "
    "to come into service it has 60 s at least"
)
_PORTS = "ports of the program"
_PLACE = ("subnet", "security_groups")
_BALANCERS = "load balancers that send requests to the instances"


class TemplatePort(Body):
    """A port of the program."""

    port: int = Field(
        title="Port", ge=1, le=65535, description="on which the program listens", examples=[8080]
    )
    publish: int | None = Field(
        default=None, title="Host port", description="refused: instances would share it"
    )


class ChangeTemplate(ChangesProcess):
    """What can be changed of a template; what is left out stays."""

    image: str | None = Field(
        default=None,
        title="Image",
        description="a reference: a name with a tag or digest" + LEFT_OUT,
        examples=["miniaws/hello:local"],
    )
    type: str | None = Field(
        default=None,
        title="Type",
        description="one of GET /api/instance-types" + LEFT_OUT,
    )
    command: list[str] | None = Field(
        default=None, title="Program and arguments", description="of the program" + LEFT_OUT
    )
    env: dict[str, str] | None = Field(
        default=None,
        title="Environment variables",
        repr=False,
        description="all variables; stored encrypted, only names are shown; left out: unchanged",
    )
    ports: list[TemplatePort] | None = Field(
        default=None, title="Ports", max_length=100, description=_PORTS + LEFT_OUT
    )
    subnet: str | None = Field(
        default=None, title="Subnet", description="id or name of a subnet of the VPC" + LEFT_OUT
    )
    security_groups: NewSecurityGroups = None
    tags: NewTags = None
    restart: RestartPolicy | None = Field(
        default=None,
        title="Restart policy",
        description="whether a program that has ended is started again" + LEFT_OUT,
    )

    def fields(self) -> dict[str, Any]:
        """Return what is given, by the names of a template, without environment and place. Raises Invalid."""
        given = self.model_dump(exclude_none=True, exclude={"env", "ports", *_PLACE})
        return given if self.ports is None else {**given, "ports": _ports(self.ports)}


class LaunchTemplate(WithProcess):
    """What every instance is launched from: the fields of a launch, without a name."""

    image: Image
    type: TypeName = "micro"
    command: Command = Field(default=[])
    env: Environment = Field(default={})
    ports: list[TemplatePort] = Field(default=[], title="Ports", max_length=100, description=_PORTS)
    vpc: VpcName = Field(default="default", description="id or name; fixed for the group")
    subnet: SubnetName = "default"
    security_groups: SecurityGroups = Field(default=["default"])
    tags: Tags = Field(default={})
    restart: Restart = "always"

    def fields(self) -> dict[str, Any]:
        """Return what is given, by the names of a template, without environment and place. Raises Invalid."""
        given = self.model_dump(exclude={"env", "ports", "vpc", *_PLACE})
        return {**given, "ports": _ports(self.ports)}


class BehindBalancer(Body):
    """A load balancer of the same VPC that sends requests to the instances."""

    load_balancer: str = Field(title="Load balancer", description="id or name", examples=["web"])
    port: int = Field(
        title="Port", ge=1, le=65535, description="on which the instances answer", examples=[8080]
    )
    target_group: str = Field(
        default=DEFAULT_GROUP, title="Target group", description="the group that the instances join"
    )
    weight: int = Field(
        default=1, title="Weight", ge=0, le=256, description="share of the requests; 0: no new ones"
    )


class CreateScalingGroup(Body):
    """A group to create."""

    name: Name = Field(examples=["web"])
    template: LaunchTemplate = Field(title="Template", description="launch template of the instances")
    min: int = Field(default=1, title="Minimum size", ge=0, le=100, description="minimum number of instances")
    desired: int | None = Field(
        default=None,
        title="Desired capacity",
        ge=0,
        le=100,
        description="desired number of instances; left out: min",
    )
    max: int = Field(default=1, title="Maximum size", ge=0, le=100, description="maximum number of instances")
    load_balancers: list[BehindBalancer] = Field(
        default=[], title="Load balancers", max_length=10, description=_BALANCERS
    )
    health_check: HealthCheck = Field(default="container", title="Health check", description=_CHECK)
    health_check_grace_s: int = Field(
        default=60, title="Health check grace period (s)", ge=0, le=3600, description=_GRACE
    )
    replace_percent: int = Field(default=20, title="Replaced at once (%)", ge=1, le=100, description=_SHARE)
    termination_policy: TerminationPolicy = Field(
        default="oldest-template", title="Termination policy", description=_ORDER
    )
    policies: dict[str, AnyPolicy] = Field(
        default={},
        title="Policies",
        max_length=MAX_POLICIES,
        description="scaling policies by their names",
    )
    suspended: list[Process] = Field(
        default=[], title="Suspended processes", max_length=20, description="processes that begin suspended"
    )
    tags: Tags = Field(default={})

    def size(self) -> Size:
        """Return the sizes."""
        return Size(self.min, self.min if self.desired is None else self.desired, self.max)

    def health_policy(self) -> HealthPolicy:
        """Return when and how instances are replaced."""
        return HealthPolicy(
            self.health_check, self.health_check_grace_s, self.replace_percent, self.termination_policy
        )


class ChangeScalingGroup(Change):
    """What can be changed of a group; what is left out stays."""

    min: NewMinimum = None
    desired: int | None = Field(
        default=None,
        title="Desired capacity",
        ge=0,
        le=100,
        description="desired number of instances; left out: unchanged, but between min and max",
    )
    max: NewMaximum = None
    template: ChangeTemplate | None = Field(
        default=None,
        title="Template",
        description="for instances launched from now on; see POST …/refresh",
    )
    load_balancers: list[BehindBalancer] | None = Field(
        default=None, title="Load balancers", max_length=10, description="all of them" + LEFT_OUT
    )
    health_check: HealthCheck | None = Field(
        default=None, title="Health check", description=_CHECK + LEFT_OUT
    )
    health_check_grace_s: int | None = Field(
        default=None,
        title="Health check grace period (s)",
        ge=0,
        le=3600,
        description=_GRACE + LEFT_OUT,
    )
    replace_percent: int | None = Field(
        default=None,
        title="Replaced at once (%)",
        ge=1,
        le=100,
        description=_SHARE + LEFT_OUT,
    )
    termination_policy: TerminationPolicy | None = Field(
        default=None, title="Termination policy", description=_ORDER + LEFT_OUT
    )
    tags: NewTags = None

    def size(self, now: Size) -> Size:
        """Return the sizes after the change; a desired size that was not given stays between min and max."""
        least = now.min if self.min is None else self.min
        most = now.max if self.max is None else self.max
        desired = max(least, min(now.desired, most)) if self.desired is None else self.desired
        return Size(least, desired, most)

    def health_policy(self, now: HealthPolicy) -> HealthPolicy:
        """Return when and how instances are replaced after the change."""
        given = {
            "health_check": self.health_check,
            "grace_s": self.health_check_grace_s,
            "replace_percent": self.replace_percent,
            "termination_policy": self.termination_policy,
        }
        changed: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
        return replace(now, **changed)


class StartRefresh(Body):
    """The template that all instances should have; left out: the newest."""

    template: ChangeTemplate | None = Field(
        default=None, title="Template", description="changes to make first; left out: none"
    )
    roll_back: bool = Field(
        default=True,
        title="Roll back on failure",
        description="when a new instance fails, return to the previous template",
    )


class Protection(Body):
    """Whether an instance is kept when the group shrinks."""

    is_protected: bool = Field(
        title="Scale-in protection", description="do not terminate it when the group shrinks"
    )


class Processes(Body):
    """Which processes are suspended or resumed; none named means all."""

    processes: list[Process] = Field(
        default=[], title="Processes", max_length=20, description="left out: all of them"
    )


class Simulation(Body):
    """Which policies to run over the recorded load, by name."""

    policies: dict[str, AnyPolicy] = Field(
        title="Policies", min_length=1, max_length=20, description="policies by their names"
    )


def _ports(ports: list[TemplatePort]) -> list[int]:
    for index, port in enumerate(ports):
        if port.publish is not None:
            raise must(
                f"template.ports.{index}.publish",
                "be left out",
                why="every instance of the group would need that port; attach a load balancer to the group instead",
            )
    return [port.port for port in ports]
