"""Load balancers and their targets: in service when they run, drained before they end."""

from collections.abc import Callable
from datetime import timedelta
from ipaddress import IPv4Address, IPv4Network
from typing import Any

import pytest
from structlog.testing import CapturingLogger

from adapters.memory import MemoryFirewall
from domain.errors import ImageMissing, ImagePending, PortError, PortTaken, Refused, Unreachable
from domain.instance import Instance, InstanceTerminated
from domain.instance.spec import RestartPolicy
from domain.interface import GroupRef, Interface
from domain.load_balancer import LoadBalancer
from domain.load_balancer.errors import TargetInAnotherVpc
from domain.security_group import SecurityGroup, default_group_id
from domain.subnet import Subnet, default_subnet_id
from domain.values import public_id
from domain.vpc import Vpc
from miniaws.commands import load_balancer as balancers
from miniaws.commands.host_port import HostPortTaken
from miniaws.commands.instance import Port
from miniaws.commands.load_balancer import RegisterTarget
from tests.process_managers.stage import REQUEST, Stage


async def create(stage: Stage, **wish: Any) -> LoadBalancer:
    wanted: dict[str, Any] = {"name": "lb", "listeners": [balancers.ListenOn(port=8081)], **wish}
    saved = await balancers.create(stage.cloud, REQUEST, balancers.CreateLoadBalancer(**wanted))
    return await stage.load(LoadBalancer, saved.aggregate.id)


async def balancing(
    stage: Stage, *names: str, delay_s: int = 300, restart: RestartPolicy = "always"
) -> tuple[LoadBalancer, list[Instance]]:
    """Return a load balancer with instances of these names, all healthy."""
    instances = [await stage.running(name=name, restart=restart) for name in names]
    balancer = await create(stage, deregistration_delay_s=delay_s)
    for name in names:
        await balancers.register_target(
            stage.cloud, REQUEST, balancer.name, RegisterTarget(port=80, instance=name)
        )
    for _ in range(3):
        await stage.pass_(balancer)
    return await stage.load(LoadBalancer, balancer.id), instances


async def states(stage: Stage, balancer: LoadBalancer) -> dict[str, str]:
    found = await stage.load(LoadBalancer, balancer.id)
    return {each.spec.instance_name or "": each.state for each in found.targets.values()}


def servers(stage: Stage, balancer: LoadBalancer) -> dict[str, tuple[str, bool]]:
    """Return the targets of the proxy, and those that are draining."""
    spec = stage.proxies.proxies[balancer.public_id].spec
    return {each.name: (each.address, each.rests) for backend in spec.backends for each in backend.servers}


def in_flight(stage: Stage, balancer: LoadBalancer, instance: Instance, count: int) -> None:
    proxy = stage.proxies.proxies[balancer.public_id]
    proxy.in_flight[f"default:{instance.public_id}:80"] = count


async def test_a_target_is_initial_until_its_first_check_then_healthy(stage: Stage) -> None:
    web = await stage.running(name="web-1")
    stage.proxies.unchecked.add(f"default:{web.public_id}:80")
    balancer = await create(stage)
    await balancers.register_target(stage.cloud, REQUEST, "lb", RegisterTarget(port=80, instance="web-1"))
    await stage.pass_(balancer)
    assert await states(stage, balancer) == {"web-1": "initial"}
    stage.proxies.unchecked.clear()
    found = await stage.settle(balancer)
    assert (found.status, await states(stage, balancer)) == ("available", {"web-1": "healthy"})
    assert servers(stage, balancer) == {f"default:{web.public_id}:80": (web.address, False)}


async def test_only_changes_of_health_are_told(stage: Stage) -> None:
    balancer, (web,) = await balancing(stage, "web-1")
    before = await stage.told(balancer)
    await stage.settle(balancer)
    assert await stage.told(balancer) == before
    stage.proxies.sick[f"default:{web.public_id}:80"] = "it answered 500"
    await stage.settle(balancer)
    assert await states(stage, balancer) == {"web-1": "unhealthy"}
    assert (await stage.last(balancer, "target_state_changed"))["reason"] == "it answered 500"
    assert len(await stage.told(balancer)) == len(before) + 1


