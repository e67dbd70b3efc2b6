"""The life cycle of caches on a real engine, tested with redis-py."""

import io
from collections.abc import Generator
from typing import Any

import pytest
import redis

from tests.conftest import build_images, free_port
from tests.journeys.running_cloud import RunningCloud, kill, wait_until

IMAGE = "miniaws/redis:local"


@pytest.fixture(scope="module")
def caches(shared_cloud: RunningCloud) -> Generator[RunningCloud]:
    """A cloud with a published, persistent cache."""
    build_images("redis")
    made = shared_cloud.post(
        "/api/caches", {"name": "sessions", "publish": free_port(), "persistence": "aof", "memory_mb": 48}
    )
    assert made["status"] == "available", made
    yield shared_cloud
    shared_cloud.empty()


def url(cloud: RunningCloud, name: str) -> str:
    return cloud.show(f"/api/caches/{name}/connection")["url"]


def client(to: str) -> redis.Redis:
    """Return an unmodified client of the returned URL."""
    return redis.Redis.from_url(to, decode_responses=True)


def cache(cloud: RunningCloud, name: str) -> dict[str, Any]:
    return cloud.show(f"/api/caches/{name}")


def available(cloud: RunningCloud, name: str) -> None:
    wait_until(lambda: cache(cloud, name)["status"] == "available", f"{name} is available")


def is_refused(to: str) -> bool:
    """Return whether the server rejects the password in the URL."""
    with client(to) as found:
        try:
            found.ping()
        except redis.AuthenticationError:
            return True
    return False


def test_what_persists_outlives_kills_stops_and_replacements(caches: RunningCloud) -> None:
    with client(url(caches, "sessions")) as found:
        assert found.set("kept", "yes")
    caches.container(cache(caches, "sessions")["id"]).kill("SIGKILL")
    wait_until(lambda: cache(caches, "sessions")["observed"]["restarts"] == 1, "the kill was noticed")
    available(caches, "sessions")
    with client(url(caches, "sessions")) as found:
        assert found.get("kept") == "yes"
        found.set("second", "yes")
    caches.container(cache(caches, "sessions")["id"]).remove(force=True)
    wait_until(lambda: cache(caches, "sessions")["observed"]["restarts"] == 2, "the removal was noticed")
    available(caches, "sessions")
    assert caches.post("/api/caches/sessions/stop")["status"] == "stopped"
    refused = caches.http.get("/api/caches/sessions/stats")
    assert (refused.status_code, refused.json()["code"]) == (409, "server_stopped")
    assert caches.post("/api/caches/sessions/start")["status"] == "available"
    with client(url(caches, "sessions")) as found:
        assert found.mget("kept", "second") == ["yes", "yes"]


@pytest.mark.parametrize("persistence", ["none", "snapshots"])
def test_a_cache_is_used_however_it_persists(caches: RunningCloud, persistence: str) -> None:
    made = caches.post("/api/caches", {"name": persistence, "persistence": persistence})
    assert made["status"] == "available", made
    with client(url(caches, persistence)) as found:
        found.set("kept", "yes")
    caches.post(f"/api/caches/{persistence}/stop")
    assert caches.post(f"/api/caches/{persistence}/start")["status"] == "available"
    with client(url(caches, persistence)) as found:
        assert found.get("kept") == ("yes" if persistence == "snapshots" else None)
    assert caches.delete(f"/api/caches/{persistence}")["status"] == "deleted"


def test_a_snapshot_of_a_cache_becomes_a_new_cache(caches: RunningCloud) -> None:
    with client(url(caches, "sessions")) as found:
        found.set("then", "yes")
    taken = caches.post(
        "/api/snapshots", {"name": "then", "volume": cache(caches, "sessions")["spec"]["volume"]}
    )
    wait_until(
        lambda: caches.show(f"/api/snapshots/{taken['id']}")["status"] == "available", "it is taken", 180
    )
    with client(url(caches, "sessions")) as found:
        found.set("then", "no longer")
    caches.post(f"/api/snapshots/{taken['id']}/restore", {"name": "files"})
    wait_until(lambda: caches.show("/api/volumes/files")["status"] == "available", "it is restored", 180)
    made = caches.post("/api/caches", {"name": "again", "persistence": "aof", "volume": "files"})
    assert made["status"] == "available", made
    with client(url(caches, "again")) as found:
        assert found.get("then") == "yes"
    assert caches.delete("/api/caches/again")["status"] == "deleted"
    assert caches.delete(f"/api/snapshots/{taken['id']}")["status"] == "deleted"


