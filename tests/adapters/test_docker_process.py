"""How an engine runs the program of a container: init process, capabilities, stop signal, shared memory."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from domain.ports import OPTIONAL_CAPABILITIES, ContainerSpec
from tests.adapters.world import Infrastructure, real_world

CAPABILITY_BITS = {"NET_RAW": 13, "IPC_LOCK": 14, "MKNOD": 27, "AUDIT_WRITE": 29, "SETFCAP": 31}
ORPHANS = "i=0; while [ $i -lt 1000 ]; do (sh -c 'exec true' &) ; i=$((i+1)); done"
ZOMBIES = "grep -l '^State:.Z' /proc/[0-9]*/status 2>/dev/null | wc -l"
SLEEPS = ("sh", "-c", "while :; do sleep 1; done")


@pytest.fixture
async def world(engine: str, cloud_name: str, tmp_path: Path) -> AsyncGenerator[Infrastructure]:
    async with real_world(engine, cloud_name, tmp_path) as world:
        yield world


async def shell(world: Infrastructure, spec: ContainerSpec, script: str) -> str:
    result = await world.containers.execute(spec.resource_id, ["sh", "-c", script])
    assert result.exit_code == 0, result
    return result.stdout.decode().strip()


async def capabilities(world: Infrastructure, spec: ContainerSpec) -> set[str]:
    """Return the capabilities in the program's bounding set."""
    bits = int((await shell(world, spec, "grep CapBnd /proc/1/status")).split()[1], 16)
    return {name for name, bit in CAPABILITY_BITS.items() if bits >> bit & 1}


async def exit_code_after_stop(world: Infrastructure, spec: ContainerSpec) -> int | None:
    await world.running(spec)
    await shell(world, spec, "until [ -e /tmp/ready ]; do sleep 0.05; done")
    await world.containers.stop(spec.resource_id)
    seen = await world.containers.inspect(spec.resource_id)
    assert seen is not None
    assert seen.state == "exited"
    return seen.exit_code


async def test_capabilities_are_dropped_and_added_by_name(world: Infrastructure) -> None:
    for word, listed in (
        ("none", ()),
        ("one", ("NET_RAW",)),
        ("more", ("IPC_LOCK", "MKNOD")),
        ("all", OPTIONAL_CAPABILITIES),
    ):
        spec = world.spec(word, capabilities=listed)
        await world.running(spec)
        assert await capabilities(world, spec) == set(listed)


async def test_a_program_that_needs_its_grace_period_gets_it(world: Infrastructure) -> None:
    slow = "trap 'sleep 2; exit 5' TERM; touch /tmp/ready; while :; do sleep 0.1; done"
    command = ("sh", "-c", slow)
    assert await exit_code_after_stop(world, world.spec("long", command=command, stop_grace_s=30)) == 5
    assert await exit_code_after_stop(world, world.spec("none", command=command, stop_grace_s=0)) == 137


async def test_a_program_is_stopped_with_its_signal(world: Infrastructure) -> None:
    picky = "trap '' TERM; trap 'exit 7' USR1; touch /tmp/ready; while :; do sleep 0.1; done"
    spec = world.spec(command=("sh", "-c", picky), stop_signal="SIGUSR1", stop_grace_s=30)
    assert await exit_code_after_stop(world, spec) == 7


async def test_a_thousand_orphans_leave_no_zombie_under_init(world: Infrastructure) -> None:
    spec = world.spec(command=SLEEPS, init=True, memory_mb=64)
    await world.running(spec)
    await shell(world, spec, ORPHANS)
    # The last of them may still run: a zombie never goes.
    await shell(world, spec, f'until [ "$({ZOMBIES})" = 0 ]; do sleep 0.05; done')


async def test_without_init_orphans_stay_as_zombies(world: Infrastructure) -> None:
    spec = world.spec(command=("sleep", "1000"), init=False, memory_mb=64)
    await world.running(spec)
    await shell(world, spec, "(sh -c 'exec true' &)")
    await shell(world, spec, f'until [ "$({ZOMBIES})" = 1 ]; do sleep 0.05; done')


async def test_shared_memory_has_its_size(world: Infrastructure) -> None:
    spec = world.spec(shm_mb=16)
    await world.running(spec)
    assert (await shell(world, spec, "grep ' /dev/shm ' /proc/mounts")).find("size=16384k") > 0


async def test_a_stop_goes_on_when_its_caller_gives_up_and_sends_one_signal(world: Infrastructure) -> None:
    counting = "n=0; trap 'n=$((n+1)); echo $n > /tmp/asked' TERM; touch /tmp/ready; "
    command = ("sh", "-c", f"{counting} until [ -e /tmp/end ]; do sleep 0.1; done; exit $n")
    spec = world.spec(command=command, stop_grace_s=60)
    await world.running(spec)
    await shell(world, spec, "until [ -e /tmp/ready ]; do sleep 0.05; done")
    for _ in range(3):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await world.containers.stop(spec.resource_id)
    await shell(world, spec, "until [ -e /tmp/asked ]; do sleep 0.05; done; touch /tmp/end")
    await world.containers.stop(spec.resource_id)
    seen = await world.containers.inspect(spec.resource_id)
    assert seen is not None
    assert (seen.state, seen.exit_code) == ("exited", 1)


async def test_an_environment_arrives_as_it_was_given(world: Infrastructure) -> None:
    odd = {
        "LINES": "a\nb\r\n\tc",
        "QUOTES": "'\"`",
        "DOLLARS": "$HOME ${X} $(id) \\",
        "EMPTY": "",
        "TAIL": "x\n\n",
    }
    spec = world.spec(environment=odd)
    await world.running(spec)
    result = await world.containers.execute(spec.resource_id, ["cat", "/proc/1/environ"])
    found = dict(each.split("=", 1) for each in result.stdout.decode().split("\0") if each)
    assert {name: found[name] for name in odd} == odd


@pytest.mark.parametrize("code", [0, 1, 126, 127, 128, 137, 255])
async def test_a_program_inside_ends_with_its_own_code(world: Infrastructure, code: int) -> None:
    spec = world.spec()
    await world.running(spec)
    result = await world.containers.execute(spec.resource_id, ["sh", "-c", f"exit {code}"])
    assert result.exit_code == code


async def test_a_pipe_that_closes_early_ends_its_writer(world: Infrastructure) -> None:
    spec = world.spec()
    await world.running(spec)
    script = "(while echo line; do :; done; echo $? >&2) | head -n 1; echo after"
    result = await world.containers.execute(spec.resource_id, ["sh", "-c", script])
    assert (result.exit_code, result.stdout) == (0, b"line\nafter\n")
