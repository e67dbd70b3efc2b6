"""Target tracking: keep the average of a metric at a target.

After "Target tracking scaling policies for Amazon EC2 Auto Scaling" and "Set the default instance warmup" of the
Amazon EC2 Auto Scaling User Guide: instances that warm up are not counted; the size grows in proportion; it grows when
the target is passed for a few periods, and shrinks when the metric stays below nine tenths of it for many; nothing
shrinks while instances warm up. That what is not measured counts as idle for growing, and as at the target for
shrinking, is after "Algorithm details" of the Kubernetes documentation on horizontal pod autoscaling.
"""

from collections.abc import Sequence
from fractions import Fraction
from math import ceil
from statistics import fmean

from domain.scaling_group.measure import Proposal, Reading, Reason, Standing, latest, newest
from domain.scaling_group.policies import TargetTracking

LOW = 0.9
"""Below this part of the target, fewer instances would do."""
GIVEN_UP = Fraction(1, 10)
"""At most this part of the instances is given up at once, but one may always be."""


def track(policy: TargetTracking, readings: Sequence[Reading], standing: Standing) -> Proposal:
    """Return what the policy wants; pure."""
    pace = policy.pace
    usable = standing.usable(readings, pace.warmup_s)
    loud = newest(usable, pace.periods_out, 0)
    if loud is not None and min(loud) > policy.target:
        return _grow(policy, fmean(loud), standing)
    quiet = newest(usable, pace.periods_in, policy.target)
    if policy.scale_in and quiet is not None and max(quiet) < LOW * policy.target:
        return _shrink(policy, fmean(quiet), standing)
    return hold(policy, usable, standing)


def hold(policy: TargetTracking, usable: Sequence[Reading], standing: Standing) -> Proposal:
    """Return that nothing is to be done, and why."""
    pace = policy.pace
    value = latest(usable, pace.periods_out)
    reason: Reason = "as wanted"
    if value is None:
        is_warming = standing.warming(pace.warmup_s) > 0
        reason = "instances are starting or warming up" if is_warming else "nothing measured"
    elif value > policy.target or len(usable) < pace.periods_out:
        reason = "not for long enough"
    return Proposal(policy.name, "hold", standing.desired, reason, value)


def needed(warm: int, value: float, target: float) -> int:
    """Return how many instances bring the average to the target or below."""
    # Exact, so that what was read from an event decides as what was measured.
    return ceil(Fraction(value) * warm / Fraction(target))


def _grow(policy: TargetTracking, value: float, standing: Standing) -> Proposal:
    wanted = needed(standing.warm(policy.pace.warmup_s), value, policy.target)
    desired = standing.within(wanted)
    if desired > standing.desired:
        return Proposal(policy.name, "out", desired, "above target", value)
    at_most = standing.desired >= standing.max
    reason: Reason = "at its maximum" if at_most else "instances are starting or warming up"
    return Proposal(policy.name, "hold", standing.desired, reason, value)


def _shrink(policy: TargetTracking, value: float, standing: Standing) -> Proposal:
    pace, now = policy.pace, standing.desired
    wanted = needed(standing.warm(pace.warmup_s), value, policy.target)
    desired = standing.within(max(wanted, now - max(1, int(now * GIVEN_UP))))
    if desired >= now:
        reason: Reason = "at its minimum" if now <= standing.min else "as wanted"
        return Proposal(policy.name, "hold", now, reason, value)
    if standing.warming(pace.warmup_s):
        return Proposal(policy.name, "hold", now, "instances are starting or warming up", value)
    if standing.is_cooling(pace.cooldown_s):
        return Proposal(policy.name, "hold", now, "cooling down", value)
    return Proposal(policy.name, "in", desired, "below target", value)
