"""VPCs and their networks."""

import pytest

from domain.errors import RangeInUse, Refused, Unreachable
from domain.security_group import SecurityGroup, default_group_id
from domain.subnet import Subnet, default_subnet_id
from domain.vpc import SUBNET_SCOPE, Vpc
from miniaws.commands import vpc as commands
from tests.domain.vpcs import stored_vpc
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


async def test_a_stored_range_that_is_not_private_gets_no_network_and_can_be_deleted(stage: Stage) -> None:
    vpc = stored_vpc("127.0.0.0/24")
    vpc.conditions.claims += vpc.held_claims()
    await stage.cloud.save(REQUEST, vpc)
    found = await stage.settle(vpc)
    assert (found.status, stage.engine.networks) == ("error", {})
    assert "127.0.0.0/24" in (found.status_reason or "")
    assert (await stage.ask(found, Vpc.delete)).status == "deleted"


async def test_a_range_that_was_chosen_gives_way_to_another_one(stage: Stage) -> None:
    vpc = await stage.vpc()
    stage.engine.occupied = [vpc.cidr]
    found = await stage.settle(vpc)
    assert found.status == "available"
    assert found.cidr != vpc.cidr
    assert str(stage.engine.networks[vpc.public_id].range) == found.cidr
    assert await stage.told(vpc) == ["create_requested", "range_replaced", "became_available"]
    assert vpc.cidr in (await stage.last(vpc, "range_replaced"))["reason"]
    claimed = [claim.key for claim in await stage.cloud.ports.store.claims(SUBNET_SCOPE)]
    assert claimed == [found.cidr]


async def test_a_range_that_was_asked_for_stays_and_says_why_it_is_not_there(stage: Stage) -> None:
    wish = commands.CreateVpc(name="web", cidr="10.77.0.0/24")
    vpc = (await commands.create(stage.cloud, REQUEST, wish)).aggregate
    assert isinstance(vpc, Vpc)
    stage.engine.occupied = ["10.77.0.0/16"]
    found = await stage.refused(vpc)
    assert (found.status, found.cidr) == ("error", "10.77.0.0/24")
    assert "10.77.0.0/16" in (found.status_reason or "")
    stage.engine.occupied = []
    assert (await stage.settle(vpc)).status == "available"


async def test_a_pool_without_another_range_is_told(stage: Stage) -> None:
    vpc = await stage.vpc()
    stage.engine.occupied = [stage.cloud.settings.vpc_pool]
    found = await stage.refused(vpc)
    assert (found.status, found.cidr) == ("error", vpc.cidr)
    assert "MINIAWS_VPC_POOL" in (found.status_reason or "")


async def test_no_range_is_chosen_twice_in_one_pass(stage: Stage) -> None:
    vpc = await stage.vpc()
    stage.engine.fail("networks.ensure", RangeInUse("cannot use it"), 2)
    assert (await stage.refused(vpc)).status_reason == "cannot use it"
    assert (await stage.settle(vpc)).status == "available"
    assert await stage.told(vpc) == ["create_requested", "range_replaced", "failed", "became_available"]


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


async def test_a_vpc_of_an_earlier_version_gets_its_default_subnet_and_group_once(stage: Stage) -> None:
    vpc = stored_vpc("10.77.0.0/24")
    vpc.conditions.claims += vpc.held_claims()
    await stage.cloud.save(REQUEST, vpc)
    subnet_id = default_subnet_id(vpc.id)
    for _ in range(2):
        await stage.settle(vpc)
        subnet = await stage.cloud.load_by_id(Subnet, subnet_id)
        group = await stage.cloud.load_by_id(SecurityGroup, default_group_id(vpc.id))
        assert (subnet.version, subnet.cidr, group.version) == (1, "10.77.0.0/24", 1)
        assert group.has_default_rules()
    await commands.delete(stage.cloud, REQUEST, vpc.public_id)
    assert (await stage.cloud.load_by_id(Subnet, subnet_id)).status == "deleted"


async def test_the_default_subnet_follows_its_vpc_to_another_range(stage: Stage) -> None:
    vpc = (await commands.create(stage.cloud, REQUEST, commands.CreateVpc(name="web"))).aggregate
    assert isinstance(vpc, Vpc)
    stage.engine.occupied = [vpc.cidr]
    found = await stage.settle(vpc)
    assert (await stage.cloud.load_by_id(Subnet, default_subnet_id(vpc.id))).cidr == found.cidr != vpc.cidr
