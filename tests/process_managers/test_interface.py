"""Containers have the addresses, names and security groups of their resources."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from ipaddress import IPv4Network
from typing import TypeVar

import pytest

from adapters.memory import MemoryFirewall
from domain.cache import Cache
from domain.errors import Refused
from domain.instance import Instance
from domain.interface import GroupRef, Interface, WithInterface
from domain.security_group import SecurityGroup, default_group_id
from domain.subnet import Subnet, default_subnet_id
from domain.values import public_id
from domain.vpc import Vpc
from miniaws.commands import cache as caches
from tests.process_managers.stage import REQUEST, Stage

R = TypeVar("R", bound=WithInterface)


async def address(stage: Stage, resource: WithInterface, number: int) -> str:
    vpc = await stage.cloud.load(Vpc, resource.account_id, resource.vpc_id)
    return str(IPv4Network(vpc.cidr)[number])


async def assigned(stage: Stage, resource: R, address: str) -> R:
    """Assign a resource another interface, as a change of its VPC or an upgrade does."""
    vpc = await stage.cloud.load(Vpc, resource.account_id, resource.vpc_id)
    group = GroupRef(public_id(SecurityGroup.PREFIX, default_group_id(vpc.id)), "default")
    subnet_id = public_id(Subnet.PREFIX, default_subnet_id(vpc.id))
    current = await stage.load(type(resource), resource.id)
    current.assign_interface(Interface(subnet_id, "default", address, (group,)))
    await stage.cloud.save(REQUEST, current)
    return current


async def create_cache(stage: Stage) -> Cache:
    await stage.settle(await stage.vpc())
    saved = await caches.create(stage.cloud, REQUEST, caches.CreateCache(name="sessions"))
    return await stage.load(Cache, saved.aggregate.id)


def firewall(stage: Stage) -> MemoryFirewall:
    assert isinstance(stage.world.firewall, MemoryFirewall)
    return stage.world.firewall


async def test_a_container_has_the_address_and_the_names_of_its_resource(stage: Stage) -> None:
    cache = await create_cache(stage)
    instance = await stage.launch(name="web-1")
    for resource in (instance, cache):
        wanted = await address(stage, resource, 70 if resource is instance else 71)
        await stage.pass_(await assigned(stage, resource, wanted))
        container = stage.engine.containers[resource.public_id]
        assert (container.address, container.spec.address) == (wanted, wanted)
        assert container.spec.aliases == (f"{resource.name}.default.internal",)
        member = firewall(stage).admitted[resource.public_id]
        assert (member.address, member.has_internet, len(member.group_ids)) == (wanted, True, 1)


async def test_nothing_starts_before_its_security_groups_are_enforced(stage: Stage) -> None:
    instance = await stage.launch(name="web-1", ports=[{"port": 80, "publish": 8080}])
    await assigned(stage, instance, await address(stage, instance, 70))
    stage.engine.fail("firewall.admit", Refused("cannot start it: no nftables"), None)
    refused = await stage.refused(instance)
    assert (refused.status, refused.status_reason) == ("error", "cannot start it: no nftables")
    assert stage.container(instance).state == "created"
    stage.engine.heal("firewall.admit")
    await stage.settle(instance)
    assert [port.host_port for port in firewall(stage).admitted[instance.public_id].published] == [8080]


async def test_what_runs_at_another_address_is_moved_while_it_runs(stage: Stage) -> None:
    cache = await stage.settle(await create_cache(stage))
    instance = await stage.running(name="web-1")
    for resource in (instance, cache):
        began_at = stage.engine.containers[resource.public_id].started_at
        wanted = await address(stage, resource, 80 if resource is instance else 81)
        moved = await stage.settle(await assigned(stage, resource, wanted))
        container = stage.engine.containers[resource.public_id]
        assert (container.address, container.started_at) == (wanted, began_at)
        assert (moved.address, moved.started_at) == (wanted, began_at)
        assert "crashed" not in await stage.told(resource)
        assert firewall(stage).admitted[resource.public_id].address == wanted


async def test_a_container_with_its_address_is_left_alone(stage: Stage) -> None:
    cache = await stage.settle(await create_cache(stage))
    instance = await stage.running(name="web-1")
    for resource in (instance, cache):
        before = list(stage.engine.events)
        assert resource.address is not None
        assert (await stage.settle(await assigned(stage, resource, resource.address))).is_up
        assert stage.engine.events == before


@pytest.mark.parametrize("wishes", [(Instance.reboot,), (Instance.stop, Instance.start)])
async def test_a_container_of_an_earlier_version_gets_its_name_when_it_starts_again(
    stage: Stage, wishes: Sequence[Callable[[Instance], None]]
) -> None:
    instance = await stage.running(name="web-1")
    container = stage.container(instance)
    assert instance.address is not None
    container.spec = replace(container.spec, address=None, aliases=())
    await stage.settle(await assigned(stage, instance, instance.address))
    assert container.spec.address is None
    for wish in wishes:
        await stage.ask(instance, wish)
    assert container.spec.address == instance.address
    assert container.spec.aliases == ("web-1.default.internal",)
