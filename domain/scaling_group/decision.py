"""Combines the policies of a group into one decision: a pure function of policies, readings, state and time.

After "Multiple dynamic scaling policies" of the Amazon EC2 Auto Scaling User Guide: a group grows when any policy wants
it, to the largest size that any of them asks for; it shrinks only when all that may shrink it agree, and no further
than the most cautious of them.
"""

from collections.abc import Mapping, Sequence

from domain.scaling_group.measure import Decision, GroupState, Proposal, Reading, Reason
from domain.scaling_group.policies import Dynamic, TargetTracking
from domain.scaling_group.stepping import step
from domain.scaling_group.tracking import track

_PRECEDENCE: tuple[Reason, ...] = (
    "at its maximum",
    "instances are starting or warming up",
    "cooling down",
    "nothing measured",
    "not for long enough",
    "as wanted",
    "at its minimum",
)
"""Of several reasons for holding, the first one is reported."""


def decide(
    policies: Sequence[Dynamic], readings: Mapping[str, Sequence[Reading]], state: GroupState
) -> Decision:
    """Return the decision. ``readings`` are those of each policy by its name, the oldest first."""
    if state.is_suspended:
        return Decision("hold", state.desired, "scaling is suspended", None, ())
    proposals = tuple(propose(policy, readings.get(policy.name, ()), state) for policy in policies)
    outs = [each for each in proposals if each.action == "out"]
    if outs:
        chosen = max(outs, key=lambda each: each.desired)
        return Decision("out", chosen.desired, chosen.reason, chosen.policy, proposals)
    voters = [each for each, policy in zip(proposals, policies, strict=True) if policy.scale_in]
    ins = [each for each in voters if each.action == "in"]
    if ins and len(ins) == len(voters):
        chosen = max(ins, key=lambda each: each.desired)
        return Decision("in", chosen.desired, chosen.reason, chosen.policy, proposals)
    if ins:
        return Decision("hold", state.desired, "not all policies agree", None, proposals)
    reasons = {each.reason: each for each in reversed(proposals)}
    chosen = next((reasons[reason] for reason in _PRECEDENCE if reason in reasons), None)
    if chosen is None:
        return Decision("hold", state.desired, "nothing measured", None, proposals)
    return Decision("hold", state.desired, chosen.reason, chosen.policy, proposals)


def propose(policy: Dynamic, readings: Sequence[Reading], state: GroupState) -> Proposal:
    """Return the proposal of one policy."""
    if isinstance(policy, TargetTracking):
        return track(policy, readings, state)
    return step(policy, readings, state)
