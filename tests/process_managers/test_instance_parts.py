"""Volumes, limits and secrets of instances, and managers that die between an effect and its report."""

from collections.abc import Callable, Sequence
from typing import Any

import psycopg
import pytest

from adapters.memory import MemoryContainers
from domain.instance import Instance, ProcessOptions
from domain.instance.spec import USER_DATA_PATH
from domain.ports import ContainerSpec, SeenContainer
from domain.volume import Volume, VolumeInUse
from miniaws.commands import volume as volumes
from miniaws.commands.instance import Mount, Port
from miniaws.process_managers.instance import InstanceManager
from tests.process_managers.stage import REQUEST, Stage


async def test_a_volume_is_mounted_at_the_next_start_and_files_stay(stage: Stage) -> None:
    instance = await stage.running()
    volume = await stage.settle(await stage.volume())
    stage.container(instance).files["/note"] = b"mine"
    await stage.ask(instance, Instance.stop)
    await volumes.attach(stage.cloud, REQUEST, "data", volumes.AttachVolume(instance="web-1", path="/data"))
    await stage.ask(instance, Instance.start)
    container = stage.container(instance)
    assert [(mount.volume_id, mount.path) for mount in container.spec.mounts] == [(volume.public_id, "/data")]
    assert container.files == {"/note": b"mine"}
    await stage.ask(instance, Instance.stop)
    await volumes.detach(stage.cloud, REQUEST, "data", volumes.DetachVolume(instance="web-1"))
    await stage.ask(instance, Instance.start)
    assert stage.container(instance).spec.mounts == ()
    assert (await stage.load(Volume, volume.id)).attached_to is None


async def test_the_end_of_an_instance_frees_its_volumes_in_the_same_save(stage: Stage) -> None:
    volume = await stage.settle(await stage.volume())
    instance = await stage.running(volumes=[Mount(volume="data", path="/data")])
    with pytest.raises(VolumeInUse, match="instance web-1 uses it"):
        await volumes.delete(stage.cloud, REQUEST, "data")
    await stage.ask(instance, Instance.terminate)
    events = await stage.cloud.ports.store.events(instance.id)
    freed = await stage.cloud.ports.store.events(volume.id)
    assert (events[-1].type, freed[-1].type) == ("instance.terminated", "volume.detached")
    assert freed[-1].recorded_at == events[-1].recorded_at
    assert (await stage.ask(volume, Volume.delete)).status == "deleted"


async def test_a_volume_changed_during_the_end_delays_it_by_a_step(stage: Stage) -> None:
    await stage.settle(await stage.volume())
    instance = await stage.running(volumes=[Mount(volume="data", path="/data")])
    save, cloud = stage.cloud.save, stage.cloud
    raced: list[str] = []

    async def save_after_another(*arguments: Any, **more: Any) -> Any:
        if not raced and any(isinstance(each, Volume) for each in arguments):
            raced.append("tags")
            await volumes.change(cloud, REQUEST, "data", volumes.ChangeVolume(tags={"a": "b"}))
        return await save(*arguments, **more)

    await cloud.change(REQUEST, Instance, instance.public_id, Instance.terminate)
    cloud.save = save_after_another
    assert (await stage.settle(instance)).status == "terminated"
    volume = await cloud.load(Volume, "main", "data")
    assert (raced, volume.attached_to, volume.tags) == (["tags"], None, {"a": "b"})


async def test_a_change_of_type_changes_the_limits_of_the_running_program(stage: Stage) -> None:
    instance = await stage.running(type="nano")
    run = stage.container(instance).started_at
    found = await stage.ask(instance, lambda i: i.change_type("medium"))
    container = stage.container(instance)
    assert (container.cpus, container.memory_mb, container.started_at) == (1, 1024, run)
    assert (found.applied_type, found.status) == ("medium", "running")
    assert await stage.told(instance) == ["launch_requested", "started", "type_change_requested", "resized"]


async def test_limits_changed_by_hand_are_put_right(stage: Stage) -> None:
    instance = await stage.running()
    stage.container(instance).memory_mb = 9999
    await stage.settle(instance)
    assert stage.container(instance).memory_mb == 128


