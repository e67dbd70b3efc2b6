"""Prometheus metrics of databases, archives and scheduled snapshots."""

import re
from datetime import UTC, datetime, timedelta

from adapters.memory import MemoryArchives
from domain.archive import ArchiveContents, Mark
from domain.errors import Unreachable
from domain.volume import Volume
from miniaws import application
from miniaws.http.figures import Watched
from tests.http.in_process import WAIT, Cloud, done
from tests.process_managers.stage import REQUEST
from tests.runtime.running import eventually


async def figures(cloud: Cloud) -> dict[str, float]:
    """Return the current metrics of resources, by metric and name of the resource."""
    cloud.app.state.watched = Watched(cloud.app.state.cloud)
    text = (await cloud.admin.get("/metrics")).text
    found = re.findall(
        r'^miniaws_((?:database|cache|queue|archive|volume)_\w+)\{.*name="([\w-]+)".*\} (\S+)$',
        text,
        re.MULTILINE,
    )
    return {f"{metric} of {name}": float(value) for metric, name, value in found}


async def test_the_age_of_backups_and_of_what_can_be_restored_is_told(cloud: Cloud) -> None:
    never = {"backup": {"drill_schedule": None}}
    cloud.engine.completes.discard("base")
    await cloud.admin.post("/api/databases", json={"name": "orders", **never})
    archives = cloud.world.archives["postgres"]
    assert isinstance(archives, MemoryArchives)
    then = datetime.now(UTC) - timedelta(seconds=40)

    async def is_backed_up() -> bool:
        for id_, container in list(cloud.engine.containers.items()):
            if container.state == "running" and container.spec.command[:1] == ("base",):
                archives.holds[id_.partition(".")[0]] = ArchiveContents(
                    {1: 100}, [Mark(then + timedelta(seconds=30), 1)]
                )
                cloud.engine.say(id_, then.isoformat())
                cloud.engine.end(id_, 0)
        return "archive_backup_age_seconds of orders" in await figures(cloud)

    await eventually(is_backed_up)
    found = await figures(cloud)
    assert found["database_connections of orders"] == 1
    assert 40 <= found["archive_backup_age_seconds of orders"] < 70
    assert 10 <= found["archive_restorable_age_seconds of orders"] < 40
    cloud.engine.fail("archives.contents", Unreachable("away"), None)
    found = await figures(cloud)
    assert "archive_restorable_age_seconds of orders" not in found
    assert "archive_backup_age_seconds of orders" in found


async def test_a_database_that_is_stopped_has_no_figures(cloud: Cloud) -> None:
    await cloud.admin.post("/api/databases", json={"name": "orders"}, headers=WAIT)

    async def is_there() -> bool:
        return "database_connections of orders" in await figures(cloud)

    await eventually(is_there)
    await cloud.admin.post("/api/databases/orders/stop", headers=WAIT)
    assert "database_connections of orders" not in await figures(cloud)


async def test_caches_and_queues_tell_what_their_servers_say(cloud: Cloud) -> None:
    await cloud.admin.post("/api/caches", json={"name": "sessions"}, headers=WAIT)
    await cloud.admin.post("/api/queues", json={"name": "events", "engine": "rabbitmq"}, headers=WAIT)
    for number in range(2):
        await cloud.admin.put(f"/api/queues/events/queues/q{number}", json={}, headers=WAIT)

    async def are_there() -> bool:
        found = await figures(cloud)
        return {"cache_clients of sessions", "queue_publish_per_s of events"} <= set(found)

    await eventually(are_there)
    found = await figures(cloud)
    assert (found["cache_clients of sessions"], found["cache_memory_used_bytes of sessions"]) == (1, 1000)
    assert (found["queue_depth of events"], found["queue_publish_per_s of events"]) == (2, 1)
    assert "queue_deliver_per_s of events" not in found, "it was not reported"
    cloud.engine.fail("servers.stats", Unreachable("away"), None)
    assert not any(name.startswith(("cache_", "queue_")) for name in await figures(cloud))


async def test_missed_snapshots_are_told_of_volumes_that_have_a_schedule(cloud: Cloud) -> None:
    volume = done(await cloud.admin.post("/api/volumes", json={"name": "data"}, headers=WAIT), "available")
    assert "volume_missed_snapshots of data" not in await figures(cloud)
    await cloud.admin.put("/api/volumes/data/snapshot-policy", json={"schedule": "0 0 29 2 *"})
    assert (await figures(cloud))["volume_missed_snapshots of data"] == 0
    ours: application.Cloud = cloud.app.state.cloud
    at = datetime.now(UTC)
    found = await ours.find(Volume, "main", volume["id"])
    await ours.report(Volume, found, REQUEST.cause, lambda v: v.report_snapshot_missed(at, 2, "busy"))

    async def is_shown() -> bool:
        return (await figures(cloud))["volume_missed_snapshots of data"] == 2

    await eventually(is_shown)


async def test_servers_are_not_asked_again_at_once(cloud: Cloud) -> None:
    await figures(cloud)
    done(await cloud.admin.post("/api/volumes", json={"name": "data"}, headers=WAIT))
    await cloud.admin.put("/api/volumes/data/snapshot-policy", json={})
    shown = (await cloud.admin.get("/metrics")).text
    assert 'name="data"' not in shown
    assert "volume_missed_snapshots of data" in await figures(cloud)
