"""A resource that waits for an image says so, has not failed, and continues by itself."""

import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from domain.cache import Cache
from domain.errors import ImageMissing, ImagePending
from domain.load_balancer import LoadBalancer
from domain.snapshot import Snapshot
from domain.status import SETTLING
from miniaws.commands import cache as caches
from miniaws.commands import load_balancer as balancers
from miniaws.commands import snapshot as snapshots
from tests.process_managers.stage import REQUEST, Stage, open_stage
from tests.process_managers.test_server import Servers

BUILDING = "building the image miniaws/trial:local, {} s so far"


@pytest.fixture
async def stage(prepared_url: str, tmp_path: Path) -> AsyncGenerator[Servers]:
    async with open_stage(prepared_url, tmp_path) as opened:
        servers = Servers(opened.cloud, opened.engine, opened.world, opened.database_url)
        await servers.settle(await servers.vpc())
        yield servers


async def instance(stage: Stage) -> Any:
    return await stage.launch()


async def cache(stage: Stage) -> Any:
    saved = await caches.create(stage.cloud, REQUEST, caches.CreateCache(name="c"))
    return await stage.load(Cache, saved.aggregate.id)


async def load_balancer(stage: Stage) -> Any:
    saved = await balancers.create(
        stage.cloud,
        REQUEST,
        balancers.CreateLoadBalancer(name="lb", listeners=[balancers.ListenOn(port=8081)]),
    )
    return await stage.load(LoadBalancer, saved.aggregate.id)


async def snapshot(stage: Stage) -> Any:
    await stage.settle(await stage.volume("data"))
    saved = await snapshots.create(
        stage.cloud, REQUEST, snapshots.CreateSnapshot(name="before", volume="data")
    )
    return await stage.load(Snapshot, saved.aggregate.id)


CALLS: list[tuple[Callable[[Stage], Awaitable[Any]], str]] = [
    (instance, "containers.ensure"),
    (cache, "containers.ensure"),
    (load_balancer, "proxies.ensure"),
    (snapshot, "copies.begin"),
]


async def shown(stage: Stage, about: Any) -> tuple[str, str | None]:
    """Return the document, which must match the resource."""
    await stage.project()
    inventory = stage.cloud.ports.inventory
    found = await inventory.one(about.id, None, await stage.cloud.ports.store.head())
    assert found is not None
    document = json.loads(found)
    now = await stage.load(type(about), about.id)
    assert (document["status"], document["status_reason"]) == (now.status, now.status_reason)
    return now.status, now.status_reason


@pytest.mark.parametrize(("asked", "call"), CALLS)
async def test_it_says_how_far_its_image_is_once_per_step(
    stage: Servers, asked: Callable[[Stage], Awaitable[Any]], call: str
) -> None:
    about = await asked(stage)
    for seconds in (0, 0, 10, 10):
        stage.engine.fail(call, ImagePending(BUILDING.format(seconds)), times=None)
        await stage.refused(about)
        status, reason = await shown(stage, about)
        assert status in SETTLING
        assert reason == BUILDING.format(seconds)
    assert (await stage.told(about)).count("image_awaited") == 2
    stage.engine.heal(call)
    await stage.settle(about)
    status, reason = await shown(stage, about)
    assert status in {"running", "available"}
    assert reason is None
    assert "failed" not in await stage.told(about)


@pytest.mark.parametrize(("asked", "call"), CALLS)
async def test_an_image_that_cannot_be_had_is_a_failure_until_it_can(
    stage: Servers, asked: Callable[[Stage], Awaitable[Any]], call: str
) -> None:
    about = await asked(stage)
    stage.engine.fail(call, ImageMissing("cannot build it: root is required; run `sudo …`"))
    await stage.refused(about)
    assert await shown(stage, about) == ("error", "cannot build it: root is required; run `sudo …`")
    stage.engine.fail(call, ImagePending(BUILDING.format(0)))
    await stage.refused(about)
    assert (await shown(stage, about))[0] in SETTLING
    await stage.settle(about)
    assert (await shown(stage, about))[1] is None
