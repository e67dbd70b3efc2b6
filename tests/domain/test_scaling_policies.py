"""Properties of policies that hold for all numbers, and invalid policies."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import Invalid
from domain.scaling_group import policies as kinds
from domain.scaling_group.decision import decide
from domain.scaling_group.measure import Reading
from domain.scaling_group.metric import METRICS
from domain.scaling_group.policies import Scheduled, Step, StepScaling, TargetTracking
from domain.scaling_group.stepping import changed, step
from domain.scaling_group.tracking import track
from tests.domain.groups import CPU, NOW, PACE, measured, standing
from tests.domain.refusals import refused

OLD = 3600.0
percents = st.floats(0, 100)
sizes = st.integers(1, 10)
STEPS = (Step(None, 20, -1), Step(20, 60, 0), Step(60, 80, 1), Step(80, None, 2))
BY_STEPS = StepScaling("steps", "cpu", "instances", STEPS, PACE)


@given(sizes, percents)
def test_more_instances_are_wanted_only_above_the_target_and_then_enough(count: int, average: float) -> None:
    found = track(CPU, measured(*[average] * 5, instances=count), standing([OLD] * count))
    if found.action == "out":
        assert average > CPU.target
        assert count < found.desired <= 10
        assert found.desired == 10 or average * count / found.desired <= CPU.target
    elif average > CPU.target:
        assert (count, found.reason) == (10, "at its maximum")


@given(sizes, percents)
def test_fewer_instances_are_wanted_only_if_they_keep_the_target(count: int, average: float) -> None:
    found = track(CPU, measured(*[average] * 5, instances=count), standing([OLD] * count))
    if found.action == "in":
        assert average < 0.9 * CPU.target
        assert average * count / found.desired <= CPU.target
        assert count - found.desired <= max(1, count // 10)


@given(sizes, st.lists(percents, min_size=1, max_size=5), st.sampled_from([CPU, BY_STEPS]), st.integers(0, 4))
def test_missing_data_never_scales(count: int, values: list[float], policy: Any, gap: int) -> None:
    readings: list[float | None] = [*values]
    readings[-1 - gap % min(len(values), PACE.periods_out)] = None
    found = decide([policy], {policy.name: measured(*readings, instances=count)}, standing([OLD] * count))
    assert found.action == "hold"


@given(sizes, percents, st.integers(1, 9))
def test_what_is_not_measured_never_makes_a_decision_bolder(count: int, average: float, absent: int) -> None:
    whole = measured(*[average] * 5, instances=count)
    part = [Reading(r.at, count + absent, r.measured, r.average) for r in whole]
    seen_all = track(CPU, whole, standing([OLD] * (count + absent)))
    seen_some = track(CPU, part, standing([OLD] * (count + absent)))
    assert seen_all.action == "hold"  # readings of fewer instances than are warm say nothing
    if seen_some.action == "out":
        assert average * count / (count + absent) > CPU.target
    elif seen_some.action == "in":
        assert (average * count + CPU.target * absent) / (count + absent) < 0.9 * CPU.target


@given(sizes, st.integers(1, 9), st.floats(50.5, 100))
def test_what_warms_up_is_not_launched_twice(warm: int, more: int, average: float) -> None:
    group = standing([OLD] * warm + [1.0] * more, max=30)
    found = track(CPU, measured(*[average] * 5, instances=warm), group)
    if found.action == "out":
        assert average * warm / CPU.target > warm + more  # they do not suffice
    else:
        assert found.reason == "instances are starting or warming up"


@given(sizes, sizes, percents)
def test_nothing_is_given_up_while_instances_warm_up_or_in_a_cooldown(
    warm: int, more: int, average: float
) -> None:
    readings = measured(*[average] * 5, instances=warm)
    assert track(CPU, readings, standing([OLD] * warm + [None] * more)).action != "in"
    cooling = standing([OLD] * warm, last_out_at=NOW - timedelta(seconds=PACE.cooldown_s - 1))
    assert track(CPU, readings, cooling).action != "in"


@given(st.lists(percents, min_size=5, max_size=5), sizes)
def test_growing_is_quicker_than_shrinking(values: list[float], count: int) -> None:
    found = track(CPU, measured(*values, instances=count), standing([OLD] * count))
    if found.action == "in":
        assert max(values) < 0.9 * CPU.target
    elif found.action == "out":
        assert min(values[-3:]) > CPU.target


def test_readings_from_before_the_group_shrank_do_not_count() -> None:
    group = standing([OLD], last_in_at=NOW - timedelta(seconds=PACE.period_s * 2))
    assert track(CPU, measured(90, 90, 90, 90, 90), group).action == "hold"


@given(st.floats(0, 100), sizes)
def test_a_step_changes_by_what_it_says(average: float, count: int) -> None:
    found = step(BY_STEPS, measured(*[average] * 5, instances=count), standing([OLD] * count))
    change = next(s.change for s in STEPS if s.holds(average))
    assert found.desired == max(1, min(count + change, 10))


@given(sizes, st.integers(-100, 300))
def test_percentages_are_rounded_towards_no_change_but_to_one_at_least(size: int, percent: int) -> None:
    by = changed(size, "percent", percent) - size
    assert abs(by) <= max(1, abs(size * percent) / 100)
    assert (by == 0) == (percent == 0)


quiet, loud, fine = (measured(*[average] * 5, instances=2) for average in (10, 90, 48))
MEMORY = TargetTracking("memory", "memory", 50, PACE)


@pytest.mark.parametrize(
    ("cpu", "memory", "action", "reason"),
    [
        (loud, quiet, "out", "above target"),
        (quiet, loud, "out", "above target"),
        (quiet, quiet, "in", "below target"),
        (quiet, fine, "hold", "not all policies agree"),
        (quiet, [], "hold", "not all policies agree"),
        (fine, fine, "hold", "as wanted"),
        ([], [], "hold", "nothing measured"),
    ],
)
def test_any_policy_makes_a_group_grow_and_all_of_them_shrink(
    cpu: list[Reading], memory: list[Reading], action: str, reason: str
) -> None:
    found = decide([CPU, MEMORY], {"cpu": cpu, "memory": memory}, standing([OLD] * 2))
    assert (found.action, found.reason) == (action, reason)


def test_a_policy_that_may_not_shrink_the_group_has_no_say_in_that() -> None:
    careful = TargetTracking("memory", "memory", 50, PACE, scale_in=False)
    told = {"cpu": measured(*[10] * 5, instances=2), "memory": measured(*[48] * 5, instances=2)}
    assert decide([CPU, careful], told, standing([OLD] * 2)).action == "in"
    alone = decide([careful], {"memory": measured(*[1] * 5, instances=2)}, standing([OLD] * 2))
    assert alone.action == "hold"


TRACKING = {"type": "target-tracking", "metric": "cpu", "target": 50.0}


def stepped(*steps: tuple[float | None, float | None, int]) -> dict[str, Any]:
    told = [{"from": low, "to": high, "change": change} for low, high, change in steps]
    return {"type": "step", "metric": "cpu", "adjustment": "instances", "steps": told}


@pytest.mark.parametrize(
    ("given_", "field", "words"),
    [
        ({**TRACKING, "metric": "moonlight"}, "metric", ("must be one of", *METRICS)),
        ({**TRACKING, "target": 100.0}, "target", ("not 100:", "less than 100 %")),
        ({**TRACKING, "metric": "requests", "target": 0.001}, "target", ("req/s", "at least 0.01")),
        ({**stepped((0, 1e7, 1)), "metric": "requests"}, "steps", ("from 0 to 1000000",)),
        ({**TRACKING, "period_s": 0}, "period_s", ("1 to 300",)),
        ({**TRACKING, "period_s": 300}, "periods_in", ("kept for an hour",)),
        ({**TRACKING, "periods_out": 9, "periods_in": 3}, "periods_in", ("more slowly",)),
        (stepped((60, 80, 1), (70, None, 2)), "steps", ("overlap", "from 60 to 80", "from 70 without end")),
        (stepped((60, None, 1), (70, None, 2)), "steps", ("overlap",)),
        (stepped((60, 80, 1), (90, None, 2)), "steps", ("gap from 80 to 90",)),
        (stepped((60, 60, 1)), "steps", ("from 60 to 60",)),
        (stepped((60, 80, 1)), "steps", ("highest step", "not 80")),
        (stepped((10, 20, -1), (20, None, 0)), "steps", ("lowest step", "not 10")),
        ({"type": "scheduled", "cron": "61 * * * *", "desired": 1}, "cron", ("five fields",)),
        ({"type": "scheduled", "cron": "* * * * * *", "desired": 1}, "cron", ("five fields",)),
        ({"type": "scheduled", "cron": "0 0 31 2 *", "desired": 1}, "cron", ("must match a date",)),
        ({"type": "scheduled", "cron": "0 8 * * *"}, "desired", ("`min`, or `max`",)),
        ({"type": "scheduled", "cron": "0 8 * * *", "min": 3, "max": 2}, "desired", ("min ≤ desired",)),
        ({"type": "scheduled", "cron": "0 8 * * *", "min": 1, "timezone": "Moon"}, "timezone", ("`Moon`",)),
        ({"type": "magic"}, "type", ("target-tracking", "step", "scheduled")),
    ],
)
def test_a_policy_that_cannot_work_is_refused(
    given_: dict[str, Any], field: str, words: tuple[str, ...]
) -> None:
    with refused(Invalid, *words, field=field):
        kinds.policy("p", given_)


def test_a_policy_is_stored_as_it_was_given() -> None:
    many = {**stepped((None, 200, -1), (200, None, 2)), "metric": "requests"}
    for told in (TRACKING, {**TRACKING, "metric": "requests", "target": 900.0}, many, BY_STEPS.as_json()):
        policy = kinds.policy("p", told)
        assert kinds.policy("p", policy.as_json()) == policy
    nightly = kinds.policy("p", {"type": "scheduled", "cron": "0 22 * * *", "desired": 0})
    assert kinds.policy("p", nightly.as_json()) == nightly


def test_a_schedule_is_due_at_its_time_in_its_zone_and_once() -> None:
    action = Scheduled("morning", "0 8 * * *", "Europe/Berlin", desired=5)
    at_eight = datetime(2026, 11, 23, 7, tzinfo=UTC)
    before = at_eight - timedelta(days=3)
    assert action.due(at_eight - timedelta(hours=1), at_eight - timedelta(seconds=1)) is None
    assert action.due(before, at_eight) == at_eight  # of several that were missed, the newest
    assert action.due(at_eight, at_eight + timedelta(hours=5)) is None
    assert action.next_at(at_eight) == at_eight + timedelta(days=1)


def test_a_day_that_no_calendar_has_never_comes() -> None:
    never = Scheduled("never", "0 8 31 2 *", desired=5)
    assert never.due(NOW - timedelta(days=999), NOW) is None
    assert never.next_at(NOW) is None
