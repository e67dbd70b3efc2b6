"""The rules of plans."""

from datetime import timedelta
from typing import Any

import pytest

from domain.plan import Action, Identity, Key, Plan, PlanEnded, Step
from domain.plan.convergence import NextAction, Outcome, SeenResource, next_action, outcome
from domain.plan.holding import planned_scope
from domain.plan.patience import COPYING, USUAL, deadline
from domain.plan.progress import StepStatus

VPC = Step("1", Action.CREATE, Key("vpc", "shop"), "create", after={"cidr": None})
OTHER = Step("2", Action.CHANGE, Key("volume", "files"), "change", identity=Identity("vol-x", 3, "available"))
INSTANCE = Step("3", Action.CREATE, Key("instance", "web-1"), "launch", after={}, needs=("1",))
REMAINS = Step("4", Action.CANNOT, Key("database", "orders"), reason="it would lose data")


def proposed(*steps: Step) -> Plan:
    options: dict[str, Any] = {"type": "apply", "manifest": []}
    plan = Plan.propose("main", "apply-1", options, steps, base_position=7)
    plan.take_conditions()
    return plan


def applying(*steps: Step) -> Plan:
    plan = proposed(*steps)
    plan.carry_out()
    return plan


def statuses(plan: Plan) -> dict[str, str]:
    return {id_: each.status.value for id_, each in plan.progress.items()}


def test_a_plan_reads_its_steps_as_they_were_computed() -> None:
    steps = (VPC, OTHER, INSTANCE, REMAINS)
    assert proposed(*steps).steps == steps


def test_while_it_is_applied_it_holds_its_resources_and_those_it_creates() -> None:
    plan = applying(VPC, OTHER)
    held = {claim.scope for claim in plan.take_conditions().claims}
    assert planned_scope("vol-x") in held
    plan.report_step_started("1", "vpc-new", 9)
    assert planned_scope("vpc-new") in {claim.scope for claim in plan.take_conditions().claims}
    assert {planned_scope("vol-x"), planned_scope("vpc-new")} <= {each.scope for each in plan.held_claims()}


@pytest.mark.parametrize("end", ["applied", "failed", "cancelled"])
def test_it_lets_go_of_its_resources_whatever_the_end_is(end: str) -> None:
    plan = applying(OTHER)
    held = plan.take_conditions().claims
    if end == "cancelled":
        plan.cancel()
    elif end == "failed":
        plan.report_step_failed("2", "refused")
        plan.report_finished()
    else:
        plan.report_step_started("2", "vol-x", 8)
        plan.report_step_completed("2")
        plan.report_finished()
    assert plan.status == end
    assert plan.take_conditions().releases == held
    assert plan.held_claims() == [plan.name_claim()]


def test_a_step_starts_when_all_that_it_needs_are_completed() -> None:
    plan = applying(VPC, OTHER, INSTANCE)
    assert [step.id for step in plan.startable()] == ["1", "2"]
    plan.report_step_started("1", "vpc-new", 8)
    assert [step.id for step in plan.startable()] == ["2"]
    plan.report_step_completed("1")
    assert [step.id for step in plan.startable()] == ["2", "3"]


def test_a_failed_step_stops_those_that_need_it_and_no_other() -> None:
    plan = applying(VPC, OTHER, INSTANCE)
    plan.report_step_failed("1", "refused")
    assert [step.id for step in plan.startable()] == ["2"]
    plan.report_step_started("2", "vol-x", 8)
    plan.report_step_completed("2")
    plan.report_finished()
    assert statuses(plan) == {"1": "failed", "2": "completed", "3": "skipped"}


def test_a_failed_plan_continues_with_what_is_not_completed() -> None:
    plan = applying(VPC, OTHER, INSTANCE)
    plan.report_step_failed("1", "refused")
    plan.report_step_started("2", "vol-x", 8)
    plan.report_step_completed("2")
    plan.report_finished()
    plan.carry_out()
    assert statuses(plan) == {"1": "pending", "2": "completed", "3": "pending"}
    assert [step.id for step in plan.startable()] == ["1"]


def test_what_cannot_be_done_is_no_step_that_fails() -> None:
    plan = applying(REMAINS)
    assert plan.startable() == []
    plan.report_finished()
    assert (plan.status, statuses(plan)) == ("applied", {"4": "skipped"})


def test_a_plan_that_has_ended_is_neither_applied_nor_refreshed_nor_cancelled() -> None:
    plan = applying(REMAINS)
    plan.report_finished()
    for refused in (plan.carry_out, lambda: plan.refresh((), 8), plan.cancel):
        with pytest.raises(PlanEnded):
            refused()


