"""The type of the document of a scaling group."""

from typing import Literal

from typing_extensions import TypedDict

from domain.instance.spec import RestartPolicy
from domain.scaling_group.policies import Adjustment
from domain.scaling_group.settings import HealthCheck, TerminationPolicy
from projections.document import Reference, ResourceDocument


class GroupTemplatePort(TypedDict):
    """A port of the main process. Instances of a group publish none."""

    port: int
    publish: None


class GroupTemplate(TypedDict):
    """What the instances of a group are launched with. Of the environment only names are shown."""

    image: str
    type: str
    command: list[str]
    restart: RestartPolicy
    tags: dict[str, str]
    init: bool
    capabilities: list[str]
    stop_grace_s: int
    stop_signal: str | None
    env: list[str]
    ports: list[GroupTemplatePort]
    vpc: Reference
    subnet: Reference
    security_groups: list[Reference]


class Attachment(TypedDict):
    """A target group of a load balancer that the instances are targets of."""

    load_balancer_id: str
    load_balancer: str
    port: int
    target_group: str
    weight: int


class Pace(TypedDict):
    """The warm-up, cool-down and evaluation periods of a policy."""

    warmup_s: int
    cooldown_s: int
    period_s: int
    periods_out: int
    periods_in: int


class TargetTracking(Pace):
    """Keeps a metric at a target."""

    type: Literal["target-tracking"]
    metric: str
    target: float
    scale_in: bool


Step = TypedDict("Step", {"from": float | None, "to": float | None, "change": int})


class StepScaling(Pace):
    """Changes the capacity in steps."""

    type: Literal["step"]
    metric: str
    adjustment: Adjustment
    steps: list[Step]


class ScheduledScaling(TypedDict):
    """Sets the capacity on a schedule."""

    type: Literal["scheduled"]
    cron: str
    timezone: str
    min: int | None
    desired: int | None
    max: int | None


Policy = TargetTracking | StepScaling | ScheduledScaling


class ScalingGroupSpec(TypedDict):
    """The desired state of a scaling group."""

    min: int
    desired: int
    max: int
    template: GroupTemplate
    health_check: HealthCheck
    replace_percent: int
    termination_policy: TerminationPolicy
    health_check_grace_s: int
    load_balancers: list[Attachment]
    policies: dict[str, Policy]
    suspended: list[str]


class Member(TypedDict):
    """An instance of a group."""

    id: str
    name: str
    status: Literal["starting", "in-service", "unhealthy", "leaving"]
    reason: str | None
    template_version: int
    is_protected: bool


class MemberChanges(TypedDict, total=False):
    """The members that events change."""

    status: Literal["in-service", "unhealthy", "leaving"]
    reason: str | None
    is_protected: bool


RefreshStatus = Literal["running", "succeeded", "rolling-back", "rolled-back", "failed", "cancelled"]


class Refresh(TypedDict):
    """A replacement of all instances by those of another template."""

    from_version: int
    to_version: int
    status: RefreshStatus
    reason: str | None


class LastDecision(TypedDict):
    """The newest decision of the policies."""

    action: str
    desired_before: int
    desired: int
    reason: str
    policy: str | None
    at: str


class ScalingGroupObserved(TypedDict):
    """The actual state of a scaling group."""

    in_service: int
    instances: list[Member]
    template_version: int
    refresh: Refresh | None
    last_decision: LastDecision | None
    launches_wait_until: str | None
    paused_by: list[str]
    """The plans that change it or what it needs: until they end, it decides nothing by itself."""


class ScalingGroupDocument(ResourceDocument):
    """A scaling group."""

    kind: Literal["scaling_group"]
    spec: ScalingGroupSpec
    observed: ScalingGroupObserved