def test_a_new_password_is_taken_and_the_old_one_refused_also_after_a_kill(caches: RunningCloud) -> None:
    before = url(caches, "sessions")
    assert caches.post("/api/caches/sessions/rotate-credentials")["status"] == "available"
    after = url(caches, "sessions")
    assert (is_refused(before), is_refused(after)) == (True, False)
    restarts = cache(caches, "sessions")["observed"]["restarts"]
    caches.container(cache(caches, "sessions")["id"]).kill("SIGKILL")
    wait_until(lambda: cache(caches, "sessions")["observed"]["restarts"] > restarts, "it was noticed")
    available(caches, "sessions")
    assert (is_refused(before), is_refused(url(caches, "sessions"))) == (True, False)


def test_a_cache_that_speaks_tls_is_known_by_its_authority_and_speaks_nothing_else(
    caches: RunningCloud,
) -> None:
    made = caches.post("/api/caches", {"name": "secret", "tls": True, "publish": (port := free_port())})
    assert (made["status"], made["spec"]["tls"]) == ("available", True), made
    assert caches.show("/api/caches/sessions")["spec"]["tls"] is False
    found = caches.show("/api/caches/secret/connection")
    assert found["url"].startswith("rediss://"), "and no client gets an unencrypted URL"
    assert found["private_url"].startswith("rediss://")
    with redis.Redis.from_url(found["url"], ssl_ca_data=found["ca_certificate"]) as safe:
        assert safe.set("kept", "yes")
    with redis.Redis.from_url(found["url"]) as stranger, pytest.raises(redis.ConnectionError, match="CERTIF"):
        stranger.ping()
    with redis.Redis(port=port, password=found["password"]) as plain, pytest.raises(redis.ConnectionError):
        plain.ping()
    assert caches.post("/api/caches/secret/rotate-credentials")["status"] == "available"
    after = caches.show("/api/caches/secret/connection")
    assert (after["ca_certificate"], after["url"] == found["url"]) == (found["ca_certificate"], False)
    with redis.Redis.from_url(after["url"], ssl_ca_data=after["ca_certificate"]) as safe:
        assert safe.get("kept") == b"yes"
    assert caches.delete("/api/caches/secret")["status"] == "deleted"


@pytest.fixture
def valkey(caches: RunningCloud) -> Generator[str]:
    """The image of Valkey, or an image with that name that contains Redis, which has the same protocol."""
    name, images = "valkey/valkey:8", caches.engine.images
    if any(name in image.tags for image in images.list("valkey/valkey")):
        yield name
        return
    recipe = f"FROM {IMAGE}\nRUN ln -s redis-server /usr/bin/valkey-server\n"
    images.build(fileobj=io.BytesIO(recipe.encode()), tag=name, rm=True, forcerm=True)
    yield name
    images.remove(name)


def test_valkey_is_run_where_its_image_is(caches: RunningCloud, valkey: str) -> None:
    made = caches.post("/api/caches", {"name": "valkey", "engine": "valkey", "persistence": "aof"})
    assert (made["status"], made["observed"]["image"]) == ("available", valkey), made
    with client(url(caches, "valkey")) as found:
        assert found.set("kept", "yes")
    assert caches.delete("/api/caches/valkey")["status"] == "deleted"


def test_memory_is_a_limit_and_the_policy_says_what_goes(caches: RunningCloud) -> None:
    with client(url(caches, "sessions")) as found, pytest.raises(redis.OutOfMemoryError):
        fill(found, 1000)
    available(caches, "sessions")
    answer = caches.http.patch(
        "/api/caches/sessions",
        json={"eviction": "allkeys-lru", "memory_mb": 64, "parameters": {"maxmemory-samples": "10"}},
        headers={"Prefer": "wait=30"},
    )
    assert answer.json()["status"] == "available", answer.text
    with client(url(caches, "sessions")) as found:
        fill(found, 1000)
        assert found.config_get("maxmemory") == {"maxmemory": str(48 << 20)}
    stats = caches.show("/api/caches/sessions/stats")
    assert stats["evicted"] > 0
    assert stats["memory_bytes"] <= stats["memory_limit_bytes"] * 1.05
    limits = caches.container(cache(caches, "sessions")["id"]).attrs["HostConfig"]
    assert limits["Memory"] == 64 << 20
    assert cache(caches, "sessions")["observed"]["restarts"] == 3, "nothing was started again for that"

    flushed = caches.http.post("/api/caches/sessions/flush")
    assert flushed.status_code == 202, flushed.text
    wait_until(lambda: caches.show("/api/caches/sessions/stats")["keys"] == 0, "no key is left")


def fill(found: redis.Redis, count: int, expires_s: int | None = None) -> None:
    for number in range(count):
        found.set(f"filler-{number}", "x" * 100_000, ex=expires_s)


