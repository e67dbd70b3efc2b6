"""Managed servers: one whose password changes at run time, and one that is replaced for it."""

import contextlib
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from domain.cache import Cache
from domain.errors import PortError, Refused, Unreachable
from domain.queue import Queue, QueueDefinition
from domain.server import Endpoint, Server
from domain.volume import Volume
from miniaws.commands import cache as caches
from miniaws.commands import queue as queues
from miniaws.commands import volume as volumes
from miniaws.commands.instance import UnknownImage
from miniaws.commands.server import connection
from tests.process_managers.stage import REQUEST, Stage, open_stage


class Servers(Stage):
    """A stage with servers."""

    async def cache(self, **wish: Any) -> Cache:
        """Create a cache whose volume, if it has one, is available."""
        return await self._made(
            Cache, await caches.create(self.cloud, REQUEST, caches.CreateCache(name="c", **wish))
        )

    async def queue(self) -> Queue:
        """Create a server that is replaced when its password changes."""
        return await self._made(
            Queue, await queues.create(self.cloud, REQUEST, queues.CreateQueue(name="q", engine="nats"))
        )

    async def _made(self, kind: Any, saved: Any) -> Any:
        found = await self.load(kind, saved.aggregate.id)
        if found.volume_id is not None:
            await self.settle(await self.cloud.load(Volume, "main", found.volume_id))
        return found

    async def rotate(self, server: Server) -> None:
        command = caches.rotate_credentials if isinstance(server, Cache) else queues.rotate_credentials
        await command(self.cloud, REQUEST, server.public_id)

    async def connects(self, server: Server, password: str | None = None) -> bool:
        """Return whether the server accepts the password of ``connection``, or this one."""
        found = await connection(self.cloud, type(server), "main", server.public_id)
        clients = self.world.caches if isinstance(server, Cache) else self.world.queues
        at = Endpoint(found.server.address or "", found.server.port)
        client: Any = clients[server.engine]
        try:
            await client.probe(found.server, at, password or found.password)
        except Refused:
            return False
        return True


@pytest.fixture
async def stage(prepared_url: str, tmp_path: Path) -> AsyncGenerator[Servers]:
    async with open_stage(prepared_url, tmp_path) as opened:
        servers = Servers(opened.cloud, opened.engine, opened.world, opened.database_url)
        await servers.settle(await servers.vpc())
        yield servers


async def test_a_server_is_available_once_it_was_used(stage: Servers) -> None:
    cache = await stage.settle(await stage.cache(persistence="aof", publish=16379))
    assert cache.status == "available"
    assert await stage.told(cache) == ["create_requested", "started", "became_available"]
    spec = stage.container(cache).spec  # pyright: ignore[reportArgumentType] - any resource with a container
    assert [(mount.volume_id, mount.path) for mount in spec.mounts] == [(cache.volume_id, "/data")]
    assert [(port.port, port.host_port) for port in spec.ports] == [(6379, 16379)]
    assert await stage.connects(cache)


async def test_a_server_that_does_not_answer_yet_is_waited_for(stage: Servers) -> None:
    cache = await stage.cache()
    stage.engine.clock = stage.cloud.ports.clock.now
    stage.engine.fail("servers.probe", Unreachable("it does not answer"), 2)
    assert "waits until it answers" in await stage.pass_(cache)
    assert (await stage.load(Cache, cache.id)).status == "creating"
    assert "waits until it answers" in await stage.pass_(cache)
    assert (await stage.settle(cache)).status == "available"


async def test_a_server_that_does_not_take_its_password_is_not_available(stage: Servers) -> None:
    cache = await stage.settle(await stage.cache())
    stage.container(cache).files["password"] = b"another"  # pyright: ignore[reportArgumentType] - as above
    refused = await stage.refused(cache)
    assert (refused.status, refused.status_reason) == ("error", "it does not take its password")
    del stage.container(cache).files["password"]  # pyright: ignore[reportArgumentType] - as above
    assert (await stage.settle(cache)).status == "available"


async def test_a_server_that_was_killed_runs_again(stage: Servers) -> None:
    cache = await stage.settle(await stage.cache())
    stage.engine.kill(cache.public_id)
    assert (await stage.settle(cache)).status == "available"
    stage.engine.vanish(cache.public_id)
    assert (await stage.settle(cache)).status == "available"
    again = ["crashed", "started", "became_available"]
    assert (await stage.told(cache))[3:] == [*again, *again]


async def test_a_server_is_stopped_started_and_deleted_with_its_volume(stage: Servers) -> None:
    cache = await stage.settle(await stage.cache(persistence="aof"))
    volume = await stage.cloud.load(Volume, "main", cache.volume_id or "")
    assert (await stage.ask(cache, Cache.stop)).status == "stopped"
    assert (await stage.ask(cache, Cache.start)).status == "available"
    assert (await stage.ask(cache, Cache.delete)).status == "deleted"
    assert (await stage.settle(volume)).status == "deleted"
    assert (stage.engine.containers, stage.engine.volumes) == ({}, {})


