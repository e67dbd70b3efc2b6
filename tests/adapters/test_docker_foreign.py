"""Objects on the engine with only some of our labels disturb nothing, and are not changed."""

import asyncio
import contextlib
import io
import tarfile
from collections.abc import AsyncGenerator, Generator, Mapping
from dataclasses import dataclass
from pathlib import Path

import docker
import pytest
from docker.errors import NotFound

from adapters.docker import DockerEngine, DockerPorts, DockerStats, docker_ports
from domain.ports import EngineEvent
from domain.stats import HOST
from tests.adapters.world import IMAGE, Infrastructure, eventually, real_world

OURS = {
    "miniaws.kind": "instance",
    "miniaws.id": "i-foreign",
    "miniaws.account": "main",
    "miniaws.generation": "1",
}
ODD: dict[str, dict[str, str]] = {
    "only the cloud": {},
    **{f"no {name}": {k: v for k, v in OURS.items() if k != name} for name in ("miniaws.kind", "miniaws.id")},
    **{f"{name} empty": OURS | {name: ""} for name in ("miniaws.kind", "miniaws.id")},
    "an unknown kind": OURS | {"miniaws.kind": "dns_zone"},
    "an id that is none": OURS | {"miniaws.id": "../../etc"},
    "an id of another alphabet": OURS | {"miniaws.id": "inståncé"},
    "an id without an end": OURS | {"miniaws.id": "i" * 5000},
}
STRANGE = {
    "the id of the host": OURS | {"miniaws.id": HOST},
    "no generation": {k: v for k, v in OURS.items() if k != "miniaws.generation"},
    "a generation that is none": OURS | {"miniaws.generation": "²"},
    "a generation without an end": OURS | {"miniaws.generation": "9" * 5000},
    "no account": {k: v for k, v in OURS.items() if k != "miniaws.account"},
    "a label like a word of the engine": OURS | {"exitCode": "none", "name": "other"},
}


@dataclass
class Foreign:
    """One object of each type with these labels, the container running."""

    client: docker.DockerClient
    labels: Mapping[str, str]
    name: str

    def make(self) -> None:
        labels = dict(self.labels)
        self.client.networks.create(self.name, labels=labels)
        self.client.volumes.create(self.name, labels=labels)
        self.client.images.build(
            fileobj=_context(), custom_context=True, tag=f"{self.name}:1", labels=labels, rm=True
        )
        self.client.containers.run(IMAGE, detach=True, name=self.name, labels=labels, network="none")

    def crash(self) -> None:
        self.client.containers.get(self.name).kill()

    def is_there(self) -> bool:
        self.client.containers.get(self.name)
        self.client.networks.get(self.name)
        self.client.volumes.get(self.name)
        self.client.images.get(f"{self.name}:1")
        return True

    def remove(self) -> None:
        """Remove objects that the sweep after the test has left."""
        with contextlib.suppress(NotFound):
            self.client.containers.get(self.name).remove(force=True)
        with contextlib.suppress(NotFound):
            self.client.networks.get(self.name).remove()
        with contextlib.suppress(NotFound):
            self.client.volumes.get(self.name).remove(force=True)
        with contextlib.suppress(NotFound):
            self.client.images.remove(f"{self.name}:1", force=True)


def _context() -> io.BytesIO:
    """Return the build context of an empty image."""
    recipe = f"FROM {IMAGE}\n".encode()
    context = io.BytesIO()
    with tarfile.open(fileobj=context, mode="w") as archive:
        member = tarfile.TarInfo("Dockerfile")
        member.size = len(recipe)
        archive.addfile(member, io.BytesIO(recipe))
    context.seek(0)
    return context


@pytest.fixture
async def world(engine: str, cloud_name: str, tmp_path: Path) -> AsyncGenerator[Infrastructure]:
    async with real_world(engine, cloud_name, tmp_path) as world:
        yield world


@pytest.fixture(params=[*ODD, *STRANGE])
def foreign(request: pytest.FixtureRequest, engine: str, world: Infrastructure) -> Generator[Foreign]:
    client = docker.DockerClient(base_url=engine, version="auto")
    labels = {"miniaws.cloud": world.cloud} | (ODD | STRANGE)[request.param]
    made = Foreign(client, labels, f"{world.cloud}.foreign")
    made.make()
    yield made
    made.remove()
    client.close()


@pytest.fixture
async def ports(engine: str, cloud_name: str, tmp_path: Path) -> AsyncGenerator[DockerPorts]:
    found = docker_ports(engine, cloud_name, tmp_path / "volumes")
    yield found
    await found.close()


async def test_what_has_odd_labels_stops_nothing(
    foreign: Foreign, world: Infrastructure, ports: DockerPorts
) -> None:
    ours = world.spec()
    heard: list[EngineEvent] = []

    async def listen() -> None:
        async for event in ports.watch.watch(None):
            heard.append(event)  # noqa: PERF401 - so that it is seen at once

    listening = asyncio.create_task(listen())
    try:
        await world.running(ours)
        await asyncio.to_thread(foreign.crash)

        async def both_measured_and_heard() -> bool | None:
            measured = {sample.resource_id for sample in await ports.stats.sample()}
            about = {event.resource_id for event in heard}
            return ours.resource_id in measured & about or None

        await eventually(both_measured_and_heard)
        await world.accidents.kill(ours.resource_id)

        async def end_heard() -> bool | None:
            return ("die", ours.resource_id) in {(event.action, event.resource_id) for event in heard} or None

        await eventually(end_heard)
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
    found = [
        *await ports.containers.found(),
        *await ports.networks.found(),
        *await ports.volumes.found(),
    ]
    assert ours.resource_id in {each.resource_id for each in found}
    if _is_odd(foreign.labels):
        named = {event.resource_id for event in heard} | {each.resource_id for each in found}
        assert named <= {ours.resource_id, world.network_id}
    await ports.containers.remove(ours.resource_id)
    assert await asyncio.to_thread(foreign.is_there)


def _is_odd(labels: Mapping[str, str]) -> bool:
    return {key: value for key, value in labels.items() if key != "miniaws.cloud"} in ODD.values()


async def test_what_bears_the_id_of_an_instance_is_not_measured_in_its_place(
    engine: str, cloud_name: str, world: Infrastructure
) -> None:
    ours = world.spec()
    labels = {"miniaws.cloud": cloud_name, "miniaws.kind": "instance", "miniaws.id": ours.resource_id}
    await world.running(ours)
    client = docker.DockerClient(base_url=engine, version="auto")
    ports = DockerEngine(engine, cloud_name)
    # By streams a run is named after its container.
    stats = DockerStats(ports, None)
    twin = client.containers.run(IMAGE, detach=True, labels=labels, network="none")
    try:
        own = client.containers.get(f"{cloud_name}-{ours.resource_id}")

        async def measured() -> str | None:
            found = [each for each in await stats.sample() if each.resource_id == ours.resource_id]
            return found[0].run if found else None

        assert (await eventually(measured)).startswith(f"{own.id}.")
    finally:
        twin.remove(force=True)
        client.close()
        await stats.close()
        await ports.close()
