"""What may be sent about scaling groups."""

from typing import Annotated, Any, Literal

from pydantic import Field

from domain.errors import Invalid
from domain.instance.spec import RestartPolicy
from domain.scaling_group.metric import METRICS
from domain.scaling_group.policies import Adjustment
from domain.scaling_group.settings import HealthCheck, Process, TerminationPolicy
from miniaws.commands import scaling_group as commands
from miniaws.http.writing import Body

_Least = Annotated[int, Field(ge=0, le=100)]
_SHARE = "of the desired instances, at most so many percent are replaced at once; at least one is"
_CHECK = "who says that an instance is healthy: that it runs, or the load balancers before it"
_METRICS = "; ".join(f"{name}: {metric.says}" for name, metric in METRICS.items())
_GRACE = "for so long after its launch an instance is given time to be healthy"


class TemplatePort(Body):
    """A port of the program."""

    port: int = Field(ge=1, le=65535, examples=[8080])
    publish: int | None = Field(default=None, description="refused: instances would share it")


class ChangeTemplate(Body):
    """What of a template becomes other; what is left out stays."""

    image: str | None = Field(default=None, examples=["miniaws/hello:local"])
    type: str | None = Field(default=None, description="one of GET /api/instance-types")
    command: list[str] | None = None
    env: dict[str, str] | None = Field(default=None, description="kept sealed; all of it is replaced")
    ports: list[TemplatePort] | None = Field(default=None, max_length=100)
    tags: dict[str, str] | None = None
    restart: RestartPolicy | None = None

    def wish(self) -> commands.Launched:
        """Return it as the command takes it. Raises Invalid."""
        return commands.Launched(
            self.image,
            self.type,
            self.restart,
            self.command,
            self.env,
            None if self.ports is None else _ports(self.ports),
            self.tags,
        )


class LaunchTemplate(Body):
    """What every instance is launched from: an instance as it is asked for, without a name."""

    image: str = Field(examples=["miniaws/hello:local"])
    type: str = Field(default="micro", description="one of GET /api/instance-types")
    command: list[str] = Field(default=[], description="left out: the image's own")
    env: dict[str, str] = Field(default={}, description="kept sealed; only the names are ever shown")
    ports: list[TemplatePort] = Field(default=[], max_length=100)
    vpc: str = Field(default="default", description="id or name; it stays the group's")
    tags: dict[str, str] = Field(default={}, examples=[{"env": "test"}])
    restart: RestartPolicy = Field(default="always", description="when a program ends by itself")

    def wish(self) -> commands.Launched:
        """Return it as the command takes it. Raises Invalid."""
        ports = _ports(self.ports)
        return commands.Launched(
            self.image, self.type, self.restart, self.command, self.env, ports, self.tags
        )


class BehindBalancer(Body):
    """A load balancer of the same VPC that sends requests to the instances."""

    load_balancer: str = Field(description="id or name", examples=["web"])
    port: int = Field(ge=1, le=65535, description="on which the instances answer", examples=[8080])
    target_group: str = "default"
    weight: int = Field(default=1, ge=0, le=256)


class CreateScalingGroup(Body):
    """A group as it is asked for."""

    name: str = Field(examples=["web"])
    template: LaunchTemplate
    min: _Least = 1
    desired: _Least | None = Field(default=None, description="left out: min")
    max: _Least = 1
    load_balancers: list[BehindBalancer] = Field(default=[], max_length=10)
    health_check: HealthCheck = Field(default="container", description=_CHECK)
    health_check_grace_s: int = Field(default=60, ge=0, le=3600, description=_GRACE)
    replace_percent: int = Field(default=20, ge=1, le=100, description=_SHARE)
    termination_policy: TerminationPolicy = "oldest-template"
    tags: dict[str, str] = Field(default={}, examples=[{"env": "test"}])


