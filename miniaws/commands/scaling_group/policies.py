"""The inputs of scaling policies."""

from typing import Annotated, Literal

from pydantic import Field

from domain.scaling_group.metric import METRICS
from domain.scaling_group.policies import Adjustment
from miniaws.commands.body import Body

LEFT_OUT = "; left out: unchanged"
_METRICS = "; ".join(["average over the instances", *(f"{name}: {it.says}" for name, it in METRICS.items())])

NewMinimum = Annotated[
    int | None,
    Field(title="Minimum size", ge=0, le=100, description="minimum number of instances" + LEFT_OUT),
]
NewMaximum = Annotated[
    int | None,
    Field(title="Maximum size", ge=0, le=100, description="maximum number of instances" + LEFT_OUT),
]


class _Paced(Body):
    metric: str = Field(title="Metric", examples=["cpu"], description=_METRICS)
    warmup_s: int = Field(
        default=60, title="Warm-up (s)", ge=0, description="seconds for which a new instance is not measured"
    )
    cooldown_s: int = Field(
        default=300,
        title="Cooldown (s)",
        ge=0,
        description="seconds after scaling in which no instance is terminated",
    )
    period_s: int = Field(
        default=60, title="Period (s)", ge=1, le=300, description="seconds over which the metric is averaged"
    )
    periods_out: int = Field(
        default=3,
        title="Periods to scale out",
        ge=1,
        le=60,
        description="periods in a row before the group grows",
    )
    periods_in: int = Field(
        default=15,
        title="Periods to scale in",
        ge=1,
        le=60,
        description="periods in a row before the group shrinks",
    )


class TargetTrackingPolicy(_Paced):
    """Keep a metric at a target."""

    type: Literal["target-tracking"] = Field(title="Type", description="kind of policy")
    target: float = Field(
        title="Target",
        gt=0,
        description="the value of the metric to keep",
        examples=[50],
        allow_inf_nan=False,
    )
    scale_in: bool = Field(
        default=True, title="Scale in", description="also shrink the group while the metric is low"
    )


class PolicyStep(Body):
    """What to do while the metric is from `from` (included) to `to` (not included)."""

    from_: float | None = Field(
        default=None,
        alias="from",
        title="From",
        ge=0,
        description="left out: no lower bound",
        allow_inf_nan=False,
    )
    to: float | None = Field(
        default=None, title="To", ge=0, description="left out: no upper bound", allow_inf_nan=False
    )
    change: int = Field(
        title="Change", ge=-1000, le=1000, description="in the unit of the policy's `adjustment`"
    )


class StepPolicy(_Paced):
    """Change the size by how far a metric is off."""

    type: Literal["step"] = Field(title="Type", description="kind of policy")
    adjustment: Adjustment = Field(
        default="instances", title="Adjustment", description="the unit of the steps' changes"
    )
    steps: list[PolicyStep] = Field(
        title="Steps",
        min_length=1,
        max_length=20,
        description="adjacent ranges of the metric, from (inclusive) to (exclusive), each with a change of size",
    )


class ScheduledPolicy(Body):
    """Set sizes at times."""

    type: Literal["scheduled"] = Field(title="Type", description="kind of policy")
    cron: str = Field(
        title="Schedule",
        max_length=100,
        description="five fields, minute first",
        examples=["0 8 * * 1-5"],
    )
    timezone: str = Field(
        default="UTC",
        title="Time zone",
        max_length=64,
        description="time zone of the schedule, such as Europe/Berlin",
        examples=["Europe/Berlin"],
    )
    min: NewMinimum = None
    desired: int | None = Field(
        default=None,
        title="Desired capacity",
        ge=0,
        le=100,
        description="desired number of instances" + LEFT_OUT,
    )
    max: NewMaximum = None


AnyPolicy = Annotated[TargetTrackingPolicy | StepPolicy | ScheduledPolicy, Field(discriminator="type")]
