"""Answers about the decisions of scaling groups."""

from datetime import datetime
from typing import Any, Literal, NotRequired

from typing_extensions import TypedDict

from miniaws.http.answers.time import TimeRange


class PolicyEvidence(TypedDict):
    """What a policy proposed, and its readings: instant, expected and measured instances, average."""

    action: str
    desired: int
    reason: str
    value: float | None
    readings: list[tuple[str, int, int, float | None]]


class Evidence(TypedDict):
    """What a decision was based on."""

    policies: dict[str, PolicyEvidence]
    instances: int
    in_service: int


class Sizes(TypedDict):
    """The capacity of a group."""

    min: int
    desired: int
    max: int


class Decision(TypedDict):
    """A decision of the policies, or an applied schedule."""

    position: int
    at: str
    action: Literal["out", "in", "hold", "schedule"]
    desired: int
    reason: str
    policy: str | None
    desired_before: NotRequired[int]
    evidence: NotRequired[Evidence]
    sizes: NotRequired[Sizes]


class Decisions(TypedDict):
    """The decisions of a scaling group, newest first."""

    items: list[Decision]
    position: int


class ReplayedDecision(TypedDict):
    """A decision that was made, and the one that the log leads to."""

    at: datetime
    agrees: bool
    taken: dict[str, Any]
    again: dict[str, Any]


class Replay(TimeRange):
    """Whether all decisions of a time range follow from the log."""

    decisions: int
    agrees: bool
    items: list[ReplayedDecision]


class SimulatedOutcome(TypedDict):
    """What policies led to."""

    instance_hours: float
    over_target_s: float
    most_instances: int


class OutcomeDifference(TypedDict):
    """The difference between two outcomes."""

    instance_hours: float
    over_target_s: float


class SimulatedAction(TypedDict):
    """A change of capacity that the policies would have made."""

    at: str
    desired_before: int
    desired: int
    action: str
    policy: str | None


class SimulationResult(TimeRange):
    """What policies would have done with the recorded load."""

    assumption: str
    over: dict[str, float]
    launch_s: float
    recorded: SimulatedOutcome
    simulated: SimulatedOutcome
    difference: OutcomeDifference
    actions: list[SimulatedAction]
