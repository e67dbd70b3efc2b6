"""Groups and their instances, wherever the controller dies."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.errors import Invalid, NameTaken
from domain.instance import Instance
from domain.load_balancer import LoadBalancer
from domain.load_balancer.errors import TargetInAnotherVpc
from domain.scaling_group import ScalingGroup, Size
from domain.scaling_group.template import OWNED_TAG
from domain.store import VersionConflict
from domain.vpc import Vpc
from miniaws.commands import scaling_group as groups
from miniaws.commands import vpc as vpcs
from miniaws.commands.instance import UnknownImage
from miniaws.process_managers.scaling_group.measure import newest_end, next_end
from tests.process_managers.groups import balanced, instances, names, running, settled, wanted
from tests.process_managers.stage import REQUEST, Stage

CAUSE = "system:scaling-group-manager"


async def test_a_group_gets_its_instances_and_says_so(stage: Stage) -> None:
    group = await running(stage, Size(1, 2, 3))
    assert (group.status, names(group)) == ("available", ["web-1", "web-2"])
    assert await stage.told(group) == [
        "create_requested",
        "instance_launched",
        "instance_launched",
        "instance_entered",
        "instance_entered",
        "became_available",
    ]
    assert await stage.pass_(group) == "has 2 of 2 instances in service"


async def test_its_instances_are_ordinary_ones_of_its_account_caused_by_its_manager(stage: Stage) -> None:
    group = await running(stage, Size(1, 1, 1))
    (first,) = await instances(stage, group)
    assert (first.account_id, first.tags) == ("main", {OWNED_TAG: group.public_id})
    assert stage.container(first).spec.environment == {"WORD": "hush"}
    launch = (await stage.cloud.ports.store.events(first.id))[0]
    known = {event.position for event in await stage.cloud.ports.store.events(group.id)}
    assert launch.actor == CAUSE
    assert launch.causation in known
    assert launch.request_id is None


async def test_a_launch_is_there_with_its_group_knowing_it_or_not_at_all(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    group = await wanted(stage, Size(1, 3, 3))
    append = stage.cloud.ports.store.append
    saves = 0

    async def dies(given: Any) -> Any:
        nonlocal saves
        saves += 1
        receipt = await append(given)
        if saves == 2:
            raise VersionConflict  # written, but the manager never hears of it
        return receipt

    monkeypatch.setattr(stage.cloud.ports.store, "append", dies)
    await stage.pass_(group)
    stage.restart_controller()
    monkeypatch.undo()
    group = await settled(stage, group)
    assert len(group.members) == 3
    assert set(stage.engine.containers) == set(group.members)


async def test_a_name_that_somebody_else_has_is_left_to_them(stage: Stage) -> None:
    other = await stage.running(name="web-1")
    group = await running(stage, Size(1, 2, 2))
    assert names(group) == ["web-2", "web-3"]
    assert (await stage.load(Instance, other.id)).status == "running"


async def test_what_is_terminated_or_stopped_by_hand_is_replaced(stage: Stage) -> None:
    group = await running(stage, Size(1, 2, 2))
    first, second = await instances(stage, group)
    await stage.ask(first, Instance.terminate)
    await stage.ask(second, Instance.stop)
    group = await settled(stage, group)
    assert names(group) == ["web-3", "web-4"]
    assert (await stage.load(Instance, second.id)).status == "terminated"
    assert set(stage.engine.containers) == set(group.members)


async def test_an_image_that_is_gone_is_told_and_heals(stage: Stage) -> None:
    group = await running(stage, Size(1, 1, 2))
    stage.engine.missing_images.add("nginx:1.27")
    await groups.change(stage.cloud, REQUEST, "web", groups.ChangeScalingGroup(desired=2))
    await stage.pass_(group)
    second = (await instances(stage, group))[1]
    await stage.refused(second)
    await stage.pass_(group)
    group = await stage.load(ScalingGroup, group.id)
    assert group.status == "error"
    assert (group.status_reason or "").startswith("web-2: ")
    stage.engine.missing_images.clear()
    assert (await settled(stage, group)).status == "available"


async def test_a_smaller_group_ends_what_is_too_many(stage: Stage) -> None:
    group = await running(stage, Size(0, 3, 3))
    await groups.change(stage.cloud, REQUEST, "web", groups.ChangeScalingGroup(min=0, desired=1))
    group = await settled(stage, group)
    assert names(group) == ["web-3"]
    assert set(stage.engine.containers) == set(group.members)


async def test_a_deleted_group_ends_its_instances_and_is_gone(stage: Stage) -> None:
    group = await running(stage, Size(1, 2, 2))
    await groups.delete(stage.cloud, REQUEST, "web")
    stage.restart_controller()
    group = await settled(stage, group)
    assert group.status == "deleted"
    assert stage.engine.containers == {}
    secrets = await stage.cloud.ports.store.secret(UUID(str(group.template.environment_id)))
    assert secrets is None
    assert await stage.pass_(group) == "is deleted"


async def test_a_vpc_with_a_group_cannot_be_deleted(stage: Stage) -> None:
    await wanted(stage, Size(0, 0, 1))
    with pytest.raises(Exception, match="used by web"):
        await vpcs.delete(stage.cloud, REQUEST, "default")
    assert (await stage.cloud.load(Vpc, "main", "default")).status == "available"


async def test_a_refresh_changes_every_instance(stage: Stage) -> None:
    group = await running(stage, Size(1, 2, 2))
    before = set(group.members)
    template = groups.ChangeTemplate(image="nginx:1.28", env={"WORD": "again"})
    await groups.refresh(stage.cloud, REQUEST, "web", groups.StartRefresh(template=template))
    group = await settled(stage, group)
    assert not before & set(group.members)
    assert {i.image for i in await instances(stage, group)} == {"nginx:1.28"}
    assert {c.spec.environment["WORD"] for c in stage.engine.containers.values()} == {"again"}


async def test_a_group_of_what_is_not_there_is_refused(stage: Stage) -> None:
    await running(stage, Size(0, 0, 1))
    with pytest.raises(NameTaken):
        await wanted(stage, Size(0, 0, 1))
    with pytest.raises(UnknownImage):
        await wanted(stage, Size(0, 0, 1), name="other", template=groups.LaunchTemplate(image="nosuch:1"))
    with pytest.raises(Invalid):
        await wanted(stage, Size(2, 1, 1), name="other")
    assert len(await stage.cloud.ports.store.claims("name/main/scaling_group")) == 1


async def test_a_load_balancer_gets_the_instances_and_says_how_they_are(stage: Stage) -> None:
    await stage.settle(await stage.vpc())
    balancer = await balanced(stage)
    wish = [groups.BehindBalancer(load_balancer="front", port=8080)]
    group = await wanted(stage, Size(1, 1, 1), health_check="load-balancer", load_balancers=wish)
    group = await settled(stage, group)
    (first,) = await instances(stage, group)
    assert (first.status, group.status) == ("running", "creating")
    group = await settled(stage, group, balancer)
    assert (group.status, [member.serves for member in group.members.values()]) == ("available", [True])


async def test_a_load_balancer_of_another_vpc_is_refused_and_nothing_is_made(stage: Stage) -> None:
    await stage.settle(await stage.vpc())
    await stage.settle(await stage.vpc("other"))
    await balanced(stage, vpc="other")
    with pytest.raises(TargetInAnotherVpc):
        await wanted(
            stage, Size(0, 0, 1), load_balancers=[groups.BehindBalancer(load_balancer="front", port=8080)]
        )
    with pytest.raises(Invalid):
        await wanted(stage, Size(0, 0, 1), health_check="load-balancer")
    assert await stage.cloud.ports.store.claims("name/main/scaling_group") == []


async def test_a_group_takes_its_instances_out_of_load_balancers_it_leaves(stage: Stage) -> None:
    await stage.settle(await stage.vpc())
    balancer = await balanced(stage)
    group = await wanted(
        stage, Size(0, 0, 1), load_balancers=[groups.BehindBalancer(load_balancer="front", port=8080)]
    )
    assert len((await stage.load(LoadBalancer, balancer.id)).selectors) == 1
    await groups.change(
        stage.cloud,
        REQUEST,
        "web",
        groups.ChangeScalingGroup(load_balancers=[groups.BehindBalancer(load_balancer="front", port=81)]),
    )
    (selector,) = (await stage.load(LoadBalancer, balancer.id)).selectors.values()
    assert selector.port == 81
    await groups.delete(stage.cloud, REQUEST, "web")
    assert (await settled(stage, group)).status == "deleted"
    assert (await stage.load(LoadBalancer, balancer.id)).selectors == {}


def test_a_period_is_read_when_its_last_second_is_measured() -> None:
    noon = datetime(2026, 11, 23, 12, tzinfo=UTC)
    assert newest_end(60, noon + timedelta(seconds=1)) == noon - timedelta(seconds=60)
    assert newest_end(60, noon + timedelta(seconds=2)) == noon
    due = next_end(60, noon + timedelta(seconds=2))
    assert newest_end(60, due) == noon + timedelta(seconds=60)


async def test_a_group_without_a_grace_period_launches_each_instance_once(stage: Stage) -> None:
    group = await running(stage, Size(1, 2, 3), health_check_grace_s=0)
    assert (group.status, names(group)) == ("available", ["web-1", "web-2"])
    assert (await stage.told(group)).count("instance_launched") == 2
    assert "instance_became_unhealthy" not in await stage.told(group)


async def test_a_group_without_a_grace_period_waits_for_the_first_check_of_its_load_balancer(
    stage: Stage,
) -> None:
    await stage.settle(await stage.vpc())
    balancer = await balanced(stage)
    group = await wanted(
        stage,
        Size(1, 1, 1),
        health_check="load-balancer",
        health_check_grace_s=0,
        load_balancers=[groups.BehindBalancer(load_balancer="front", port=8080)],
    )
    for _ in range(3):
        await stage.pass_(group)
        for each in await instances(stage, group):
            await stage.pass_(each)
    group = await settled(stage, group, balancer)
    assert (group.status, names(group)) == ("available", ["web-1"])
