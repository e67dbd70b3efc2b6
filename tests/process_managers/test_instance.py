"""Instances and their containers: launches, crashes, refusals of the engine."""

from collections.abc import Callable

import pytest

from domain.errors import Refused, Unreachable
from domain.instance import Instance
from domain.instance.spec import RestartPolicy
from miniaws.commands.instance import Mount, Port
from tests.process_managers.stage import REQUEST, Stage

LAUNCHED = ["launch_requested", "started"]
Accident = Callable[[Stage, str], None]


def crash(stage: Stage, id_: str) -> None:
    stage.engine.crash(id_, 3)


def finish(stage: Stage, id_: str) -> None:
    stage.engine.crash(id_, 0)


def kill(stage: Stage, id_: str) -> None:
    stage.engine.kill(id_)


def lack_memory(stage: Stage, id_: str) -> None:
    stage.engine.kill(id_, oom=True)


def vanish(stage: Stage, id_: str) -> None:
    stage.engine.vanish(id_)


ACCIDENTS: list[tuple[Accident, RestartPolicy, bool, str]] = [
    (crash, "always", True, "its program ended with code 3; the engine started it again"),
    (crash, "on-failure", True, "its program ended with code 3; the engine started it again"),
    (crash, "never", False, "its program ended with code 3"),
    (finish, "always", True, "its program ended with code 0; the engine started it again"),
    (finish, "on-failure", False, "its program ended with code 0"),
    (finish, "never", False, "its program ended with code 0"),
    (kill, "always", True, "killed (exit 137)"),
    (kill, "on-failure", True, "killed (exit 137)"),
    (kill, "never", False, "killed (exit 137)"),
    (
        lack_memory,
        "always",
        True,
        "it used more memory than its type has and was killed; the engine started it again",
    ),
    (lack_memory, "never", False, "it used more memory than its type has and was killed"),
    (vanish, "always", True, "its container was removed by hand"),
    (vanish, "on-failure", True, "its container was removed by hand"),
    (vanish, "never", False, "its container was removed by hand"),
]


async def test_an_instance_runs_and_says_so_once(stage: Stage) -> None:
    instance = await stage.running(type="small", command=["serve", "-v"], ports=[Port(port=80, publish=8081)])
    container = stage.container(instance)
    assert (instance.status, container.state) == ("running", "running")
    assert (container.spec.cpus, container.spec.memory_mb) == (1, 256)
    assert container.spec.command == ("serve", "-v")
    assert [(port.port, port.host_port) for port in container.spec.ports] == [(80, 8081)]
    assert instance.address == container.address
    assert await stage.told(instance) == LAUNCHED


@pytest.mark.parametrize(
    ("accident", "restart", "heals", "reason"),
    ACCIDENTS,
    ids=[f"{accident.__name__}-{restart}" for accident, restart, _, _ in ACCIDENTS],
)
async def test_an_accident_is_told_and_healed_as_the_policy_says(
    stage: Stage,
    accident: Accident,
    restart: RestartPolicy,
    heals: bool,  # noqa: FBT001 - a row of the table
    reason: str,
) -> None:
    instance = await stage.running(restart=restart)
    accident(stage, instance.public_id)
    found = await stage.settle(instance)
    crashed = await stage.last(instance, "crashed")
    assert (crashed["reason"], crashed["heals"]) == (reason, heals)
    assert crashed["started_at"] == (await stage.last(instance, "started"))["started_at"] or heals
    if heals:
        assert await stage.told(instance) == [*LAUNCHED, "crashed", "started"]
        assert (found.status, stage.container(instance).state) == ("running", "running")
    else:
        assert await stage.told(instance) == [*LAUNCHED, "crashed"]
        assert (found.status, found.status_reason, found.wanted) == ("stopped", reason, "stopped")


async def test_an_end_that_nobody_watched_is_told_all_the_same(stage: Stage) -> None:
    instance = await stage.running()
    crash(stage, instance.public_id)
    stage.restart_controller()
    await stage.settle(instance)
    crashed = await stage.last(instance, "crashed")
    assert crashed["reason"] == "it ended while nobody watched; the engine started it again"
    assert crashed["exit_code"] is None


async def test_the_end_of_an_earlier_run_explains_no_later_one(stage: Stage) -> None:
    instance = await stage.running()
    await stage.ask(instance, Instance.stop)
    await stage.ask(instance, Instance.start)
    stage.engine.end(instance.public_id, 9)
    stage.engine.begin(instance.public_id)
    stage.heard = len(stage.engine.events)  # the watch was cut: nobody heard
    await stage.settle(instance)
    assert "nobody watched" in (await stage.last(instance, "crashed"))["reason"]


async def test_a_paused_program_is_told_and_goes_on(stage: Stage) -> None:
    instance = await stage.running()
    run = stage.container(instance).started_at
    stage.engine.pause(instance.public_id)
    found = await stage.settle(instance)
    assert (await stage.last(instance, "failed"))["reason"] == "its program was paused by hand"
    assert (found.status, stage.container(instance).started_at) == ("running", run)