async def test_a_secret_reaches_the_program_and_is_erased_with_it(stage: Stage, prepared_url: str) -> None:
    instance = await stage.running(env={"TOKEN": "canary-7f3a"}, user_data="canary-7f3a")
    assert stage.container(instance).spec.environment == {"TOKEN": "canary-7f3a"}
    assert stage.container(instance).files[USER_DATA_PATH] == b"canary-7f3a"
    assert "canary-7f3a" not in repr(stage.container(instance).spec)
    assert await _secrets(prepared_url) == 2
    await stage.ask(instance, Instance.terminate)
    assert await _secrets(prepared_url) == 0


async def _secrets(database_url: str) -> int:
    async with await psycopg.AsyncConnection.connect(database_url) as connection:
        row = await (await connection.execute("SELECT count(*) FROM secrets")).fetchone()
        assert row is not None
        return row[0]


async def test_name_and_port_are_free_when_the_instance_is_gone(stage: Stage) -> None:
    instance = await stage.running(ports=[Port(port=80, publish=8081)])
    await stage.ask(instance, Instance.terminate)
    assert stage.engine.containers == {}
    again = await stage.running(ports=[Port(port=80, publish=8081)])
    assert (again.name, again.status) == (instance.name, "running")


class Death(BaseException):
    """The manager's process ends here."""


class Dying(MemoryContainers):
    """Executes a call, whose caller never gets the result."""

    dies_after: str | None = None

    async def ensure(self, spec: ContainerSpec) -> SeenContainer:
        return self._die("ensure", await super().ensure(spec))

    async def start(self, resource_id: str) -> SeenContainer:
        return self._die("start", await super().start(resource_id))

    async def stop(self, resource_id: str, grace_s: int | None = None) -> None:
        return self._die("stop", await super().stop(resource_id, grace_s))

    async def resize(self, resource_id: str, cpus: float, memory_mb: int) -> None:
        return self._die("resize", await super().resize(resource_id, cpus, memory_mb))

    async def remove(self, resource_id: str) -> None:
        return self._die("remove", await super().remove(resource_id))

    def _die(self, call: str, answer: Any) -> Any:
        if call == self.dies_after:
            raise Death
        return answer


WISHES: dict[str, Callable[[Instance], None]] = {
    "stop": Instance.stop,
    "reboot": Instance.reboot,
    "change_type": lambda instance: instance.change_type("large"),
    "terminate": Instance.terminate,
}


@pytest.mark.parametrize(
    ("wish", "calls", "expected"),
    [
        (None, ["ensure", "start"], ["launch_requested", "started"]),
        ("stop", ["stop"], ["stop_requested", "stopped"]),
        ("reboot", ["stop", "start"], ["reboot_requested", "started"]),
        ("change_type", ["resize"], ["type_change_requested", "resized"]),
        ("terminate", ["stop", "remove"], ["terminate_requested", "terminated"]),
    ],
)
async def test_dying_between_an_effect_and_its_report_changes_nothing(
    stage: Stage, wish: str | None, calls: Sequence[str], expected: list[str]
) -> None:
    instance = await stage.launch() if wish is None else await stage.running()
    if wish is not None:
        await stage.cloud.change(REQUEST, Instance, instance.public_id, WISHES[wish])
    before = len(await stage.told(instance))
    for call in calls:
        dying = Dying(stage.engine)
        dying.dies_after = call
        with pytest.raises(Death):
            await InstanceManager(stage.cloud, dying).reconcile(instance.id)
        assert len(await stage.told(instance)) == before, "it was reported before it was done"
    stage.restart_controller()
    await stage.settle(instance)
    assert (await stage.told(instance))[-len(expected) :] == expected
    assert len(stage.engine.containers) == (wish != "terminate")


async def test_a_program_is_run_as_was_asked(stage: Stage) -> None:
    chosen = ProcessOptions(init=False, capabilities=["NET_RAW"], stop_grace_s=42, stop_signal="SIGQUIT")
    for options in (ProcessOptions(), chosen):
        instance = await stage.running(**options.as_json())
        made = stage.engine.containers[instance.public_id].spec
        assert (made.init, made.stop_grace_s, made.stop_signal) == (
            options.init,
            options.stop_grace_s,
            options.stop_signal,
        )
        assert made.capabilities == tuple(options.capabilities)
        await stage.ask(instance, Instance.terminate)