async def test_limits_change_while_it_runs(stage: Servers) -> None:
    cache = await stage.settle(await stage.cache())
    changed = await stage.ask(cache, lambda found: found.modify(32, "allkeys-lru", None))
    assert changed.status == "available"
    box = stage.container(cache)  # pyright: ignore[reportArgumentType] - as above
    assert (box.memory_mb, box.spec.generation) == (32, 1)
    assert b"allkeys-lru" in box.files["settings"]


async def test_valkey_runs_where_its_image_is_and_is_refused_where_not(stage: Servers) -> None:
    cache = await stage.settle(await stage.cache(engine="valkey"))
    assert (cache.status, cache.engine, cache.engine_version) == ("available", "valkey", "8")
    assert stage.container(cache).spec.image == "valkey/valkey:8"  # pyright: ignore[reportArgumentType] - as above
    stage.engine.missing_images.add("valkey/valkey:8")
    wish = caches.CreateCache(name="other", engine="valkey")
    with pytest.raises(UnknownImage, match=r"valkey/valkey:8; load it there"):
        await caches.create(stage.cloud, REQUEST, wish)


async def test_a_server_that_begins_with_files_takes_over_what_was_declared_there(stage: Servers) -> None:
    first = await stage.settle(await stage.queue())
    await stage.ask(first, Queue.delete)
    stage.world.queues["nats"].inside = {"orders": QueueDefinition(max_length=3)}  # pyright: ignore[reportAttributeAccessIssue] - one in memory
    await volumes.create(stage.cloud, REQUEST, volumes.CreateVolume(name="files"))
    await stage.settle(await stage.cloud.load(Volume, "main", "files"))
    wish = queues.CreateQueue(name="again", engine="nats", volume="files")
    again = await stage.load(Queue, (await queues.create(stage.cloud, REQUEST, wish)).aggregate.id)
    stage.engine.fail("servers.declared", Unreachable("cut off"))
    with contextlib.suppress(PortError):
        await stage.pass_(again)
    stage.engine.heal("servers.declared")
    settled = await stage.settle(again)
    assert (settled.status, settled.named["orders"]["max_length"]) == ("available", 3)
    assert (await stage.told(settled)).count("adopted") == 1
    assert b"orders" in stage.container(settled).files["settings"]  # pyright: ignore[reportArgumentType] - as above


async def test_the_private_key_of_a_server_that_speaks_tls_is_its_programs_alone(stage: Servers) -> None:
    cache = await stage.settle(await stage.cache(tls=True))
    key = stage.container(cache).spec.files["/etc/miniaws/server.key"]  # pyright: ignore[reportArgumentType] - as above
    assert (key.mode, key.content.startswith(b"-----BEGIN PRIVATE KEY-----")) == (0o400, True)
    assert "PRIVATE" not in repr(stage.container(cache).spec)  # pyright: ignore[reportArgumentType] - as above
    found = await connection(stage.cloud, Cache, "main", "c")
    assert found.authority is not None
    assert found.here.host == "c", "its certificate is for its name"


CUTS = ("containers.ensure", "containers.start", "servers.rotate", "servers.configure", "servers.probe")


@pytest.mark.parametrize("kind", ["cache", "queue"])
async def test_a_rotation_that_is_cut_anywhere_ends_with_one_password_that_works(
    stage: Servers, kind: str
) -> None:
    server: Server = await stage.settle(await (stage.cache() if kind == "cache" else stage.queue()))
    for cut in CUTS:
        before = await connection(stage.cloud, type(server), "main", server.public_id)
        await stage.rotate(server)
        stage.engine.fail(cut, Unreachable("cut off"))
        try:
            await stage.pass_(server)
        except PortError:
            stage.restart_controller()
        stage.engine.heal(cut)
        assert (await stage.settle(server)).status == "available"
        assert await stage.connects(server), cut
        assert not await stage.connects(server, before.password), cut
        now = await stage.load(type(server), server.id)
        assert len(now.held_secrets()) == 1, cut


@pytest.mark.parametrize("kind", ["cache", "queue"])
async def test_a_rotation_whose_report_is_lost_is_reported_later(stage: Servers, kind: str) -> None:
    server: Server = await stage.settle(await (stage.cache() if kind == "cache" else stage.queue()))
    await stage.rotate(server)
    report, stage.cloud.report = stage.cloud.report, _dying
    with pytest.raises(_Died):
        await stage.pass_(server)
    stage.cloud.report = report
    stage.restart_controller()
    assert (await stage.settle(server)).status == "available"
    assert await stage.connects(server)


class _Died(Exception):
    pass


async def _dying(*_: Any, **__: Any) -> Any:
    raise _Died
