"""Step scaling: change the size by how far a metric is off.

After "Step and simple scaling policies for Amazon EC2 Auto Scaling" of its User Guide: the step in which the average
lies says the change; what is warming up counts as part of it, so that one alarm does not add twice; percentages are
rounded towards zero, but to one instance at least. Bounds are values of the metric, not distances from a threshold.
"""

from collections.abc import Sequence
from fractions import Fraction
from statistics import fmean

from domain.scaling_group.measure import GroupState, Proposal, Reading, Reason, latest, newest
from domain.scaling_group.metric import METRICS
from domain.scaling_group.policies import Step, StepScaling


def step(policy: StepScaling, readings: Sequence[Reading], state: GroupState) -> Proposal:
    """Return the proposal of the policy; pure."""
    usable = state.usable(readings, policy.pace.warmup_s)
    warm = state.warm(policy.pace.warmup_s)
    high = newest(usable, policy.pace.periods_out, 0)
    if high is not None and (grown := _wanted(policy, high, warm, +1)) is not None:
        desired = state.within(grown)
        if desired > state.desired:
            return Proposal(policy.name, "out", desired, "above target", fmean(high))
        return _hold(policy, state, fmean(high), "at its maximum" if grown > state.max else None)
    low = newest(usable, policy.pace.periods_in, METRICS[policy.metric].most)
    if low is not None and (shrunk := _wanted(policy, low, state.desired, -1)) is not None:
        return _shrink(policy, state, fmean(low), shrunk)
    return _hold(policy, state, latest(usable, policy.pace.periods_out), None)


def changed(size: int, adjustment: str, change: int) -> int:
    """Return the size after an adjustment."""
    match adjustment:
        case "exactly":
            return change
        case "percent":
            exact = Fraction(size * change, 100)
            # int() rounds towards zero; what is not zero moves by one at least.
            by = int(exact) or (exact > 0) - (exact < 0)
            return size + by
        case _:
            return size + change


def _wanted(policy: StepScaling, values: Sequence[float], base: int, direction: int) -> int | None:
    """Return the size that the step of the average asks for, when every period is in a step of that direction."""
    found = [_step(policy, value) for value in (*values, fmean(values))]
    sizes = [changed(base, policy.adjustment, each.change) if each else base for each in found]
    return sizes[-1] if all((size - base) * direction > 0 for size in sizes) else None


def _step(policy: StepScaling, value: float) -> Step | None:
    return next((each for each in policy.steps if each.holds(value)), None)


def _shrink(policy: StepScaling, state: GroupState, value: float, wanted: int) -> Proposal:
    desired = state.within(max(wanted, 0))
    if desired >= state.desired:
        return _hold(policy, state, value, "at its minimum")
    if state.warming(policy.pace.warmup_s):
        return _hold(policy, state, value, "instances are starting or warming up")
    if state.is_cooling(policy.pace.cooldown_s):
        return _hold(policy, state, value, "cooling down")
    return Proposal(policy.name, "in", desired, "below target", value)


def _hold(policy: StepScaling, state: GroupState, value: float | None, reason: Reason | None) -> Proposal:
    if reason is None:
        is_warming = state.warming(policy.pace.warmup_s) > 0
        unmeasured: Reason = "instances are starting or warming up" if is_warming else "nothing measured"
        reason = unmeasured if value is None else "as wanted"
    return Proposal(policy.name, "hold", state.desired, reason, value)
