"""The life of a cache on a real engine, as redis-py sees it."""

import redis

from tests.conftest import free_port
from tests.journeys.running_cloud import RunningCloud


def client(cloud: RunningCloud, name: str) -> redis.Redis:
    """Return an unmodified client of the returned URL."""
    return redis.Redis.from_url(cloud.show(f"/api/caches/{name}/connection")["url"], decode_responses=True)


def test_a_cache_is_used_changed_stopped_and_deleted(cloud: RunningCloud) -> None:
    port = free_port()
    made = cloud.post("/api/caches", {"name": "sessions", "publish": port, "persistence": "aof"})
    assert made["status"] == "available", made
    with client(cloud, "sessions") as found:
        assert found.connection_pool.connection_kwargs["port"] == port
        assert found.set("kept", "yes")
    assert cloud.post("/api/caches/sessions/stop")["status"] == "stopped"
    assert cloud.post("/api/caches/sessions/start")["status"] == "available"
    with client(cloud, "sessions") as found:
        assert found.get("kept") == "yes"
    assert cloud.delete("/api/caches/sessions")["status"] == "deleted"
