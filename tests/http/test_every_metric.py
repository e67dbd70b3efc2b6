"""Every declared metric has a source: activity in a cloud changes it."""

import math
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

from adapters.memory import MemoryArchives, MemoryFirewall, MemoryProxies, MemoryStats
from domain.archive import ArchiveContents, Mark
from domain.errors import Refused
from domain.load_balancer.proxy import SeenProxy, Traffic
from domain.ports import ContainerSpec
from domain.volume import Volume
from miniaws import application, bootstrap, telemetry
from miniaws.http.figures import SOURCES, Watched
from tests.http.in_process import WAIT, Cloud, done, open_cloud
from tests.process_managers.stage import REQUEST
from tests.runtime.running import eventually
from tests.runtime.test_supervision import end_loop

NOBODYS = "-aaaaaaaaaaaaaaaaaaaaaaaaaa"
AFTER_A_LOCK = {"miniaws_projection_lag_events", "miniaws_projection_lag_seconds"}
"""Metrics that only change while the projector cannot write: these have their own test."""


@pytest.fixture
async def cloud(prepared_url: str, tmp_path: Path) -> AsyncGenerator[Cloud]:
    async with open_cloud(prepared_url, tmp_path, resync_s=0.5) as opened:
        yield opened


def declared() -> set[str]:
    return {
        family.name
        for registry in (telemetry.REGISTRY, telemetry.CONTROLLER)
        for family in registry.collect()
    }


async def scraped(cloud: Cloud) -> list[Metric]:
    """Return the metric families as read by Prometheus."""
    cloud.app.state.watched = Watched(cloud.app.state.cloud)
    families = text_string_to_metric_families((await cloud.admin.get("/metrics")).text)
    return [family for family in families if not family.name.endswith("_created")]


def moved(families: Iterable[Metric]) -> set[str]:
    """Return the families with a sample above zero."""
    return {
        family.name
        for family in families
        if any(not math.isnan(sample.value) and sample.value > 0 for sample in family.samples)
    }


async def run_commands(cloud: Cloud) -> None:
    instance = await cloud.launched()
    stats = cloud.world.stats
    assert isinstance(stats, MemoryStats)
    stats.load(instance["id"], cores=0.2, memory_bytes=2**24, bytes_per_s=5000)


async def fail_a_pass(cloud: Cloud) -> None:
    cloud.engine.fail("networks.ensure", Refused("cannot use the range"), None)
    done(await cloud.admin.post("/api/vpcs", json={"name": "bad"}))


async def leave_an_orphan(cloud: Cloud) -> None:
    network = done(await cloud.admin.post("/api/vpcs", json={"name": "good"}, headers=WAIT), "available")
    spec = ContainerSpec(f"i{NOBODYS}", "main", "old", "nginx:1.27", network["id"], 1, 1, 64, "always")
    await cloud.world.containers.ensure(spec)


async def balance(cloud: Cloud) -> None:
    """Increase the traffic of a load balancer and its target each second."""
    proxies, count = cloud.world.proxies, 0
    assert isinstance(proxies, MemoryProxies)
    look = proxies.look

    async def busy(resource_id: str) -> SeenProxy | None:
        nonlocal count
        count += 10
        found = await look(resource_id)
        told = Traffic("run", 3, *[count] * 6, latency_ms=7.0)
        return found and replace(found, traffic=told)

    proxies.look = busy
    body = {"name": "web", "listeners": [{"port": 18080}]}
    done(await cloud.admin.post("/api/load-balancers", json=body, headers=WAIT))


async def ask_servers(cloud: Cloud) -> None:
    """Make servers report every metric."""
    figures = {name: 7.0 for kind in ("database", "cache", "queue") for name in SOURCES[kind].meanings}
    figures["replica_lag_s"] = figures["memory_bytes"] = 7.0
    inside = {"queues": {"q": {"depth": 7, "publish_per_s": 7.0, "deliver_per_s": 7.0}}}

    async def stats(*_: Any) -> dict[str, Any]:
        return {**figures, **inside}

    world = cloud.world
    clients: list[Any] = [*world.databases.values(), *world.caches.values(), *world.queues.values()]
    for client in clients:
        client.stats = stats
    await cloud.admin.post("/api/caches", json={"name": "sessions"}, headers=WAIT)
    await cloud.admin.post("/api/queues", json={"name": "events", "engine": "rabbitmq"}, headers=WAIT)