@pytest.mark.parametrize("end", [Instance.terminate, Instance.stop, Instance.reboot])
async def test_an_instance_that_is_asked_to_end_is_drained_first(
    stage: Stage, end: Callable[[Instance], None]
) -> None:
    balancer, (web, _) = await balancing(stage, "web-1", "web-2")
    in_flight(stage, balancer, web, 2)
    await stage.cloud.change(REQUEST, Instance, "web-1", end)
    assert "until load balancer lb has drained it" in await stage.pass_(web)
    await stage.pass_(balancer)
    assert await states(stage, balancer) == {"web-1": "draining", "web-2": "healthy"}
    assert servers(stage, balancer)[f"default:{web.public_id}:80"] == (web.address, True)
    await stage.pass_(balancer)
    assert "has drained it" in await stage.pass_(web), "two requests are in flight"
    in_flight(stage, balancer, web, 0)
    await stage.pass_(balancer)
    assert f"default:{web.public_id}:80" not in servers(stage, balancer)
    await stage.settle(web)
    assert stage.engine.events[-1].action in {"die", "destroy", "start"}


async def test_a_target_goes_with_its_instance(stage: Stage) -> None:
    balancer, (web, _) = await balancing(stage, "web-1", "web-2")
    await stage.cloud.change(REQUEST, Instance, "web-1", Instance.terminate)
    for about in (balancer, balancer, web, balancer):
        await stage.pass_(about)
    assert await states(stage, balancer) == {"web-2": "healthy"}
    assert (await stage.told(balancer))[-1] == "target_released"


async def test_an_instance_that_was_stopped_comes_back(stage: Stage) -> None:
    balancer, (web,) = await balancing(stage, "web-1")
    await stage.cloud.change(REQUEST, Instance, "web-1", Instance.stop)
    for about in (balancer, balancer, web, balancer):
        await stage.pass_(about)
    assert await states(stage, balancer) == {"web-1": "unused"}
    await stage.ask(web, Instance.start)
    for _ in range(2):
        await stage.pass_(balancer)
    assert await states(stage, balancer) == {"web-1": "healthy"}


async def test_an_address_gets_requests_only_once_the_network_of_its_vpc_exists(stage: Stage) -> None:
    vpc = await stage.vpc()
    address = vpc.cidr.replace(".0/24", ".9")
    balancer = await create(stage)
    await balancers.register_target(stage.cloud, REQUEST, "lb", RegisterTarget(port=80, address=address))
    await stage.pass_(balancer)
    assert servers(stage, balancer) == {}
    (target,) = (await stage.load(LoadBalancer, balancer.id)).targets.values()
    assert (target.state, "not been created" in (target.reason or "")) == ("unused", True)
    await stage.settle(vpc)
    for _ in range(2):
        await stage.pass_(balancer)
    assert servers(stage, balancer) == {target.spec.id: (address, False)}


async def test_an_instance_that_died_leaves_the_proxy_at_once(stage: Stage) -> None:
    balancer, (web, _) = await balancing(stage, "web-1", "web-2", restart="never")
    in_flight(stage, balancer, web, 1)
    stage.engine.crash(web.public_id)
    await stage.pass_(web)
    await stage.pass_(balancer)
    assert await states(stage, balancer) == {"web-1": "unused", "web-2": "healthy"}
    assert f"default:{web.public_id}:80" not in servers(stage, balancer)


async def test_what_does_not_finish_is_cut_off_after_the_delay(stage: Stage) -> None:
    balancer, (web,) = await balancing(stage, "web-1", delay_s=0)
    in_flight(stage, balancer, web, 3)
    await balancers.deregister_target(stage.cloud, REQUEST, "lb", "web-1")
    for _ in range(3):
        await stage.pass_(balancer)
    assert (await stage.last(balancer, "target_released"))["reason"] == "cut off after 0 s, 3 in flight"
    assert servers(stage, balancer) == {}


async def test_a_proxy_that_cannot_be_asked_keeps_no_instance_for_ever(stage: Stage) -> None:
    balancer, (web,) = await balancing(stage, "web-1", delay_s=0)
    stage.engine.fail("proxies.look", Unreachable("cannot look"), times=None)
    stage.engine.fail("proxies.ensure", Refused("cannot ensure"), times=None)
    await stage.cloud.change(REQUEST, Instance, "web-1", Instance.terminate)
    for _ in range(2):
        await stage.refused(balancer)
    assert (await stage.settle(web)).status == "terminated"


async def test_a_deleted_balancer_keeps_no_instance(stage: Stage) -> None:
    balancer, (web,) = await balancing(stage, "web-1")
    in_flight(stage, balancer, web, 1)
    await balancers.delete(stage.cloud, REQUEST, "lb")
    assert (await stage.settle(balancer)).status == "deleted"
    assert stage.proxies.proxies == {}
    await stage.cloud.change(REQUEST, Instance, "web-1", Instance.terminate)
    assert (await stage.settle(web)).status == "terminated"


