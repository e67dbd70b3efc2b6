"""The trash: what is kept of a deleted resource, how it comes back, and how it is removed for good."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from domain import host_port
from domain.aggregate import Aggregate
from domain.cache import Cache
from domain.errors import Invalid, NameTaken
from domain.instance import Instance
from domain.trash import NotInTrash
from domain.volume import Volume, VolumeInUse
from domain.vpc import Vpc
from miniaws.commands import cache as caches
from miniaws.commands import instance as instances
from miniaws.commands import server as servers
from miniaws.commands import trash
from miniaws.commands import volume as volumes
from miniaws.commands import vpc as vpcs
from miniaws.commands.host_port import HostPortTaken
from tests.process_managers.stage import REQUEST, Stage, open_stage

FILE = {"/note": b"kept"}


class Kept(Stage):
    """A stage with a trash."""

    async def terminate(self, instance: Instance, *, purge: bool = False) -> Instance:
        await instances.terminate(self.cloud, REQUEST, instance.public_id, purge=purge)
        return await self.settle(instance)

    async def restore(self, about: Any, name: str | None = None) -> Any:
        await trash.restore(self.cloud, REQUEST, about.public_id, trash.RestoreFromTrash(name=name))
        return await self.settle(about)

    async def purge(self, about: Any) -> Any:
        await trash.purge(self.cloud, REQUEST, about.public_id)
        return await self.settle(about)

    async def cache(self) -> tuple[Cache, Volume]:
        saved = await caches.create(
            self.cloud, REQUEST, caches.CreateCache(name="sessions", persistence="aof", publish=16379)
        )
        cache = await self.load(Cache, saved.aggregate.id)
        volume = await self.settle(await self.cloud.load(Volume, "main", cache.volume_id or ""))
        return await self.settle(cache), volume

    async def held(self, about: Aggregate) -> set[tuple[str, str]]:
        """Return the claims of a resource, which must be those that it says it holds."""
        found = await self.load(type(about), about.id)
        held = {(each.scope, each.key) for each in found.held_claims()}
        for scope, key in held:
            claim = await self.cloud.ports.store.claim(scope, key)
            assert claim is not None
            assert claim.owner == found.id
        return held


@pytest.fixture
async def stage(prepared_url: str, tmp_path: Path) -> AsyncGenerator[Kept]:
    async with open_stage(prepared_url, tmp_path, trash_hours=72) as opened:
        kept = Kept(opened.cloud, opened.engine, opened.world, opened.database_url)
        await kept.settle(await kept.vpc())
        yield kept


async def test_a_terminated_instance_comes_back_with_its_files_and_runs_again(stage: Kept) -> None:
    web = await stage.running(env={"TOKEN": "t"}, ports=[{"port": 80, "publish": 8081}])
    stage.container(web).files |= FILE
    container = stage.container(web)
    web = await stage.terminate(web)
    assert (web.status, container.state, container.has_network) == ("trashed", "exited", False)
    assert await stage.held(web) == set()
    web = await stage.restore(web)
    assert (web.status, stage.container(web), container.has_network) == ("running", container, True)
    assert container.files == FILE
    assert container.spec.environment == {"TOKEN": "t"}
    told = await stage.told(web)
    assert told == ["launch_requested", "started", "terminate_requested", "trashed", "undeleted", "started"]


async def test_a_stopped_instance_comes_back_stopped(stage: Kept) -> None:
    web = await stage.ask(await stage.running(), Instance.stop)
    web = await stage.restore(await stage.terminate(web))
    assert (web.status, stage.container(web).state) == ("stopped", "exited")
    web = await stage.ask(web, Instance.start)
    assert web.status == "running"


async def test_what_never_ran_or_is_purged_is_removed_at_once(stage: Kept) -> None:
    stage.engine.fail("containers.start", NotImplementedError(), None)
    pending = await stage.launch(name="pending")
    pending = await stage.terminate(pending)
    stage.engine.heal("containers.start")
    purged = await stage.terminate(await stage.running(name="purged"), purge=True)
    assert (pending.status, purged.status, stage.engine.containers) == ("terminated", "terminated", {})
    with pytest.raises(NotInTrash, match="it was removed for good"):
        await stage.restore(purged)


async def test_a_purge_removes_container_and_secrets(stage: Kept) -> None:
    web = await stage.terminate(await stage.running(env={"TOKEN": "t"}))
    assert await stage.cloud.secret(web.environment_id or "", "it") == b'{"TOKEN":"t"}'
    web = await stage.purge(web)
    assert (web.status, stage.engine.containers) == ("terminated", {})
    assert await stage.cloud.ports.store.secret(web.held_secrets()[0]) is None if web.held_secrets() else True
    assert (await stage.last(web, "purge_requested"))["reason"] == "somebody requested it"
    assert await stage.purge(web)  # may be repeated


async def test_a_taken_name_or_port_names_its_holder_and_another_name_helps(stage: Kept) -> None:
    old = await stage.terminate(await stage.running(ports=[{"port": 80, "publish": 8081}]))
    stage.container(old).files |= FILE
    new = await stage.running()
    with pytest.raises(
        NameTaken, match=f"cannot restore instance web-1 as web-1: {new.public_id} has that name"
    ):
        await stage.restore(old)
    old = await stage.restore(old, "web-1-restored")
    assert (old.name, old.status, stage.container(old).spec.name) == (
        "web-1-restored",
        "running",
        "web-1-restored",
    )
    assert stage.container(old).files == FILE
    old = await stage.terminate(old)
    await stage.terminate(new)
    await stage.running(name="web-2", ports=[{"port": 80, "publish": 8081}])
    with pytest.raises(HostPortTaken, match="instance web-2 holds its host port 8081"):
        await stage.restore(old)
    assert (await stage.load(Instance, old.id)).status == "trashed"


async def test_a_vpc_is_deleted_while_an_instance_is_kept_and_one_of_the_same_name_takes_it(
    stage: Kept,
) -> None:
    web = await stage.running()
    stage.container(web).files |= FILE
    web = await stage.terminate(web)
    vpc = await stage.cloud.load(Vpc, "main", "default")
    await vpcs.delete(stage.cloud, REQUEST, "default")
    vpc = await stage.settle(vpc)
    assert vpc.status == "deleted"
    with pytest.raises(
        trash.VpcGone, match="VPC default does not exist any more; create one of that name first"
    ):
        await stage.restore(web)
    other = await stage.settle(await stage.vpc())
    web = await stage.restore(web)
    assert (web.status, web.vpc_id, stage.container(web).files) == ("running", other.public_id, FILE)
    assert stage.container(web).spec.network_id == other.public_id


async def test_a_volume_is_free_while_its_instance_is_kept_and_is_attached_again(stage: Kept) -> None:
    data = await stage.settle(await stage.volume())
    web = await stage.running(volumes=[{"volume": "data", "path": "/data"}])
    web = await stage.terminate(web)
    assert (await stage.load(Volume, data.id)).attached_to is None
    other = await stage.running(name="web-2", volumes=[{"volume": "data", "path": "/data"}])
    with pytest.raises(VolumeInUse, match="instance web-2 uses it"):
        await stage.restore(web)
    await stage.terminate(other)
    web = await stage.restore(web)
    assert (web.status, (await stage.load(Volume, data.id)).attached_to) == ("running", web.public_id)


async def test_a_purged_volume_does_not_wait_for_an_instance_that_is_kept(stage: Kept) -> None:
    data = await stage.settle(await stage.volume())
    web = await stage.running(volumes=[{"volume": "data", "path": "/data"}])
    stage.container(web).files |= FILE
    web = await stage.terminate(web)
    await volumes.delete(stage.cloud, REQUEST, "data", purge=True)
    await stage.pass_(data)
    assert await stage.held(web) == set()
    web = await stage.settle(web)
    data = await stage.settle(data)
    assert (web.status, data.status, stage.engine.volumes) == ("trashed", "deleted", {})
    web = await stage.restore(web)
    assert (web.status, web.volumes, stage.container(web).files) == ("running", [], FILE)


async def test_a_volume_comes_back_and_is_not_created_again(stage: Kept) -> None:
    data = await stage.settle(await stage.volume())
    await volumes.delete(stage.cloud, REQUEST, "data")
    data = await stage.settle(data)
    assert (data.status, set(stage.engine.volumes)) == ("trashed", {data.public_id})
    await stage.settle(await stage.volume())
    data = await stage.restore(data, "data-2")
    assert (data.status, data.name) == ("available", "data-2")
    await volumes.delete(stage.cloud, REQUEST, "data-2")
    await stage.settle(data)
    data = await stage.purge(data)
    assert (data.status, data.public_id in stage.engine.volumes) == ("deleted", False)


async def test_the_volume_of_a_server_goes_to_the_trash_and_comes_back_with_it(stage: Kept) -> None:
    cache, volume = await stage.cache()
    password = (await servers.connection(stage.cloud, Cache, "main", "sessions")).password
    await servers.delete(stage.cloud, REQUEST, Cache, "sessions")
    cache = await stage.settle(cache)
    volume = await stage.settle(volume)
    assert (cache.status, volume.status, stage.engine.containers) == ("trashed", "trashed", {})
    assert (await stage.held(cache), await stage.held(volume)) == (set(), set())
    with pytest.raises(VolumeInUse, match=r"cannot restore volume .* it goes with that cache"):
        await stage.restore(volume)
    with pytest.raises(VolumeInUse, match=r"cannot purge volume .* it goes with that cache"):
        await stage.purge(volume)
    with pytest.raises(Invalid, match="only databases, caches and queues") as refused:
        await trash.restore(stage.cloud, REQUEST, volume.public_id, trash.RestoreFromTrash(publish=16380))
    assert refused.value.field == "publish"
    await trash.restore(stage.cloud, REQUEST, cache.public_id, trash.RestoreFromTrash(publish=16380))
    volume, cache = await stage.settle(volume), await stage.settle(cache)
    assert (cache.publish, (host_port.SCOPE, "16380") in await stage.held(cache)) == (16380, True)
    assert (cache.status, volume.status, volume.attached_to) == ("available", "available", cache.public_id)
    assert (await servers.connection(stage.cloud, Cache, "main", "sessions")).password == password
    await servers.delete(stage.cloud, REQUEST, Cache, "sessions")
    await stage.settle(cache)
    cache, volume = await stage.purge(cache), await stage.settle(volume)
    assert (cache.status, volume.status, stage.engine.volumes) == ("deleted", "deleted", {})