def test_repeated_requests_and_late_reports_change_nothing() -> None:
    plan = applying(OTHER)
    plan.carry_out()
    plan.report_step_started("2", "vol-x", 8)
    plan.report_step_started("2", "vol-x", 8)
    plan.cancel()
    before = plan.version
    plan.cancel()
    plan.report_step_completed("2")
    plan.report_step_failed("2", "late")
    plan.report_failed("late")
    plan.report_finished()
    assert plan.version == before


@pytest.mark.parametrize(
    ("step", "status", "expected"),
    [
        (VPC, "creating", Outcome.SETTLING),
        (VPC, "available", Outcome.COMPLETED),
        (VPC, "deleted", Outcome.FAILED),
        (Step("1", Action.DELETE, Key("vpc", "shop"), "delete"), "available", Outcome.SETTLING),
        (Step("1", Action.DELETE, Key("vpc", "shop"), "delete"), "deleted", Outcome.COMPLETED),
        (Step("1", Action.TRASH, Key("instance", "web-1"), "terminate"), "trashed", Outcome.COMPLETED),
        (Step("1", Action.CREATE, Key("database", "orders"), "create"), "backing-up", Outcome.COMPLETED),
    ],
)
def test_a_step_is_completed_once_its_resource_has_settled(
    step: Step, status: str, expected: Outcome
) -> None:
    now = proposed().modified_on
    assert outcome(step, SeenResource(status, None, now), now) is expected


def test_an_error_may_heal_for_some_seconds_before_the_step_fails() -> None:
    now = proposed().modified_on
    seen = SeenResource("error", "the engine is busy", now)
    assert outcome(VPC, seen, now) is Outcome.FAILING
    assert outcome(VPC, seen, now + timedelta(seconds=10)) is Outcome.FAILED


def test_a_step_has_minutes_to_settle_and_one_that_copies_data_has_hours() -> None:
    restore = Step("2", Action.CREATE, Key("database", "orders"), "restore_from_archive", after={})
    plan = applying(VPC, restore)
    plan.report_step_started("1", "vpc-new", 8)
    plan.report_step_started("2", "db-new", 9)
    started = plan.progress["1"].started_at
    assert started is not None
    assert deadline(plan, VPC, None) == started + USUAL
    assert deadline(plan, restore, None) - started >= COPYING
    assert deadline(plan, VPC, timedelta(seconds=5)) == started + timedelta(seconds=5)


def test_a_failed_step_has_the_whole_time_again_when_the_plan_is_continued() -> None:
    plan = applying(VPC)
    plan.report_step_started("1", "vpc-new", 8)
    first = plan.progress["1"].started_at
    plan.report_step_failed("1", "it has not settled")
    plan.report_finished()
    plan.carry_out()
    plan.report_step_started("1", "vpc-new", 8)
    again = plan.progress["1"].started_at
    assert first is not None
    assert again is not None
    assert again > first


def test_the_next_action_follows_from_the_steps_and_their_resources() -> None:
    plan = applying(VPC, OTHER)
    now = plan.modified_on
    assert next_action(plan, {}, now) is NextAction.START
    for id_, resource in (("1", "vpc-new"), ("2", "vol-x")):
        plan.report_step_started(id_, resource, 8)
    assert next_action(plan, {"1": Outcome.SETTLING, "2": Outcome.SETTLING}, now) is NextAction.WAIT
    assert next_action(plan, {"1": Outcome.FAILING, "2": Outcome.SETTLING}, now) is NextAction.WAIT_FOR_REPAIR
    assert next_action(plan, {"1": Outcome.COMPLETED, "2": Outcome.SETTLING}, now) is NextAction.REPORT
    assert {each.status for each in plan.progress.values()} == {StepStatus.STARTED}
    plan.report_step_completed("1")
    plan.report_step_completed("2")
    assert next_action(plan, {}, now) is NextAction.FINISH
    plan.report_finished()
    assert next_action(plan, {}, now) is NextAction.NOTHING


def test_a_plan_expires_unless_it_is_applied_within_a_day() -> None:
    plan = proposed(VPC)
    day = timedelta(hours=24)
    assert next_action(plan, {}, plan.modified_on) is NextAction.WAIT_TO_EXPIRE
    assert next_action(plan, {}, plan.modified_on + day) is NextAction.EXPIRE
    plan.carry_out()
    assert next_action(plan, {}, plan.modified_on + day) is NextAction.START