async def back_up(cloud: Cloud) -> None:
    never = {"backup": {"drill_schedule": None}}
    await cloud.admin.post("/api/databases", json={"name": "orders", **never}, headers=WAIT)
    archives, then = cloud.world.archives["postgres"], datetime.now(UTC) - timedelta(seconds=40)
    assert isinstance(archives, MemoryArchives)

    async def is_backed_up() -> bool:
        for id_, container in list(cloud.engine.containers.items()):
            if container.state == "running" and container.spec.command[:1] == ("base",):
                archives.holds[id_.partition(".")[0]] = ArchiveContents(
                    {1: 100}, [Mark(then + timedelta(seconds=30), 1)]
                )
                cloud.engine.say(id_, then.isoformat())
                cloud.engine.end(id_, 0)
        return "miniaws_archive_backup_age_seconds" in moved(await scraped(cloud))

    await eventually(is_backed_up)


async def miss_snapshots(cloud: Cloud) -> None:
    volume = done(await cloud.admin.post("/api/volumes", json={"name": "data"}, headers=WAIT), "available")
    await cloud.admin.put("/api/volumes/data/snapshot-policy", json={"schedule": "0 0 29 2 *"})
    ours: application.Cloud = cloud.app.state.cloud
    found, at = await ours.find(Volume, "main", volume["id"]), datetime.now(UTC)
    await ours.report(Volume, found, REQUEST.cause, lambda v: v.report_snapshot_missed(at, 2, "busy"))


async def flush_the_firewall(cloud: Cloud) -> None:
    firewall = cloud.world.firewall
    assert isinstance(firewall, MemoryFirewall)
    firewall.drop(7)
    firewall.flush()


async def lose_a_loop(_: Cloud) -> None:
    await end_loop("live")


ACTIONS = (
    run_commands,
    balance,
    ask_servers,
    back_up,
    miss_snapshots,
    flush_the_firewall,
    leave_an_orphan,
    fail_a_pass,
    lose_a_loop,
)


async def test_every_metric_is_moved_by_something_that_happens(cloud: Cloud) -> None:
    for act in ACTIONS:
        await act(cloud)
    left = declared() - AFTER_A_LOCK
    assert len(left) > 40

    async def all_moved() -> bool:
        left.difference_update(moved(await scraped(cloud)))
        return not left

    try:
        await eventually(all_moved)
    except TimeoutError:
        pytest.fail(f"declared, and never fed: {', '.join(sorted(left))}")


async def test_each_family_is_shown_once_with_its_help(cloud: Cloud) -> None:
    async def shown_with_those_of_the_controller() -> list[str] | None:
        names = [family.name for family in await scraped(cloud)]
        return names if "miniaws_reconcile_passes" in names else None

    names = await eventually(shown_with_those_of_the_controller)
    assert sorted(names) == sorted(declared())
    assert all(family.documentation for family in await scraped(cloud))


@asynccontextmanager
async def projector_held(url: str) -> AsyncGenerator[None]:
    """Block writes to the read model in the meantime."""
    async with await psycopg.AsyncConnection.connect(url) as connection:
        await connection.execute("LOCK TABLE read_model.progress IN EXCLUSIVE MODE")
        yield
        await connection.rollback()


async def test_the_lag_of_reads_is_told_while_there_is_one(cloud: Cloud) -> None:
    async with projector_held(bootstrap.conninfo(cloud.settings)):
        # Written, though its answer says that reads do not show it in time.
        answer = await cloud.admin.post("/api/vpcs", json={"name": "late"})
        assert answer.status_code == 503

        async def lags() -> bool:
            return moved(await scraped(cloud)) >= AFTER_A_LOCK

        await eventually(lags)

    async def caught_up() -> bool:
        return not moved(await scraped(cloud)) & AFTER_A_LOCK

    await eventually(caught_up)


async def commands(cloud: Cloud) -> float:
    (family,) = [each for each in await scraped(cloud) if each.name == "miniaws_command_seconds"]
    (count,) = [each.value for each in family.samples if each.name.endswith("_count")]
    return count


async def test_only_commands_that_were_accepted_are_counted_as_such(cloud: Cloud) -> None:
    before = await commands(cloud)
    for answer in (
        await cloud.client("miniaws_wrong").post("/api/vpcs", json={"name": "a"}),
        await cloud.admin.post("/api/nothing", json={}),
        await cloud.admin.post("/api/vpcs", json={"name": "A B"}),
        await cloud.admin.delete("/api/vpcs/nosuch"),
    ):
        assert answer.is_client_error
    await cloud.admin.post("/api/session", json={})  # changes nothing of the cloud
    assert await commands(cloud) == before
    done(await cloud.admin.post("/api/vpcs", json={"name": "a"}))
    assert await commands(cloud) == before + 1
