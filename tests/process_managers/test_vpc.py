"""VPCs and their networks."""

import pytest

from domain.errors import Refused, Unreachable
from domain.vpc import Vpc
from tests.process_managers.stage import REQUEST, Stage


async def test_a_vpc_gets_its_network_and_says_so_once(stage: Stage) -> None:
    vpc = await stage.settle(await stage.vpc())
    assert str(stage.engine.networks[vpc.public_id].range) == vpc.cidr
    assert await stage.told(vpc) == ["create_requested", "became_available"]


async def test_a_network_removed_by_hand_is_made_again(stage: Stage) -> None:
    vpc = await stage.settle(await stage.vpc())
    stage.engine.vanish(vpc.public_id)
    await stage.settle(vpc)
    assert vpc.public_id in stage.engine.networks
    assert await stage.told(vpc) == ["create_requested", "became_available"]


@pytest.mark.parametrize("error", [Refused("cannot use the range"), Unreachable("cannot reach the engine")])
async def test_a_refusal_is_told_once_and_heals(stage: Stage, error: Exception) -> None:
    vpc = await stage.vpc()
    stage.engine.fail("networks.ensure", error, None)
    for _ in range(3):
        found = await stage.refused(vpc)
        assert (found.status, found.status_reason) == ("error", str(error))
    stage.engine.heal("networks.ensure")
    assert (await stage.settle(vpc)).status == "available"
    assert await stage.told(vpc) == ["create_requested", "failed", "became_available"]


async def test_a_deleted_vpc_loses_its_network_and_says_so_once(stage: Stage) -> None:
    vpc = await stage.settle(await stage.vpc())
    vpc = await stage.ask(vpc, Vpc.delete)
    assert vpc.status == "deleted"
    assert stage.engine.networks == {}
    assert await stage.told(vpc) == ["create_requested", "became_available", "delete_requested", "deleted"]


async def test_a_vpc_never_seen_by_the_engine_can_be_deleted(stage: Stage) -> None:
    vpc = await stage.ask(await stage.vpc(), Vpc.delete)
    assert await stage.told(vpc) == ["create_requested", "delete_requested", "deleted"]


async def test_a_network_is_removed_when_the_last_container_left(stage: Stage) -> None:
    instance = await stage.running()
    vpc = await stage.cloud.load(Vpc, "main", "default")
    # The instance is gone for the cloud before its container is gone for the engine.
    left = stage.engine.containers[instance.public_id]
    await stage.ask(instance, lambda i: i.terminate())
    stage.engine.containers["i-left"] = left
    await stage.cloud.change(REQUEST, Vpc, vpc.public_id, Vpc.delete)
    assert await stage.pass_(vpc) == "waits for containers to leave its network"
    assert (await stage.load(Vpc, vpc.id)).status == "deleting"
    del stage.engine.containers["i-left"]
    assert (await stage.settle(vpc)).status == "deleted"


async def test_a_deletion_that_the_engine_refuses_is_told_and_heals(stage: Stage) -> None:
    vpc = await stage.settle(await stage.vpc())
    stage.engine.fail("networks.remove", Unreachable("cannot reach the engine"), 1)
    await stage.cloud.change(REQUEST, Vpc, vpc.public_id, Vpc.delete)
    assert (await stage.refused(vpc)).status == "error"
    assert (await stage.settle(vpc)).status == "deleted"
