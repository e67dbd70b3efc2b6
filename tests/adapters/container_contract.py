"""The contract of every adapter of Containers."""

import asyncio
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network

import pytest

from domain.errors import ImageMissing, InUse, PortTaken, Refused
from domain.ports import File, Found, Mount, PublishedPort
from tests.adapters.world import ACCOUNT, GREEDY, Infrastructure
from tests.conftest import free_port


class ContainerContract:
    async def test_ensure_creates_without_starting(self, world: Infrastructure) -> None:
        seen = await world.containers.ensure(world.spec())
        assert (seen.state, seen.generation, seen.cpus, seen.memory_mb) == ("created", 1, 0.5, 32)
        assert (seen.started_at, seen.finished_at, seen.exit_code, seen.address) == (None, None, None, None)

    async def test_what_was_never_made_is_not_there(self, world: Infrastructure) -> None:
        assert await world.containers.inspect("i-never") is None
        assert await world.containers.found() == []

    async def test_ensure_twice_gives_one(self, world: Infrastructure) -> None:
        spec = world.spec()
        assert await world.containers.ensure(spec) == await world.containers.ensure(spec)
        assert await world.containers.found() == [Found("instance", spec.resource_id, 1)]

    async def test_a_resource_may_have_several_and_each_tells_its_kind(self, world: Infrastructure) -> None:
        whole = world.id("db", "orders")
        for resource_id in (whole, f"{whole}.log"):
            await world.containers.ensure(world.spec(resource_id=resource_id, kind="database"))
        found = await world.containers.found()
        assert set(found) == {Found("database", whole, 1), Found("database", f"{whole}.log", 1)}
        await world.containers.remove(whole)
        assert await world.containers.found() == [Found("database", f"{whole}.log", 1)]

    async def test_eight_at_once_give_one(self, world: Infrastructure) -> None:
        spec = world.spec()
        seen = await asyncio.gather(*(world.containers.ensure(spec) for _ in range(8)))
        assert len(set(seen)) == 1
        assert len(await world.containers.found()) == 1

    async def test_it_runs_with_an_address_of_its_network(self, world: Infrastructure) -> None:
        seen = await world.running(world.spec())
        assert seen.state == "running"
        assert seen.started_at is not None
        assert seen.started_at.tzinfo is not None
        assert seen.exit_code is None
        assert IPv4Address(seen.address or "127.0.0.1") in IPv4Network(world.cidr)

    async def test_it_has_the_address_of_its_specification_at_every_start(
        self, world: Infrastructure
    ) -> None:
        address = str(IPv4Network(world.cidr)[77])
        spec = world.spec(address=address)
        assert (await world.running(spec)).address == address
        await world.containers.stop(spec.resource_id)
        assert (await world.containers.start(spec.resource_id)).address == address
        newer = replace(spec, generation=2)
        assert (await world.running(newer)).address == address

    async def test_a_stopped_container_starts_with_a_new_address(self, world: Infrastructure) -> None:
        first, second = (str(IPv4Network(world.cidr)[number]) for number in (77, 78))
        for spec in (world.spec("new"), world.spec("old")):
            # Also one that had no address of its own, and one that never ran.
            await world.containers.ensure(spec)
        await world.running(world.spec("old"))
        await world.containers.stop(world.id("i", "old"))
        assert (await world.running(world.spec("old", address=first))).address == first
        assert (await world.running(world.spec("new", address=second))).address == second

    async def test_a_container_gets_another_address_while_it_runs(self, world: Infrastructure) -> None:
        before = await world.running(world.spec())
        spec = world.spec(address=str(IPv4Network(world.cidr)[79]))
        assert (await world.containers.ensure(spec)).address == before.address
        for _ in range(2):
            seen = await world.containers.reattach(spec)
            assert (seen.state, seen.address) == ("running", spec.address)
            assert seen.started_at == before.started_at
        await world.containers.stop(spec.resource_id)
        assert (await world.containers.start(spec.resource_id)).address == spec.address
        with pytest.raises(Refused, match="cannot connect i-never"):
            await world.containers.reattach(world.spec(resource_id="i-never"))

    async def test_an_address_that_another_container_has_is_told(self, world: Infrastructure) -> None:
        address = str(IPv4Network(world.cidr)[80])
        first, second = world.spec("first", address=address), world.spec("second", address=address)
        await world.running(first)
        await world.containers.ensure(second)
        with pytest.raises(InUse, match=f"{second.resource_id}: another container has its address"):
            await world.containers.start(second.resource_id)
        await world.containers.remove(first.resource_id)
        assert (await world.containers.start(second.resource_id)).address == address

    async def test_starting_what_runs_changes_nothing(self, world: Infrastructure) -> None:
        seen = await world.running(world.spec())
        assert await world.containers.start(world.id("i", "web")) == seen

    async def test_stop_ends_it_and_start_begins_again(self, world: Infrastructure) -> None:
        spec = world.spec(restart="always")
        before = await world.running(spec)
        await world.containers.stop(spec.resource_id)
        stopped = await world.containers.inspect(spec.resource_id)
        assert stopped is not None
        assert (stopped.state, stopped.exit_code, stopped.address) == ("exited", 0, None)
        assert stopped.finished_at is not None
        after = await world.containers.start(spec.resource_id)
        assert after.started_at is not None
        assert before.started_at is not None
        assert after.started_at > before.started_at

    async def test_nothing_to_stop_or_remove_is_fine(self, world: Infrastructure) -> None:
        await world.containers.stop("i-never")
        await world.containers.remove("i-never")

    async def test_remove_leaves_nothing(self, world: Infrastructure) -> None:
        spec = world.spec()
        await world.running(spec)
        await world.containers.remove(spec.resource_id)
        assert await world.containers.inspect(spec.resource_id) is None
        assert await world.containers.found() == []

    async def test_a_missing_image_is_told(self, world: Infrastructure) -> None:
        with pytest.raises(ImageMissing, match="cannot find the image nosuch:1"):
            await world.containers.ensure(world.spec(image="nosuch:1"))
        assert await world.containers.found() == []

    async def test_a_missing_network_is_told(self, world: Infrastructure) -> None:
        with pytest.raises(Refused, match="vpc-never"):
            await world.containers.ensure(world.spec(network_id="vpc-never"))

    async def test_a_missing_volume_is_told_and_not_made_up(self, world: Infrastructure) -> None:
        with pytest.raises(Refused, match="vol-never"):
            await world.containers.ensure(world.spec(mounts=(Mount("vol-never", "/data"),)))
        assert not await world.volumes.exists("vol-never")

    async def test_only_a_container_starts(self, world: Infrastructure) -> None:
        with pytest.raises(Refused, match="cannot start i-never"):
            await world.containers.start("i-never")

    async def test_a_taken_port_is_told_and_heals(self, world: Infrastructure) -> None:
        port = PublishedPort(8080, free_port())
        first, second = world.spec("first", ports=(port,)), world.spec("second", ports=(port,))
        await world.running(first)
        await world.containers.ensure(second)
        with pytest.raises(PortTaken, match=str(port.host_port)):
            await world.containers.start(second.resource_id)
        seen = await world.containers.inspect(second.resource_id)
        assert seen is not None
        assert seen.state == "created"
        await world.containers.stop(first.resource_id)
        assert (await world.containers.start(second.resource_id)).state == "running"

    async def test_a_newer_generation_replaces(self, world: Infrastructure) -> None:
        old = world.spec()
        await world.running(old)
        new = replace(old, generation=2, memory_mb=48)
        seen = await world.containers.ensure(new)
        assert (seen.state, seen.generation, seen.memory_mb) == ("created", 2, 48)
        assert await world.containers.found() == [Found("instance", old.resource_id, 2)]

    async def test_what_runs_is_told_by_a_digest(self, world: Infrastructure) -> None:
        spec = world.spec(files={"/miniaws/secret": File(b"canary")})
        await world.containers.ensure(spec)
        seen = await world.containers.inspect(spec.resource_id)
        assert seen is not None
        assert seen.program == spec.program
        assert seen.program not in {
            replace(spec, files={"/miniaws/secret": File(b"another")}).program,
            replace(spec, image="another:1").program,
        }

    async def test_an_older_generation_changes_nothing(self, world: Infrastructure) -> None:
        new = world.spec(generation=2)
        seen = await world.containers.ensure(new)
        assert await world.containers.ensure(replace(new, generation=1, memory_mb=16)) == seen

    async def test_a_refused_replacement_leaves_the_old_one(self, world: Infrastructure) -> None:
        spec = world.spec()
        await world.running(spec)
        with pytest.raises(ImageMissing):
            await world.containers.ensure(replace(spec, generation=2, image="nosuch:1"))
        seen = await world.containers.inspect(spec.resource_id)
        assert seen is not None
        assert (seen.state, seen.generation) == ("running", 1)

    async def test_limits_change_while_it_runs(self, world: Infrastructure) -> None:
        spec = world.spec()
        await world.running(spec)
        await world.containers.resize(spec.resource_id, 0.25, 64)
        seen = await world.containers.inspect(spec.resource_id)
        assert seen is not None
        assert (seen.state, seen.cpus, seen.memory_mb) == ("running", 0.25, 64)

    async def test_only_a_container_is_resized(self, world: Infrastructure) -> None:
        with pytest.raises(Refused, match="cannot resize i-never"):
            await world.containers.resize("i-never", 1, 64)

    async def test_a_program_runs_inside(self, world: Infrastructure) -> None:
        spec = world.spec()
        await world.running(spec)
        result = await world.containers.execute(spec.resource_id, ["echo", "a", "b"])
        assert (result.exit_code, result.stdout, result.stderr) == (0, b"a b\n", b"")

    async def test_an_unknown_program_is_127(self, world: Infrastructure) -> None:
        spec = world.spec()
        await world.running(spec)
        result = await world.containers.execute(spec.resource_id, ["nosuchprogram"])
        assert (result.exit_code, result.stdout) == (127, b"")
        assert b"nosuchprogram" in result.stderr

    async def test_programs_run_only_in_what_runs(self, world: Infrastructure) -> None:
        spec = world.spec()
        await world.containers.ensure(spec)
        for resource_id in (spec.resource_id, "i-never"):
            with pytest.raises(Refused, match=f"cannot run .*{resource_id}"):
                await world.containers.execute(resource_id, ["echo"])

    async def test_only_a_container_has_a_log(self, world: Infrastructure) -> None:
        with pytest.raises(Refused, match="i-never"):
            async for _ in world.containers.logs("i-never"):
                pass

    async def test_a_hand_that_kills_is_seen_and_not_undone(self, world: Infrastructure) -> None:
        spec = world.spec(restart="always")
        await world.running(spec)
        await world.accidents.kill(spec.resource_id)
        seen = await world.until(spec.resource_id, lambda seen: seen.state != "running")
        assert (seen.state, seen.exit_code, seen.oom_killed) == ("exited", 137, False)

    async def test_a_crash_follows_the_restart_policy(self, world: Infrastructure) -> None:
        for restart, state in (("always", "running"), ("on-failure", "running"), ("never", "exited")):
            spec = world.spec(restart, restart=restart)
            first = await world.running(spec)
            await world.accidents.crash(spec.resource_id, 3)
            seen = await world.until(
                spec.resource_id, lambda seen, state=state: bool(seen.finished_at) and seen.state == state
            )
            assert (seen.started_at == first.started_at) == (restart == "never")
            assert seen.exit_code == (3 if restart == "never" else None)

    async def test_a_lack_of_memory_is_seen(self, world: Infrastructure) -> None:
        spec = world.spec(command=GREEDY)
        await world.running(spec)
        await world.accidents.lack_memory(spec.resource_id)
        seen = await world.until(spec.resource_id, lambda seen: seen.state == "exited")
        assert (seen.exit_code, seen.oom_killed) == (137, True)

    async def test_what_was_removed_by_hand_is_created_again(self, world: Infrastructure) -> None:
        spec = world.spec()
        await world.running(spec)
        await world.accidents.vanish(spec.resource_id)
        assert await world.containers.inspect(spec.resource_id) is None
        assert (await world.running(spec)).state == "running"

    async def test_a_frozen_program_goes_on(self, world: Infrastructure) -> None:
        spec = world.spec()
        await world.running(spec)
        await world.accidents.pause(spec.resource_id)
        seen = await world.containers.inspect(spec.resource_id)
        assert seen is not None
        assert seen.state == "paused"
        assert (await world.containers.start(spec.resource_id)).state == "running"

    async def test_what_it_uses_cannot_be_removed(self, world: Infrastructure) -> None:
        volume_id = world.id("vol", "data")
        await world.volumes.ensure(volume_id, ACCOUNT, None)
        spec = world.spec(mounts=(Mount(volume_id, "/data"),))
        await world.containers.ensure(spec)
        with pytest.raises(InUse, match=spec.resource_id):
            await world.volumes.remove(volume_id)
        for change in (world.containers.inspect, world.containers.start, world.containers.stop):
            await change(spec.resource_id)
            with pytest.raises(InUse, match=spec.resource_id):
                await world.networks.remove(world.network_id)
        assert await world.volumes.exists(volume_id)
        assert await world.networks.exists(world.network_id)

    async def test_a_stopped_container_leaves_its_network_and_comes_back(self, world: Infrastructure) -> None:
        spec = world.spec()
        await world.running(spec)
        await world.containers.stop(spec.resource_id)
        for _ in range(2):
            await world.containers.leave_network(spec.resource_id)
        await world.networks.remove(spec.network_id)
        await world.networks.ensure(spec.network_id, ACCOUNT, world.cidr)
        seen = await world.running(spec)
        assert IPv4Address(seen.address or "127.0.0.1") in IPv4Network(world.cidr)
        await world.containers.leave_network("i-never")

    async def test_a_mounted_volume_is_free_while_only_the_files_are_kept(
        self, world: Infrastructure
    ) -> None:
        volume = world.id("vol", "data")
        await world.volumes.ensure(volume, ACCOUNT, None)
        spec = world.spec(mounts=(Mount(volume, "/data"),))
        await world.running(spec)
        await world.containers.stop(spec.resource_id)
        for _ in range(2):
            await world.containers.keep_files(replace(spec, generation=2))
        assert await world.containers.inspect(spec.resource_id) is None
        await world.volumes.remove(volume)
        seen = await world.running(replace(spec, generation=2, mounts=()))
        assert seen.generation == 2
        await world.containers.remove(spec.resource_id)
        assert await world.containers.found() == []
