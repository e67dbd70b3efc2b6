"""What nobody wants any more: reported, held, removed. What lives, or is not ours, is never touched."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from domain.errors import Unreachable
from domain.instance import Instance
from domain.ports import ContainerSpec
from domain.volume import Volume
from domain.vpc import Vpc
from miniaws.runtime.sweep import Sweep
from tests.process_managers.stage import Stage, open_stage

HOLD_S = 300
NOBODYS = "{}-aaaaaaaaaaaaaaaaaaaaaaaaaa"


@dataclass
class Clock:
    """A clock that a test moves."""

    at: datetime = datetime(2026, 1, 1, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    def pass_(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@dataclass
class Swept:
    stage: Stage
    clock: Clock = field(default_factory=Clock)
    noted: list[int] = field(default_factory=list[int])

    def __post_init__(self) -> None:
        world = self.stage.world

        async def note(count: int) -> None:
            self.noted.append(count)

        self.sweep = Sweep(
            self.stage.cloud.ports.store,
            world.containers,
            world.networks,
            world.volumes,
            self.clock,
            HOLD_S,
            note,
        )

    async def removed(self) -> list[str]:
        return [found.resource_id for found in await self.sweep.sweep()]


async def orphans(stage: Stage) -> list[str]:
    """Leave a container on a network with a volume that no resource wants."""
    vpc, volume, instance = (NOBODYS.format(prefix) for prefix in ("vpc", "vol", "i"))
    await stage.world.networks.ensure(vpc, "main", "10.99.0.0/24")
    await stage.world.volumes.ensure(volume, "main", None)
    spec = ContainerSpec(instance, "main", "old", "nginx:1.27", vpc, 1, 1, 64, "always")
    await stage.world.containers.ensure(spec)
    await stage.world.containers.start(instance)
    return [instance, vpc, volume]


@pytest.fixture
async def swept(prepared_url: str, tmp_path: Path):  # noqa: ANN201 - an asynchronous generator of Swept
    async with open_stage(prepared_url, tmp_path) as stage:
        yield Swept(stage)


async def test_an_orphan_is_reported_held_and_removed(swept: Swept) -> None:
    lost = await orphans(swept.stage)
    assert (await swept.removed(), swept.noted) == ([], [3])
    swept.clock.pass_(HOLD_S - 1)
    assert (await swept.removed(), swept.noted) == ([], [3, 3])
    swept.clock.pass_(1)
    assert (await swept.removed(), swept.noted) == (lost, [3, 3, 0])
    assert not swept.stage.engine.containers
    assert not swept.stage.engine.networks
    assert not swept.stage.engine.volumes
    assert await swept.removed() == []


async def test_what_lives_is_never_removed(swept: Swept) -> None:
    stage = swept.stage
    await stage.settle(await stage.volume())
    instance = await stage.running()
    await stage.ask(instance, Instance.stop)
    stopped = dict(stage.engine.containers)
    for _ in range(3):
        assert await swept.removed() == []
        swept.clock.pass_(10 * HOLD_S)
    assert (stage.engine.containers, swept.noted) == (stopped, [0, 0, 0])


async def test_what_was_terminated_or_deleted_is_removed_when_it_is_back(swept: Swept) -> None:
    stage = swept.stage
    instance = await stage.running()
    volume = await stage.settle(await stage.volume())
    vpc = await stage.cloud.load(Vpc, "main", "default")
    left = (dict(stage.engine.containers), dict(stage.engine.networks), dict(stage.engine.volumes))
    await stage.ask(instance, Instance.terminate)
    await stage.ask(volume, Volume.delete)
    await stage.ask(vpc, Vpc.delete)
    stage.engine.containers, stage.engine.networks, stage.engine.volumes = left
    assert await swept.removed() == []
    swept.clock.pass_(HOLD_S)
    assert await swept.removed() == [instance.public_id, vpc.public_id, volume.public_id]


async def test_a_resource_that_came_to_life_in_between_is_kept(swept: Swept) -> None:
    """The hold begins anew for a thing that was wanted meanwhile."""
    await orphans(swept.stage)
    await swept.removed()
    kept = dict(swept.stage.engine.containers)
    swept.stage.engine.containers.clear()
    await swept.removed()
    swept.stage.engine.containers.update(kept)
    swept.clock.pass_(HOLD_S)
    assert NOBODYS.format("i") not in await swept.removed()


async def test_one_that_cannot_be_removed_keeps_no_other(swept: Swept) -> None:
    _, vpc, volume = await orphans(swept.stage)
    await swept.removed()
    swept.clock.pass_(HOLD_S)
    swept.stage.engine.fail("networks.remove", Unreachable("cannot reach the engine"))
    assert volume in await swept.removed()
    assert swept.noted[-1] == 1
    assert await swept.removed() == [vpc]