async def test_instances_come_and_go_with_the_tags_of_a_selector(stage: Stage) -> None:
    await stage.running(name="web-1", tags={"role": "web"})
    await stage.running(name="db-1", tags={"role": "db"})
    balancer = await create(stage)
    await balancers.register_target(stage.cloud, REQUEST, "lb", RegisterTarget(port=80, tags={"role": "web"}))
    await stage.project()
    for _ in range(2):
        await stage.pass_(balancer)
    assert await states(stage, balancer) == {"web-1": "healthy"}
    await stage.cloud.change(REQUEST, Instance, "web-1", lambda i: i.change_tags({}))
    await stage.cloud.change(REQUEST, Instance, "db-1", lambda i: i.change_tags({"role": "web"}))
    await stage.project()
    for _ in range(3):
        await stage.pass_(balancer)
    assert await states(stage, balancer) == {"db-1": "healthy"}


async def test_a_listener_whose_port_another_program_has_is_told_and_heals(stage: Stage) -> None:
    await stage.settle(await stage.vpc())
    balancer = await create(stage)
    stage.engine.taken_ports.add(8081)
    found = await stage.refused(balancer)
    assert (found.status, "port 8081" in (found.status_reason or "")) == ("error", True)
    stage.engine.taken_ports.clear()
    assert (await stage.settle(balancer)).status == "available"


async def test_a_port_that_an_instance_has_is_refused_by_the_holders_name(stage: Stage) -> None:
    await stage.running(name="web-1", ports=[Port(port=80, publish=8081)])
    with pytest.raises(HostPortTaken, match="instance web-1 holds it"):
        await create(stage)


async def test_a_target_in_another_vpc_or_terminated_is_refused(stage: Stage) -> None:
    await stage.running(name="web-1")
    await stage.settle(await stage.vpc("other"))
    balancer = await create(stage, vpc="other")
    with pytest.raises(TargetInAnotherVpc, match="it is in VPC default, lb in other"):
        await balancers.register_target(stage.cloud, REQUEST, "lb", RegisterTarget(port=80, instance="web-1"))
    await stage.cloud.change(REQUEST, Instance, "web-1", Instance.terminate)
    near = await create(stage, name="near", listeners=[])
    with pytest.raises(InstanceTerminated):
        await balancers.register_target(
            stage.cloud, REQUEST, near.name, RegisterTarget(port=80, instance="web-1")
        )
    assert (await stage.load(LoadBalancer, balancer.id)).targets == {}


async def test_every_pass_may_be_repeated_after_a_crash(stage: Stage) -> None:
    balancer, _ = await balancing(stage, "web-1", "web-2")
    before = await stage.told(balancer)
    stage.proxies.kill(balancer.public_id)
    stage.engine.fail("proxies.ensure", PortTaken("cannot"))
    await stage.refused(balancer)
    stage.restart_controller()
    await stage.settle(balancer)
    assert await stage.told(balancer) == [*before, "failed", "became_available"]


async def test_the_host_has_its_address_and_its_names_until_it_is_deleted(stage: Stage) -> None:
    vpc = await stage.settle(await stage.vpc())
    address = str(IPv4Network(vpc.cidr)[70])
    balancer = await with_address(stage, await create(stage), address)
    await stage.pass_(balancer)
    held = stage.engine.host_addresses[balancer.public_id]
    assert (held.network_id, held.address) == (vpc.public_id, address)
    assert held.names == ("lb", balancer.public_id, "lb.default.internal")
    spec = stage.proxies.proxies[balancer.public_id].spec
    assert (spec.address, spec.network) == (address, vpc.cidr)
    await balancers.delete(stage.cloud, REQUEST, balancer.name)
    await stage.pass_(balancer)
    assert stage.engine.host_addresses == {}


async def test_an_address_outside_its_network_is_replaced(stage: Stage) -> None:
    vpc = await stage.settle(await stage.vpc())
    balancer = await with_address(stage, await create(stage), "192.168.7.7")
    for _ in range(2):
        await stage.pass_(balancer)
    assert IPv4Address(stage.engine.host_addresses[balancer.public_id].address) in IPv4Network(vpc.cidr)


def no_image() -> ImageMissing:
    return ImageMissing("cannot build the image: there is no network")


async def placed(stage: Stage) -> LoadBalancer:
    """Return a load balancer with an address in a VPC that exists; no pass was run for it."""
    vpc = await stage.settle(await stage.vpc())
    return await with_address(stage, await create(stage), str(IPv4Network(vpc.cidr)[70]))


def own_address(stage: Stage, balancer: LoadBalancer) -> tuple[str | None, str | None]:
    spec = stage.proxies.proxies[balancer.public_id].spec
    return spec.address, spec.network


