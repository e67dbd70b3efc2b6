"""Step scaling: change the size by how far a metric is off.

After "Step and simple scaling policies for Amazon EC2 Auto Scaling" of its User Guide: the step in which the average
lies says the change; what is warming up counts as part of it, so that one alarm does not add twice; percentages are
rounded towards zero, but to one instance at least. Bounds are values of the metric, not distances from a threshold.
"""

from collections.abc import Sequence
from fractions import Fraction
from statistics import fmean

from domain.scaling_group.measure import Proposal, Reading, Reason, Standing, latest, newest
from domain.scaling_group.metric import METRICS
from domain.scaling_group.policies import Step, StepScaling


def step(policy: StepScaling, readings: Sequence[Reading], standing: Standing) -> Proposal:
    """Return what the policy wants; pure."""
    usable = standing.usable(readings, policy.pace.warmup_s)
    warm = standing.warm(policy.pace.warmup_s)
    loud = newest(usable, policy.pace.periods_out, 0)
    if loud is not None and (grown := _wanted(policy, loud, warm, +1)) is not None:
        desired = standing.within(grown)
        if desired > standing.desired:
            return Proposal(policy.name, "out", desired, "above target", fmean(loud))
        return _hold(policy, standing, fmean(loud), "at its maximum" if grown > standing.max else None)
    quiet = newest(usable, policy.pace.periods_in, METRICS[policy.metric].most)
    if quiet is not None and (shrunk := _wanted(policy, quiet, standing.desired, -1)) is not None:
        return _shrink(policy, standing, fmean(quiet), shrunk)
    return _hold(policy, standing, latest(usable, policy.pace.periods_out), None)


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
    """Return the size that the step of the average asks for, when every period lies in a step of that direction."""
    found = [_step(policy, value) for value in (*values, fmean(values))]
    sizes = [changed(base, policy.adjustment, each.change) if each else base for each in found]
    return sizes[-1] if all((size - base) * direction > 0 for size in sizes) else None


def _step(policy: StepScaling, value: float) -> Step | None:
    return next((each for each in policy.steps if each.holds(value)), None)


def _shrink(policy: StepScaling, standing: Standing, value: float, wanted: int) -> Proposal:
    desired = standing.within(max(wanted, 0))
    if desired >= standing.desired:
        return _hold(policy, standing, value, "at its minimum")
    if standing.warming(policy.pace.warmup_s):
        return _hold(policy, standing, value, "instances are starting or warming up")
    if standing.is_cooling(policy.pace.cooldown_s):
        return _hold(policy, standing, value, "cooling down")
    return Proposal(policy.name, "in", desired, "below target", value)


def _hold(policy: StepScaling, standing: Standing, value: float | None, reason: Reason | None) -> Proposal:
    if reason is None:
        is_warming = standing.warming(policy.pace.warmup_s) > 0
        unmeasured: Reason = "instances are starting or warming up" if is_warming else "nothing measured"
        reason = unmeasured if value is None else "as wanted"
    return Proposal(policy.name, "hold", standing.desired, reason, value)