async def test_a_stopped_instance_that_was_started_by_hand_is_told_and_stopped(stage: Stage) -> None:
    instance = await stage.running()
    await stage.ask(instance, Instance.stop)
    stage.engine.begin(instance.public_id)
    found = await stage.settle(instance)
    assert (await stage.last(instance, "failed"))["reason"] == "it was started by hand"
    assert (found.status, stage.container(instance).state) == ("stopped", "exited")
    assert (await stage.ask(found, Instance.start)).status == "running"
    assert "crashed" not in await stage.told(instance)


async def test_stop_start_and_reboot_do_what_they_say(stage: Stage) -> None:
    instance = await stage.running()
    first = stage.container(instance).started_at
    assert (await stage.ask(instance, Instance.stop)).status == "stopped"
    assert stage.container(instance).state == "exited"
    assert (await stage.ask(instance, Instance.start)).status == "running"
    second = stage.container(instance).started_at
    assert (await stage.ask(instance, Instance.reboot)).status == "running"
    assert len({first, second, stage.container(instance).started_at}) == 3
    asked = ["stop_requested", "stopped", "start_requested", "started", "reboot_requested", "started"]
    assert await stage.told(instance) == LAUNCHED + asked


REFUSALS: list[tuple[str, list[str], Callable[[Instance], None] | None]] = [
    ("containers.inspect", ["failed", "started"], None),
    ("containers.ensure", ["failed", "started"], None),
    ("containers.start", ["failed", "started"], None),
    ("containers.stop", ["stop_requested", "failed", "stopped"], Instance.stop),
    (
        "containers.resize",
        ["type_change_requested", "failed", "started", "resized"],
        lambda i: i.change_type("nano"),
    ),
    ("containers.remove", ["terminate_requested", "failed", "terminated"], Instance.terminate),
]


@pytest.mark.parametrize(("call", "expected", "wish"), REFUSALS, ids=[call for call, _, _ in REFUSALS])
@pytest.mark.parametrize("error", [Refused("cannot do it today"), Unreachable("cannot reach the engine")])
async def test_a_failing_call_is_told_once_and_heals(
    stage: Stage, call: str, expected: list[str], wish: Callable[[Instance], None] | None, error: Exception
) -> None:
    reason = "the container engine does not answer" if isinstance(error, Unreachable) else str(error)
    if wish is None:
        instance, before = await stage.launch(), ["launch_requested"]
    else:
        instance, before = await stage.running(), LAUNCHED
        await stage.cloud.change(REQUEST, Instance, instance.public_id, wish)
    stage.engine.fail(call, error, None)
    for _ in range(4):
        found = await stage.refused(instance)
        assert (found.status, found.status_reason) == ("error", reason)
    stage.engine.heal(call)
    found = await stage.settle(instance)
    assert (await stage.told(instance), found.status_reason) == (before + expected, None)


async def test_a_missing_image_is_told_and_heals(stage: Stage) -> None:
    instance = await stage.launch(image="web:1")
    stage.engine.missing_images.add("web:1")
    found = await stage.refused(instance)
    assert "cannot find the image web:1" in (found.status_reason or "")
    stage.engine.missing_images.clear()
    assert (await stage.settle(instance)).status == "running"


async def test_a_taken_port_is_told_and_heals(stage: Stage) -> None:
    instance = await stage.launch(ports=[Port(port=80, publish=8081)])
    stage.engine.taken_ports.add(8081)
    found = await stage.refused(instance)
    assert "port 8081" in (found.status_reason or "")
    stage.engine.taken_ports.clear()
    assert (await stage.settle(instance)).status == "running"


async def test_an_engine_that_lost_everything_gets_everything_again(stage: Stage) -> None:
    instances = [await stage.running(name=f"web-{number}") for number in range(3)]
    stage.engine.fail("containers.inspect", Unreachable("cannot reach the engine"), None)
    for instance in instances:
        assert (await stage.refused(instance)).status == "error"
    stage.engine.heal("containers.inspect")
    for instance in instances:
        stage.engine.vanish(instance.public_id)
        assert (await stage.settle(instance)).status == "running"
        assert await stage.told(instance) == [*LAUNCHED, "failed", "crashed", "started"]


async def test_nothing_is_tried_before_what_it_needs_is_there(stage: Stage) -> None:
    vpc = await stage.vpc()
    instance = await stage.launch()
    stage.engine.fail("containers.ensure", Refused("cannot create it"), 1)
    assert await stage.pass_(instance) == "waits for vpc default"
    await stage.settle(vpc)
    assert (await stage.refused(instance)).status_reason == "cannot create it", "it was tried before"


async def test_what_an_instance_needs_is_waited_for(stage: Stage) -> None:
    vpc = await stage.vpc()
    volume = await stage.volume()
    instance = await stage.launch(volumes=[Mount(volume=volume.name, path="/data")])
    assert await stage.pass_(instance) == "waits for vpc default"
    await stage.settle(vpc)
    assert await stage.pass_(instance) == "waits for volume data"
    await stage.settle(volume)
    assert (await stage.settle(instance)).status == "running"
    assert await stage.told(instance) == LAUNCHED
