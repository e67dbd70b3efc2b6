"""Orphans are reported once per occurrence. Objects of existing resources are not orphans."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from adapters.event_store.audit import audit
from adapters.memory import MemoryContainers
from domain.errors import Unreachable
from domain.instance import Instance
from domain.orphan import Orphan, scope
from domain.ports import ContainerSpec, Found
from domain.volume import Volume
from domain.vpc import Vpc
from miniaws.runtime.sweep import Sweep
from tests.process_managers.stage import Stage, open_stage

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
NOBODYS = "{}-aaaaaaaaaaaaaaaaaaaaaaaaaa"
INSTANCE, VPC, VOLUME = (NOBODYS.format(prefix) for prefix in ("i", "vpc", "vol"))
NAMES = [f"container-{INSTANCE}", f"network-{VPC}", f"volume-{VOLUME}"]


@dataclass
class Swept:
    stage: Stage
    noted: list[int] = field(default_factory=list[int])

    def __post_init__(self) -> None:
        self.stage.stop_clock(NOON)

        async def note(count: int) -> None:
            self.noted.append(count)

        self.sweep = Sweep(self.stage.cloud, note)

    async def known(self) -> list[str]:
        """Sweep, and return the names of the known orphans."""
        await self.sweep.sweep()
        return [claim.key for claim in await self.stage.cloud.ports.store.claims(scope())]

    async def orphan(self, name: str) -> Orphan:
        return await self.stage.cloud.load(Orphan, "main", name)


async def leave(stage: Stage) -> None:
    """Create a container on a network with a volume that belong to no resource."""
    await stage.world.networks.ensure(VPC, "main", "10.99.0.0/24")
    await stage.world.volumes.ensure(VOLUME, "main", None)
    spec = ContainerSpec(INSTANCE, "main", "old", "nginx:1.27", VPC, 1, 1, 64, "always")
    await stage.world.containers.ensure(spec)
    await stage.world.containers.start(INSTANCE)


@pytest.fixture
async def swept(prepared_url: str, tmp_path: Path):  # noqa: ANN201 - an asynchronous generator of Swept
    async with open_stage(prepared_url, tmp_path) as stage:
        yield Swept(stage)


async def test_an_orphan_is_told_once_with_what_it_is_and_until_when_it_is_held(swept: Swept) -> None:
    await leave(swept.stage)
    assert (await swept.known(), await swept.known(), swept.noted) == (NAMES, NAMES, [3, 3])
    orphan = await swept.orphan(NAMES[0])
    assert (orphan.thing, orphan.resource_kind, orphan.resource_id) == ("container", "instance", INSTANCE)
    assert orphan.held_until == NOON + timedelta(seconds=swept.stage.cloud.settings.orphan_hold_s)
    assert (orphan.status, orphan.status_reason) == ("held", "there is no such resource")
    assert await swept.stage.told(orphan) == ["found"]


async def test_a_sweep_that_was_cut_off_is_repeated_without_a_double(swept: Swept) -> None:
    await leave(swept.stage)
    swept.stage.engine.fail("networks.found", Unreachable("cannot reach the engine"))
    with pytest.raises(Unreachable):
        await swept.known()
    assert await swept.known() == NAMES
    assert await swept.stage.told(await swept.orphan(NAMES[0])) == ["found"]


async def test_an_engine_that_does_not_answer_loses_no_orphan(swept: Swept) -> None:
    await leave(swept.stage)
    await swept.known()
    swept.stage.engine.fail("containers.found", Unreachable("cannot reach the engine"))
    with pytest.raises(Unreachable):
        await swept.known()
    assert (await swept.orphan(NAMES[0])).status == "held"


async def test_what_lives_is_no_orphan(swept: Swept) -> None:
    stage = swept.stage
    await stage.settle(await stage.volume())
    instance = await stage.running()
    await stage.ask(instance, Instance.stop)
    assert (await swept.known(), swept.noted) == ([], [0])


async def test_what_was_terminated_or_deleted_is_an_orphan_when_it_is_back(swept: Swept) -> None:
    stage = swept.stage
    instance = await stage.running()
    volume = await stage.settle(await stage.volume())
    vpc = await stage.cloud.load(Vpc, "main", "default")
    left = (dict(stage.engine.containers), dict(stage.engine.networks), dict(stage.engine.volumes))
    await stage.ask(instance, Instance.terminate)
    await stage.ask(volume, Volume.delete)
    await stage.ask(vpc, Vpc.delete)
    assert await swept.known() == []
    stage.engine.containers, stage.engine.networks, stage.engine.volumes = left
    found = await swept.known()
    assert found == [
        f"container-{instance.public_id}",
        f"network-{vpc.public_id}",
        f"volume-{volume.public_id}",
    ]
    reasons = [(await swept.orphan(name)).status_reason for name in found]
    assert reasons == ["its instance is terminated", "its vpc is deleted", "its volume is deleted"]


async def test_one_that_goes_by_itself_is_told_and_another_one_when_it_is_back(swept: Swept) -> None:
    await leave(swept.stage)
    await swept.known()
    first = await swept.orphan(NAMES[0])
    kept = dict(swept.stage.engine.containers)
    swept.stage.engine.containers.clear()
    assert await swept.known() == NAMES[1:]
    assert await swept.stage.told(first) == ["found", "vanished"]
    swept.stage.engine.containers.update(kept)
    assert await swept.known() == NAMES
    second = await swept.orphan(NAMES[0])
    assert (second.id != first.id, await swept.stage.told(second)) == (True, ["found"])


class Emptied(MemoryContainers):
    """Containers that are removed right after they were listed."""

    async def found(self) -> list[Found]:
        listed = await super().found()
        self._engine.containers.clear()
        return listed


async def test_what_is_being_removed_while_it_is_looked_for_is_no_orphan(swept: Swept) -> None:
    cloud = swept.stage.cloud
    await leave(swept.stage)
    cloud.ports = replace(cloud.ports, containers=Emptied(swept.stage.engine))
    assert await swept.known() == NAMES[1:]


async def test_every_event_of_an_orphan_has_a_cause(swept: Swept) -> None:
    await leave(swept.stage)
    await swept.known()
    await swept.stage.project()
    swept.stage.engine.containers.clear()
    await swept.known()
    assert audit(swept.stage.database_url) == []
