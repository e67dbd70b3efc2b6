"""While a plan changes a scaling group, or what it needs, the group decides nothing by itself."""

from datetime import timedelta
from typing import Any

import pytest

from domain.errors import Unreachable
from domain.instance import Instance
from domain.load_balancer import LoadBalancer
from domain.plan import Plan
from domain.scaling_group import ScalingGroup, Size
from miniaws.commands import plan as plans
from miniaws.commands import scaling_group as groups
from tests.process_managers.groups import balanced, instances, running, settled, wanted
from tests.process_managers.stage import REQUEST, Stage

REFRESHED = {"kind": "scaling_group", "name": "web", "spec": {"template": {"image": "nginx:1.28"}}}
TAGGED = {"kind": "load_balancer", "name": "front", "tags": {"release": "2"}, "spec": {}}


async def front_and_group(stage: Stage) -> tuple[LoadBalancer, ScalingGroup]:
    """Return a load balancer and a group of one instance behind it."""
    await stage.settle(await stage.vpc())
    front = await stage.settle(await balanced(stage))
    attached = groups.BehindBalancer(load_balancer="front", port=8080)
    group = await wanted(stage, Size(1, 1, 3), load_balancers=[attached])
    return front, await settled(stage, group, front)


async def proposed(stage: Stage, change: dict[str, Any]) -> Plan:
    """Return a plan that applies one resource of a manifest."""
    await stage.project()
    wanted = plans.ApplyPlan.model_validate({"type": "apply", "manifest": [change]})
    saved = await plans.propose(stage.cloud, REQUEST, wanted)
    return await stage.load(Plan, saved.aggregate.id)


async def applying(stage: Stage, change: dict[str, Any] = TAGGED) -> Plan:
    """Return such a plan after the request to apply it; by default, it changes tags of the load balancer."""
    plan = await proposed(stage, change)
    await stage.project()
    await plans.apply(stage.cloud, REQUEST, plan.public_id)
    return await stage.load(Plan, plan.id)


async def test_a_group_pauses_while_a_plan_changes_what_it_needs(stage: Stage) -> None:
    _, group = await front_and_group(stage)
    plan = await applying(stage)
    paused = await stage.load(ScalingGroup, group.id)
    assert paused.paused_by == [plan.name]
    assert [each for each in ("health", "scaling", "schedules", "launch") if paused.is_suspended(each)] == [
        "health",
        "scaling",
        "schedules",
    ]


@pytest.mark.parametrize("end", ["applied", "failed", "cancelled"])
async def test_it_decides_again_whatever_the_end_of_the_plan_is(stage: Stage, end: str) -> None:
    front, group = await front_and_group(stage)
    plan = await applying(stage)
    stage.restart_controller()
    if end == "cancelled":
        await plans.cancel(stage.cloud, REQUEST, plan.public_id)
    elif end == "failed":
        step = plan.steps[0].id
        await stage.cloud.report(
            Plan, plan.id, REQUEST.cause, lambda it: it.report_step_failed(step, "refused")
        )
    for _ in range(3):
        stage.restart_controller()
        await stage.pass_(plan)
        await stage.pass_(front)
    assert (await stage.load(Plan, plan.id)).status == end
    assert (await stage.load(ScalingGroup, group.id)).paused_by == []


async def test_what_was_suspended_before_stays_so(stage: Stage) -> None:
    _, group = await front_and_group(stage)
    await groups.suspend(stage.cloud, REQUEST, "web", groups.Processes(processes=["scaling"]))
    plan = await applying(stage)
    await plans.cancel(stage.cloud, REQUEST, plan.public_id)
    after = await stage.load(ScalingGroup, group.id)
    assert (after.suspended, after.is_suspended("scaling"), after.is_suspended("health")) == (
        ["scaling"],
        True,
        False,
    )


async def test_a_group_that_needs_nothing_of_a_plan_does_not_pause(stage: Stage) -> None:
    await stage.settle(await stage.vpc())
    await stage.settle(await balanced(stage))
    group = await running(stage, Size(1, 1, 3))
    plan = await applying(stage)
    assert plan.paused == []
    assert (await stage.load(ScalingGroup, group.id)).paused_by == []


async def test_a_refresh_of_a_group_without_older_instances_is_done_at_once(stage: Stage) -> None:
    await running(stage, Size(0, 0, 3))
    plan = await applying(stage, REFRESHED)
    for _ in range(3):
        await stage.pass_(plan)
    ended = await stage.load(Plan, plan.id)
    assert [step.command for step in ended.steps] == ["change", "change", "refresh"]
    assert ended.status == "applied", [each.reason for each in ended.progress.values()]


async def test_a_refresh_is_completed_when_every_instance_has_the_new_template(stage: Stage) -> None:
    group = await running(stage, Size(2, 2, 3))
    plan = await applying(stage, REFRESHED)
    for _ in range(3):
        await stage.pass_(plan)
    assert (await stage.load(Plan, plan.id)).status == "applying"
    group = await settled(stage, group)
    assert {each.image for each in await instances(stage, group)} == {"nginx:1.28"}
    await stage.pass_(plan)
    assert (await stage.load(Plan, plan.id)).status == "applied"


async def test_a_refresh_that_is_rolled_back_fails_its_step(stage: Stage) -> None:
    group = await running(stage, Size(1, 1, 3))
    plan = await applying(stage, REFRESHED)
    for _ in range(3):
        await stage.pass_(plan)
    await stage.pass_(group)
    *_, new = await instances(stage, group)
    await stage.cloud.change(REQUEST, Instance, new.public_id, Instance.stop)
    stage.engine.fail("containers.start", Unreachable("no engine"), None)
    for _ in range(4):
        await stage.pass_(group)
    clock = stage.stop_clock((await stage.load(ScalingGroup, group.id)).modified_on + timedelta(seconds=20))
    assert clock.at
    await stage.pass_(plan)
    ended = await stage.load(Plan, plan.id)
    assert ended.status == "failed"
    assert "rolled back" in (ended.progress["3"].reason or "")