@pytest.mark.parametrize("error", [no_image(), Refused("cannot run ip: not permitted")])
async def test_the_proxy_works_on_a_host_that_cannot_have_its_address(
    stage: Stage, error: PortError, monkeypatch: pytest.MonkeyPatch
) -> None:
    logger = CapturingLogger()
    monkeypatch.setattr("miniaws.process_managers.load_balancer._log", logger)
    clock = stage.stop_clock(stage.cloud.ports.clock.now())
    balancer = await placed(stage)
    stage.engine.fail("host_addresses.ensure", error, times=None)
    assert "without its address" in await stage.pass_(balancer)
    web = await stage.running(name="web-1")
    await balancers.register_target(stage.cloud, REQUEST, "lb", RegisterTarget(port=80, instance="web-1"))
    for _ in range(3):
        clock.at += timedelta(minutes=1)
        await stage.pass_(balancer)
    assert await states(stage, balancer) == {"web-1": "healthy"}
    assert servers(stage, balancer) == {f"default:{web.public_id}:80": (web.address, False)}
    assert own_address(stage, balancer) == (None, None)
    found = await stage.load(LoadBalancer, balancer.id)
    assert (found.status, found.status_reason) == ("available", None)
    assert [each.kwargs["why"] for each in logger.calls] == [str(error)]
    assert stage.engine.host_addresses == {}


async def test_the_host_is_given_the_address_later(stage: Stage) -> None:
    balancer = await placed(stage)
    assert balancer.interface is not None
    clock = stage.stop_clock(stage.cloud.ports.clock.now())
    stage.engine.fail("host_addresses.ensure", no_image())
    manager = stage.managers["load_balancer"]
    assert (await manager.reconcile(balancer.id)).requeue_after_s == 30
    clock.at += timedelta(seconds=29)
    assert "without its address" in await stage.pass_(balancer)
    clock.at += timedelta(seconds=1)
    done = await manager.reconcile(balancer.id)
    assert ("without" in done.sentence, done.requeue_after_s) == (False, None)
    assert own_address(stage, balancer)[0] == balancer.interface.address
    assert list(stage.engine.host_addresses) == [balancer.public_id]


async def test_a_proxy_follows_its_targets_while_the_image_for_the_address_is_built(stage: Stage) -> None:
    balancer = await placed(stage)
    stage.engine.fail("host_addresses.ensure", ImagePending("building the image"), times=2)
    found = await stage.refused(balancer)
    assert (found.status, found.status_reason) == ("creating", "building the image")
    assert own_address(stage, balancer) == (None, None)
    await stage.refused(balancer)
    assert (await stage.settle(balancer)).status == "available"
    stage.engine.fail("host_addresses.ensure", ImagePending("building the image"))
    assert "building the image" in await stage.pass_(balancer)
    assert (await stage.load(LoadBalancer, balancer.id)).status == "available"


async def test_an_engine_that_does_not_answer_takes_no_address_from_the_proxy(stage: Stage) -> None:
    balancer = await placed(stage)
    await stage.settle(balancer)
    before = own_address(stage, balancer)
    stage.engine.fail("host_addresses.ensure", Unreachable("the engine does not answer"))
    await stage.refused(balancer)
    assert own_address(stage, balancer) == before
    assert before[0] is not None


async def test_the_firewall_knows_a_port_before_the_proxy_listens_on_it(stage: Stage) -> None:
    balancer = await placed(stage)
    await stage.settle(balancer)
    assert isinstance(stage.world.firewall, MemoryFirewall)
    admitted = stage.world.firewall.admitted
    listeners = [balancers.ListenOn(port=port) for port in (8081, 8082)]
    changes = balancers.ChangeLoadBalancer(listeners=listeners)
    await balancers.change(stage.cloud, REQUEST, "lb", changes)
    stage.engine.fail("firewall.admit", Unreachable("the firewall has no rules yet"))
    await stage.refused(balancer)
    assert len(stage.proxies.proxies[balancer.public_id].spec.listeners) == 1
    await stage.pass_(balancer)
    assert [each.host_port for each in admitted[balancer.public_id].published] == [8081, 8082]
    assert len(stage.proxies.proxies[balancer.public_id].spec.listeners) == 2
    stage.engine.fail("firewall.admit", Unreachable("it was asked again"))
    await stage.settle(balancer)


async def with_address(stage: Stage, balancer: LoadBalancer, address: str) -> LoadBalancer:
    vpc = await stage.cloud.load(Vpc, balancer.account_id, balancer.vpc_id)
    group = GroupRef(public_id(SecurityGroup.PREFIX, default_group_id(vpc.id)), "default")
    subnet_id = public_id(Subnet.PREFIX, default_subnet_id(vpc.id))
    interface = Interface(subnet_id, "default", address, (group,))
    current = await stage.load(LoadBalancer, balancer.id)
    current.assign_interface(interface)
    await stage.cloud.save(REQUEST, current)
    return current