class ChangeScalingGroup(Body):
    """What of a group can change; what is left out stays."""

    min: _Least | None = None
    desired: _Least | None = None
    max: _Least | None = None
    template: ChangeTemplate | None = Field(
        default=None, description="for what is launched from now on; see POST …/refresh"
    )
    load_balancers: list[BehindBalancer] | None = Field(default=None, max_length=10)
    health_check: HealthCheck | None = Field(default=None, description=_CHECK)
    health_check_grace_s: int | None = Field(default=None, ge=0, le=3600, description=_GRACE)
    replace_percent: int | None = Field(default=None, ge=1, le=100, description=_SHARE)
    termination_policy: TerminationPolicy | None = None
    tags: dict[str, str] | None = None

    def keeping(self) -> dict[str, Any]:
        """Return the rules that become others, by their names in the domain."""
        given = {
            "health_check": self.health_check,
            "grace_s": self.health_check_grace_s,
            "replace_percent": self.replace_percent,
            "termination_policy": self.termination_policy,
        }
        return {name: value for name, value in given.items() if value is not None}


class _Paced(Body):
    metric: str = Field(examples=["cpu"], description=_METRICS)
    warmup_s: int = Field(default=60, ge=0, description="for so long a new instance is not measured")
    cooldown_s: int = Field(default=300, ge=0, description="for so long after scaling nothing is given up")
    period_s: int = Field(default=60, ge=1, le=300, description="over so many seconds is averaged")
    periods_out: int = Field(default=3, ge=1, le=60, description="so many periods are waited before growing")
    periods_in: int = Field(default=15, ge=1, le=60, description="and so many before shrinking")


class TargetTrackingPolicy(_Paced):
    """Keep a metric at a target."""

    type: Literal["target-tracking"]
    target: float = Field(gt=0, examples=[50], allow_inf_nan=False)
    scale_in: bool = True


class PolicyStep(Body):
    """What to do while the metric is from `from` (included) to `to` (not included)."""

    from_: float | None = Field(default=None, alias="from", ge=0, allow_inf_nan=False)
    to: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    change: int = Field(ge=-1000, le=1000)


class StepPolicy(_Paced):
    """Change the size by how far a metric is off."""

    type: Literal["step"]
    adjustment: Adjustment = "instances"
    steps: list[PolicyStep] = Field(min_length=1, max_length=20)


class ScheduledPolicy(Body):
    """Set sizes at times."""

    type: Literal["scheduled"]
    cron: str = Field(max_length=100, description="five fields, minute first", examples=["0 8 * * 1-5"])
    timezone: str = Field(default="UTC", max_length=64, examples=["Europe/Berlin"])
    min: _Least | None = None
    desired: _Least | None = None
    max: _Least | None = None


AnyPolicy = Annotated[TargetTrackingPolicy | StepPolicy | ScheduledPolicy, Field(discriminator="type")]


class StartRefresh(Body):
    """Which template all instances are to be of; left out: the newest."""

    template: ChangeTemplate | None = None
    roll_back: bool = Field(
        default=True, description="when a new instance fails, go back to the template before"
    )


class Protection(Body):
    """Whether an instance is kept when the group gets smaller."""

    is_protected: bool


class Processes(Body):
    """What rests or goes on; nothing named means everything."""

    processes: list[Process] = Field(default=[], max_length=20)


class Simulation(Body):
    """Which policies to run over the recorded load, by name."""

    policies: dict[str, AnyPolicy] = Field(min_length=1, max_length=20)


def behind(given: list[BehindBalancer]) -> list[commands.Behind]:
    """Return load balancers as the command takes them."""
    return [commands.Behind(b.load_balancer, b.port, b.target_group, b.weight) for b in given]


def _ports(ports: list[TemplatePort]) -> list[int]:
    for port in ports:
        if port.publish is not None:
            raise Invalid(
                f"cannot publish on port {port.publish} of the host: every instance of the group would need it; put a "
                "load balancer before the group",
                field="template.ports.publish",
            )
    return [port.port for port in ports]
