"""A store of the version before networks, opened by this one: everything keeps running where it is."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from adapters.event_store.audit import audit
from adapters.memory import MemoryEngine
from domain.aggregate import Aggregate
from domain.archive import Archive
from domain.database import Database
from domain.errors import Refused
from domain.instance import Instance
from domain.interface import Interface, WithInterface
from domain.store import Cause
from domain.subnet import SubnetRangeTaken
from domain.values import owner
from miniaws import bootstrap, telemetry
from miniaws.application import Cloud, Request
from miniaws.capabilities import CAPABILITIES
from miniaws.commands import instance as instances
from miniaws.commands import subnet as subnets
from miniaws.commands import trash
from miniaws.settings import Settings
from miniaws.tasks import end
from tests.runtime import stored
from tests.runtime.running import eventually

REQUEST = Request(Cause(actor="key-test", account_id="main"))


@dataclass
class Upgraded:
    cloud: Cloud
    engine: MemoryEngine
    before: dict[str, Any]
    database_url: str

    async def load(self, resource_id: str) -> Aggregate:
        parsed = owner(resource_id)
        assert parsed is not None
        found = await self.cloud.ports.store.load(parsed[1])
        assert found is not None
        return found

    async def interface(self, resource_id: str) -> Interface | None:
        found = await self.load(resource_id)
        assert isinstance(found, WithInterface)
        return found.interface

    async def is_done(self) -> bool:
        """Return whether everything that lives has an address."""
        ids = {event["originator_id"] for event in self.before["events"]}
        found = [await self.cloud.ports.store.load(each) for each in ids]
        members = [each for each in found if isinstance(each, WithInterface) and each.held_claims()]
        archives = [each for each in found if isinstance(each, Archive)]
        return all(each.interface for each in members) and all(each.addresses for each in archives)


@pytest.fixture
async def upgraded(prepared_url: str, tmp_path: Path) -> AsyncGenerator[Upgraded]:
    """Return what a controller has upgraded."""
    settings, engine, before = put(prepared_url, tmp_path)
    world = bootstrap.memory_infrastructure(engine)
    async with (
        bootstrap.open_cloud(settings, world) as cloud,
        bootstrap.open_controller(settings, world) as one,
    ):
        running = asyncio.create_task(one.run())
        found = Upgraded(cloud, engine, before, prepared_url)
        await eventually(found.is_done)
        yield found
        await end(running)


def put(database_url: str, directory: Path) -> tuple[Settings, MemoryEngine, dict[str, Any]]:
    """Put the store and the containers of the earlier version where this one finds them."""
    before = stored.read("before_networks.json")
    settings = Settings(
        data_dir=directory,
        database_url=SecretStr(database_url),
        engine="memory",
        log_level="error",
        trash_hours=24,
    )
    telemetry.configure_logs(settings)
    settings.home.mkdir(parents=True, exist_ok=True)
    stored.fill(database_url, before, settings.home)
    bootstrap.prepare(settings)
    engine = MemoryEngine()
    stored.put_containers(engine, stored.read("before_networks.json"))
    return settings, engine, before


async def test_every_container_keeps_running_at_its_address(upgraded: Upgraded) -> None:
    running = [each for each in upgraded.before["containers"] if each["address"]]
    assert len(running) == 8
    for each in running:
        resource_id = each["spec"]["resource_id"]
        now = upgraded.engine.containers[resource_id]
        assert (now.address, now.started_at and now.started_at.isoformat()) == (
            each["address"],
            each["started_at"],
        )
        if each["spec"]["kind"] != "archive":
            found = await upgraded.interface(resource_id)
            assert found is not None
            assert (found.address, found.subnet_name) == (each["address"], "default")
            assert [group.name for group in found.security_groups] == ["default"]
    assert [
        each for each in upgraded.engine.events if each.action in {"start", "die", "create", "destroy"}
    ] == []


async def test_the_receiver_of_an_archive_keeps_its_address(upgraded: Upgraded) -> None:
    [log] = [each for each in upgraded.before["containers"] if each["spec"]["kind"] == "archive"]
    archive = await upgraded.load(log["spec"]["resource_id"])
    assert isinstance(archive, Archive)
    assert archive.addresses is not None
    assert archive.addresses.receiver == log["address"] != archive.addresses.worker


async def test_what_is_held_follows_from_the_events(upgraded: Upgraded) -> None:
    assert audit(upgraded.database_url) == []


async def test_what_is_launched_gets_an_address_of_nobody_else(upgraded: Upgraded) -> None:
    new = instances.LaunchInstance(name="new", image="nginx:1.27", vpc="shop")
    saved = await instances.launch(upgraded.cloud, REQUEST, new)
    found = await upgraded.interface(saved.aggregate.public_id)
    assert found is not None
    assert found.address not in {each["address"] for each in upgraded.before["containers"]}


async def test_what_is_in_the_trash_gets_an_address_when_it_is_restored(upgraded: Upgraded) -> None:
    [trashed] = [each for each in upgraded.before["containers"] if not each["has_network"]]
    resource_id = trashed["spec"]["resource_id"]
    assert await upgraded.interface(resource_id) is None
    await trash.restore(upgraded.cloud, REQUEST, resource_id, trash.RestoreFromTrash())
    found = await upgraded.load(resource_id)
    assert isinstance(found, Instance)
    assert found.interface is not None


async def test_a_subnet_takes_no_range_of_containers_whose_addresses_are_not_claimed_yet(
    prepared_url: str, tmp_path: Path
) -> None:
    settings, engine, before = put(prepared_url, tmp_path)
    used = {each["address"] for each in before["containers"] if each["address"]}
    async with bootstrap.open_cloud(settings, bootstrap.memory_infrastructure(engine)) as cloud:
        for asked in ({"cidr": "10.77.0.0/28"}, {"cidr": "10.77.0.0/25"}, {"prefix": 24}):
            new = subnets.CreateSubnet.model_validate({"name": "inner", "vpc": "shop", **asked})
            with pytest.raises(SubnetRangeTaken) as refusal:
                await subnets.create(cloud, REQUEST, new)
            if "cidr" in asked:
                assert {each["address"] for each in refusal.value.more["used_by"]} == used
        free = subnets.CreateSubnet(name="inner", vpc="shop", cidr="10.77.0.64/28")
        await subnets.create(cloud, REQUEST, free)


async def test_what_gets_no_address_in_a_full_vpc_fails_and_says_so(
    prepared_url: str, tmp_path: Path
) -> None:
    settings, engine, before = put(prepared_url, tmp_path)
    containers = before["containers"]
    [stopped] = [
        each["spec"]["resource_id"] for each in containers if each["has_network"] and not each["address"]
    ]
    [log] = [each["spec"]["resource_id"] for each in containers if each["spec"]["kind"] == "archive"]
    async with bootstrap.open_cloud(settings, bootstrap.memory_infrastructure(engine)) as cloud:
        for number, cidr in enumerate(("10.77.0.128/25", "10.77.0.64/26", "10.77.0.32/27", "10.77.0.16/28")):
            taken = subnets.CreateSubnet(name=f"s-{number}", vpc="shop", cidr=cidr)
            await subnets.create(cloud, REQUEST, taken)
        for number in range(10, 16):
            new = instances.LaunchInstance(name=f"n-{number}", image="nginx:1.27", vpc="shop")
            await instances.launch(cloud, REQUEST, new)
        archive = await cloud.load_by_id(Archive, log.removesuffix(".log"))
        for kind, resource_id in (
            (Instance, stopped),
            (Archive, archive.public_id),
            (Database, archive.database_id),
        ):
            [manager] = [each.manager(cloud) for each in CAPABILITIES if each.kind == kind.KIND]
            about = await cloud.load_by_id(kind, resource_id)
            with pytest.raises(Refused, match="cannot find a free address in subnet default"):
                await manager.reconcile(about.id)
            found = await cloud.load_by_id(kind, resource_id)
            assert found.status == "error"
            assert "cannot find a free address" in (found.status_reason or "")
