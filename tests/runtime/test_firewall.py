"""The firewall is what the read models say, and is repaired when somebody has changed it."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path

import pytest

from adapters.memory import MemoryFirewall
from domain.errors import Refused
from domain.firewall import FirewallMember
from domain.instance import Instance
from domain.ports import PublishedPort
from miniaws.commands import instance as instances
from miniaws.commands import security_group as groups
from miniaws.commands import subnet as subnets
from miniaws.runtime.firewall import FirewallLoop
from tests.process_managers.stage import REQUEST, Stage, open_stage


@dataclass
class Guarded:
    stage: Stage
    firewall: MemoryFirewall
    loop: FirewallLoop

    async def step(self) -> None:
        await self.stage.project()
        await self.loop.step()

    async def group(self, name: str, **wish: object) -> str:
        new = groups.CreateSecurityGroup.model_validate({"name": name, **wish})
        return (await groups.create(self.stage.cloud, REQUEST, new)).aggregate.public_id

    def member(self, instance: Instance) -> FirewallMember:
        return next(each for each in self.firewall.table.members if each.resource_id == instance.public_id)


@pytest.fixture
async def guarded(prepared_url: str, tmp_path: Path) -> AsyncGenerator[Guarded]:
    async with open_stage(prepared_url, tmp_path) as stage:
        firewall = stage.world.firewall
        assert isinstance(firewall, MemoryFirewall)
        yield Guarded(stage, firewall, FirewallLoop(stage.cloud))


async def test_every_member_has_its_groups_and_its_published_ports(guarded: Guarded) -> None:
    web = await guarded.stage.running(name="web-1", ports=[{"port": 80, "publish": 8081}])
    await guarded.step()
    assert web.interface is not None
    assert guarded.member(web) == FirewallMember(
        web.public_id, web.interface.address, web.interface.group_ids, (PublishedPort(80, 8081),)
    )
    (group,) = guarded.firewall.table.groups
    assert group.allows_everything
    assert list(guarded.firewall.table.ranges) == [web.vpc_id]


async def test_rules_and_groups_that_change_are_enforced(guarded: Guarded) -> None:
    web, other = await guarded.stage.running(name="web-1"), await guarded.stage.running(name="web-2")
    rule = {"protocol": "tcp", "from_port": 80, "group": "front"}
    front = await guarded.group("front")
    back = await guarded.group("back", ingress=[rule])
    changes = instances.ChangeInstance(security_groups=["back"])
    await instances.change(guarded.stage.cloud, REQUEST, "web-1", changes)
    changes = instances.ChangeInstance(security_groups=["front"])
    await instances.change(guarded.stage.cloud, REQUEST, "web-2", changes)
    await guarded.step()
    assert guarded.member(web).group_ids == (back,)
    assert guarded.member(other).group_ids == (front,)
    address = guarded.member(web).address
    assert await guarded.firewall.probe(other.public_id, address, "tcp", 80, 1)
    assert not await guarded.firewall.probe(other.public_id, address, "tcp", 81, 1)
    assert not await guarded.firewall.probe(other.public_id, address, "udp", 80, 1)


async def test_what_is_gone_is_no_member(guarded: Guarded) -> None:
    web = await guarded.stage.running()
    await guarded.step()
    await instances.terminate(guarded.stage.cloud, REQUEST, "web-1")
    await guarded.stage.settle(web)
    await guarded.step()
    assert guarded.firewall.table.members == ()


async def test_a_subnet_without_internet_confines_its_members(guarded: Guarded) -> None:
    web = await guarded.stage.running()
    await subnets.change(guarded.stage.cloud, REQUEST, "default", subnets.ChangeSubnet(internet=False))
    await guarded.step()
    assert not guarded.member(web).has_internet


async def test_a_flushed_table_is_repaired(guarded: Guarded) -> None:
    await guarded.step()
    guarded.firewall.flush()
    await guarded.loop.step()
    assert await guarded.firewall.is_intact()


async def test_a_subnet_without_internet_has_to_be_enforced(guarded: Guarded) -> None:
    await guarded.stage.running()
    await subnets.change(guarded.stage.cloud, REQUEST, "default", subnets.ChangeSubnet(internet=False))
    guarded.firewall.unavailable = "there is no nft"
    with pytest.raises(Refused, match="there is no nft"):
        await guarded.step()


async def test_only_what_has_to_be_enforced_fails_where_nothing_can_be(guarded: Guarded) -> None:
    await guarded.stage.running()
    guarded.firewall.unavailable = "there is no nft"
    await guarded.step()
    guarded.firewall.unavailable = None
    await guarded.group("closed")
    guarded.firewall.unavailable = "there is no nft"
    with pytest.raises(Refused, match="there is no nft"):
        await guarded.step()
