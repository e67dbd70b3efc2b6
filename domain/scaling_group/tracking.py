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

from domain.scaling_group.measure import GroupState, Proposal, Reading, Reason, latest, newest
from domain.scaling_group.policies import TargetTracking

LOW = 0.9
"""Below this part of the target, fewer instances would do."""
SHRINK_AT_ONCE = Fraction(1, 10)
"""At most this part of the instances is removed at once, but one always may be."""


def track(policy: TargetTracking, readings: Sequence[Reading], state: GroupState) -> Proposal:
    """Return the proposal of the policy; pure."""
    pace = policy.pace
    usable = state.usable(readings, pace.warmup_s)
    high = newest(usable, pace.periods_out, 0)
    if high is not None and min(high) > policy.target:
        return _grow(policy, fmean(high), state)
    low = newest(usable, pace.periods_in, policy.target)
    if policy.scale_in and low is not None and max(low) < LOW * policy.target:
        return _shrink(policy, fmean(low), state)
    return hold(policy, usable, state)


def hold(policy: TargetTracking, usable: Sequence[Reading], state: GroupState) -> Proposal:
    """Return the proposal to do nothing, with the reason."""
    pace = policy.pace
    value = latest(usable, pace.periods_out)
    reason: Reason = "as wanted"
    if value is None:
        is_warming = state.warming(pace.warmup_s) > 0
        reason = "instances are starting or warming up" if is_warming else "nothing measured"
    elif value > policy.target or len(usable) < pace.periods_out:
        reason = "not for long enough"
    return Proposal(policy.name, "hold", state.desired, reason, value)


def needed(warm: int, value: float, target: float) -> int:
    """Return how many instances bring the average to the target or below."""
    # Exact, so that what was read from an event decides as what was measured.
    return ceil(Fraction(value) * warm / Fraction(target))


def _grow(policy: TargetTracking, value: float, state: GroupState) -> Proposal:
    wanted = needed(state.warm(policy.pace.warmup_s), value, policy.target)
    desired = state.within(wanted)
    if desired > state.desired:
        return Proposal(policy.name, "out", desired, "above target", value)
    at_most = state.desired >= state.max
    reason: Reason = "at its maximum" if at_most else "instances are starting or warming up"
    return Proposal(policy.name, "hold", state.desired, reason, value)


def _shrink(policy: TargetTracking, value: float, state: GroupState) -> Proposal:
    pace, now = policy.pace, state.desired
    wanted = needed(state.warm(pace.warmup_s), value, policy.target)
    desired = state.within(max(wanted, now - max(1, int(now * SHRINK_AT_ONCE))))
    if desired >= now:
        reason: Reason = "at its minimum" if now <= state.min else "as wanted"
        return Proposal(policy.name, "hold", now, reason, value)
    if state.warming(pace.warmup_s):
        return Proposal(policy.name, "hold", now, "instances are starting or warming up", value)
    if state.is_cooling(pace.cooldown_s):
        return Proposal(policy.name, "hold", now, "cooling down", value)
    return Proposal(policy.name, "in", desired, "below target", value)