@pytest.mark.parametrize(
    ("persistence", "policy", "expires_s"),
    [("none", "allkeys-lru", None), ("snapshots", "volatile-lru", 3600)],
)
def test_a_full_cache_takes_writes_by_default(
    caches: RunningCloud, persistence: str, policy: str, expires_s: int | None
) -> None:
    made = caches.post("/api/caches", {"name": "full", "memory_mb": 32, "persistence": persistence})
    assert (made["status"], made["spec"]["eviction"]) == ("available", policy), made
    with client(url(caches, "full")) as found:
        fill(found, 400, expires_s)
    assert caches.show("/api/caches/full/stats")["evicted"] > 0
    assert caches.delete("/api/caches/full")["status"] == "deleted"


def test_a_cache_is_reached_from_its_own_vpc_only(caches: RunningCloud) -> None:
    caches.post("/api/vpcs", {"name": "elsewhere"})
    found = caches.show("/api/caches/sessions/connection")
    address = cache(caches, "sessions")["observed"]["address"]
    for name, vpc in (("near", "default"), ("far", "elsewhere")):
        caches.launch(name, image=IMAGE, vpc=vpc, command=["sleep", "1000"], type="micro")
    assert _ping(caches, "near", found["private_host"]) == "NOAUTH Authentication required."
    assert _ping(caches, "near", address) == "NOAUTH Authentication required."
    assert _ping(caches, "far", address) == ""


def _ping(cloud: RunningCloud, instance: str, host: str) -> str:
    command = ["timeout", "3", "redis-cli", "-h", host, "ping"]
    answer = cloud.http.post(f"/api/instances/{instance}/exec", json={"command": command})
    return answer.json()["stdout"].strip()


def test_the_password_is_seen_nowhere_but_where_it_is_asked_for(caches: RunningCloud) -> None:
    password = caches.show("/api/caches/sessions/connection")["password"]
    box = caches.container(cache(caches, "sessions")["id"])
    box.reload()
    seen = {
        "inspect": repr(box.attrs),
        "processes": repr(box.top()),
        "container log": box.logs().decode(),
        "document": repr(cache(caches, "sessions")),
        "timeline": caches.http.get("/api/timeline?limit=1000").text,
        **{log.name: log.read_text(encoding="utf-8") for log in caches.home.glob("*.log")},
    }
    assert [where for where, text in seen.items() if password in text] == []
    assert "controller.log" in seen


def test_wrong_wishes_are_refused_and_change_nothing(caches: RunningCloud) -> None:
    for body, code, field in (
        ({"engine": "memcached"}, "unknown_engine", "engine"),
        ({"version": "4"}, "unknown_engine", "version"),
        ({"memory_mb": 8}, "too_little_memory", "memory_mb"),
        ({"parameters": {"nosuch": "1"}}, "unknown_parameter", "parameters"),
        ({"tls": "yes"}, "invalid", "tls"),
        ({"storage_gb": 1}, "invalid", "storage_gb"),
    ):
        answer = caches.http.post("/api/caches", json={"name": "other", **body})
        problem = answer.json()
        assert (answer.status_code, problem["code"], problem["field"]) == (422, code, field), answer.text
    assert [item["name"] for item in caches.show("/api/caches")["items"]] == ["sessions"]

    caches.http.patch("/api/caches/sessions", json={"deletion_protection": True}).raise_for_status()
    refused = caches.http.delete("/api/caches/sessions")
    assert (refused.status_code, refused.json()["code"]) == (409, "deletion_protected")
    caches.http.patch("/api/caches/sessions", json={"deletion_protection": False}).raise_for_status()


def test_a_cache_outlives_the_controller_and_a_rotation_that_was_cut_off(own_cloud: RunningCloud) -> None:
    build_images("redis")
    own_cloud.post("/api/caches", {"name": "sessions", "persistence": "aof"})
    before = url(own_cloud, "sessions")
    with client(before) as found:
        found.set("kept", "yes")
    own_cloud.http.post("/api/caches/sessions/rotate-credentials").raise_for_status()
    kill(own_cloud.controllers[-1])
    own_cloud.container(cache_id := cache(own_cloud, "sessions")["id"]).kill("SIGKILL")
    own_cloud.start_controller()
    available(own_cloud, "sessions")
    after = url(own_cloud, "sessions")
    assert (is_refused(before), is_refused(after)) == (True, False)
    with client(after) as found:
        assert found.get("kept") == "yes"
    assert own_cloud.delete(f"/api/caches/{cache_id}")["status"] == "deleted"
    wait_until(lambda: own_cloud.show("/api/volumes")["items"] == [], "its volume went with it")
