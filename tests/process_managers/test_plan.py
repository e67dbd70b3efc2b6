"""Carrying out plans: whatever dies, no step takes effect twice, and none is left out."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from domain.aggregate import Aggregate
from domain.errors import Unavailable, Unreachable
from domain.instance import Instance
from domain.plan import Action, Identity, Key, Plan, Step
from domain.vpc import Vpc
from miniaws.process_managers.plan import steps
from tests.process_managers.stage import REQUEST, Stage

SHOP = Step("1", Action.CREATE, Key("vpc", "shop"), "create", {"name": "shop"}, after={})
WEB = Step(
    "2",
    Action.CREATE,
    Key("instance", "web-1"),
    "launch",
    {"name": "web-1", "image": "nginx:1.27", "vpc": "shop"},
    after={},
    needs=("1",),
)


async def applying(stage: Stage, *wanted: Step) -> Plan:
    """Return a plan that was requested to be applied."""
    plan = Plan.propose("main", "apply-1", {"type": "apply"}, wanted, base_position=0)
    await stage.cloud.save(REQUEST, plan)
    await stage.cloud.change(REQUEST, Plan, plan.public_id, Plan.carry_out)
    return await stage.load(Plan, plan.id)


async def named(stage: Stage, kind: type[Aggregate], name: str) -> Any:
    return await stage.cloud.load(kind, "main", name)


def statuses(plan: Plan) -> Sequence[str]:
    return [each.status.value for each in plan.progress.values()]


async def carried_out(stage: Stage, plan: Plan) -> Plan:
    """Run the managers of a plan and of its resources until it has ended."""
    for _ in range(20):
        await stage.pass_(plan)
        plan = await stage.load(Plan, plan.id)
        if plan.status != "applying":
            return plan
        for step in plan.started():
            kind = Aggregate.kinds[step.key.kind]
            resource = plan.progress[step.id].resource_id
            assert resource is not None
            await stage.pass_(await stage.cloud.load(kind, "main", resource))
    raise AssertionError(f"the plan is still {plan.status}: {statuses(plan)}")


async def test_each_step_starts_after_those_that_it_needs_have_settled(stage: Stage) -> None:
    plan = await applying(stage, SHOP, WEB)
    await stage.pass_(plan)
    assert statuses(await stage.load(Plan, plan.id)) == ["started", "pending"]
    ended = await carried_out(stage, plan)
    assert (ended.status, statuses(ended)) == ("applied", ["completed", "completed"])
    assert (await named(stage, Instance, "web-1")).status == "running"


async def test_a_command_that_was_not_reported_is_not_repeated(stage: Stage) -> None:
    plan = await applying(stage, SHOP, WEB)
    cause = await steps.cause_of(stage.cloud, plan)
    # The controller dies after the command, before its report.
    accepted = await steps.start(stage.cloud, plan, SHOP, cause)
    stage.restart_controller()
    ended = await carried_out(stage, plan)
    assert ended.status == "applied"
    shop = await named(stage, Vpc, "shop")
    assert isinstance(accepted, steps.Accepted)
    assert shop.public_id == accepted.resource_id == ended.progress["1"].resource_id
    assert len(await stage.cloud.ports.store.claims("name/main/vpc")) == 1


async def test_a_controller_that_dies_after_every_pass_changes_nothing(stage: Stage) -> None:
    plan = await applying(stage, SHOP, WEB)
    for _ in range(30):
        stage.restart_controller()
        await stage.pass_(plan)
        plan = await stage.load(Plan, plan.id)
        for step in plan.started():
            stage.restart_controller()
            resource = plan.progress[step.id].resource_id
            assert resource is not None
            await stage.pass_(await stage.cloud.load(Aggregate.kinds[step.key.kind], "main", resource))
    assert plan.status == "applied"
    assert (await stage.told(plan)).count("step_started") == 2


async def test_a_command_carries_the_request_to_apply_as_its_cause(stage: Stage) -> None:
    plan = await carried_out(stage, await applying(stage, SHOP))
    asked = next(
        event
        for event in await stage.cloud.ports.store.events(plan.id)
        if event.type == "plan.apply_requested"
    )
    created = (await stage.cloud.ports.store.events((await named(stage, Vpc, "shop")).id))[0]
    assert (created.actor, created.causation) == (REQUEST.cause.actor, asked.position)


async def test_a_refused_command_fails_its_step_with_the_reason(stage: Stage) -> None:
    await stage.vpc("shop")
    ended = await carried_out(stage, await applying(stage, SHOP, WEB))
    assert (ended.status, statuses(ended)) == ("failed", ["failed", "skipped"])
    assert "shop" in (ended.progress["1"].reason or "")


async def test_a_body_that_no_command_accepts_fails_its_step_without_its_values(stage: Stage) -> None:
    wrong = Step("1", Action.CREATE, Key("vpc", "shop"), "create", {"name": 7, "color": "red"}, after={})
    ended = await carried_out(stage, await applying(stage, wrong))
    assert ended.progress["1"].reason is not None
    assert ended.progress["1"].reason.startswith("`name` must be a text")


async def test_an_engine_that_does_not_answer_delays_a_plan_and_fails_no_step(stage: Stage) -> None:
    await stage.settle(await stage.vpc("shop"))
    launch = Step("1", WEB.action, WEB.key, WEB.command, WEB.body, after={})
    plan = await applying(stage, launch)
    stage.engine.fail("images.is_available", Unreachable("no engine"), None)
    with pytest.raises(Unavailable):
        await stage.pass_(plan)
    delayed = await stage.load(Plan, plan.id)
    assert statuses(delayed) == ["pending"]
    assert "engine does not answer" in (delayed.status_reason or "")
    stage.engine.heal("images.is_available")
    assert (await carried_out(stage, plan)).status == "applied"


async def test_a_resource_that_fails_fails_its_step_when_it_does_not_heal(stage: Stage) -> None:
    instance = await stage.running()
    stage.engine.fail("containers.stop", Unreachable("no engine"), None)
    identity = Identity(instance.public_id, instance.version, instance.status)
    stop = Step("1", Action.STOP, Key("instance", "web-1"), "stop", identity=identity)
    plan = await applying(stage, stop)
    await stage.pass_(plan)
    with pytest.raises(Unreachable):
        await stage.pass_(instance)
    assert await stage.pass_(plan) == "waits for a resource that has failed"
    failed_at = (await stage.load(Instance, instance.id)).modified_on
    clock = stage.stop_clock(failed_at)
    clock.at = failed_at + timedelta(minutes=1)
    await stage.pass_(plan)
    ended = await stage.load(Plan, plan.id)
    assert (ended.status, statuses(ended)) == ("failed", ["failed"])


async def test_a_step_whose_resource_never_settles_fails_in_time_and_others_go_on(stage: Stage) -> None:
    await stage.settle(await stage.vpc("other"))
    tags = Step("3", Action.CHANGE, Key("vpc", "other"), "change", {"tags": {"a": "b"}}, after={})
    plan = await applying(stage, SHOP, WEB, tags)
    await stage.pass_(plan)
    shop = await named(stage, Vpc, "shop")
    assert shop.status == "creating"
    clock = stage.stop_clock((await stage.load(Plan, plan.id)).modified_on)
    for _ in range(16):
        clock.at += timedelta(minutes=1)
        stage.restart_controller()
        await stage.pass_(plan)
    ended = await stage.load(Plan, plan.id)
    assert (ended.status, statuses(ended)) == ("failed", ["failed", "skipped", "completed"])
    assert ended.progress["1"].reason == (
        "it has not settled within 15 min: the resource is creating; apply the plan again to wait longer"
    )
    clock.at = ended.modified_on
    await stage.cloud.change(REQUEST, Plan, plan.public_id, Plan.carry_out)
    assert statuses(await carried_out(stage, ended)) == ["completed"] * 3
    assert (await named(stage, Vpc, "shop")).id == shop.id


async def test_a_plan_that_waits_looks_again_when_a_step_should_have_settled(stage: Stage) -> None:
    plan = await applying(stage, SHOP)
    stage.stop_clock((await stage.load(Plan, plan.id)).modified_on)
    await stage.pass_(plan)
    waiting = await stage.managers[Plan.KIND].reconcile(plan.id)
    assert waiting.sentence == "waits for its resources"
    assert 890 < waiting.requeue_after_s <= 910
