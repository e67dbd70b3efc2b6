"""The life cycle of queue servers on a real engine, tested with aio-pika and nats-py."""

import asyncio
import contextlib
import json
import re
import socket
import ssl
from collections.abc import Generator
from typing import Any

import pytest
from aio_pika.exceptions import AMQPError, ProbableAuthenticationError
from nats.errors import Error as NatsError

from tests.conftest import build_images, free_port
from tests.journeys.queue_clients import connect, consume, publish, publish_to_stream, take
from tests.journeys.running_cloud import RunningCloud, wait_until

RABBIT, NATS = "rabbit", "stream"


@pytest.fixture(scope="module")
def servers(shared_cloud: RunningCloud) -> Generator[RunningCloud]:
    """A cloud with a server of each engine, created at the same time."""
    build_images("rabbitmq", "nats")
    for name, engine in ((RABBIT, "rabbitmq"), (NATS, "nats")):
        answer = shared_cloud.http.post("/api/queues", json={"name": name, "engine": engine})
        assert answer.status_code == 202, answer.text
    available(shared_cloud, RABBIT)
    available(shared_cloud, NATS)
    yield shared_cloud
    shared_cloud.empty()


def available(cloud: RunningCloud, name: str) -> dict[str, Any]:
    """Wait until a client has used it."""
    wait_until(
        lambda: cloud.show(f"/api/queues/{name}")["status"] == "available", f"{name} is available", 240
    )
    return cloud.show(f"/api/queues/{name}")


def url(cloud: RunningCloud, name: str) -> str:
    return cloud.show(f"/api/queues/{name}/connection")["url"]


def declare(cloud: RunningCloud, name: str, queue: str, **wish: Any) -> None:
    answer = cloud.http.put(f"/api/queues/{name}/queues/{queue}", json=wish, headers={"Prefer": "wait=30"})
    assert (answer.status_code, answer.json()["status"]) == (202, "available"), answer.text


def peeked(cloud: RunningCloud, name: str, queue: str) -> list[str]:
    items = cloud.show(f"/api/queues/{name}/peek?queue={queue}")["items"]
    return [message["text"] for message in items]


def depth(cloud: RunningCloud, name: str, queue: str) -> int:
    return cloud.show(f"/api/queues/{name}/stats")["queues"][queue]["depth"]


def test_rabbitmq_keeps_what_was_declared_and_published_over_a_kill(servers: RunningCloud) -> None:
    declare(servers, RABBIT, "dead")
    declare(servers, RABBIT, "orders", max_length=2, dead_letter="dead")
    asyncio.run(publish(url(servers, RABBIT), "orders", "one", "two", "three"))
    wait_until(lambda: peeked(servers, RABBIT, "dead") == ["one"], "the oldest message is a dead letter")
    assert peeked(servers, RABBIT, "orders") == ["two", "three"]
    assert peeked(servers, RABBIT, "orders") == ["two", "three"], "a look consumes nothing"

    box = servers.container(servers.show(f"/api/queues/{RABBIT}")["id"])
    box.kill("SIGKILL")
    wait_until(lambda: servers.show(f"/api/queues/{RABBIT}")["observed"]["restarts"] == 1, "it was recorded")
    available(servers, RABBIT)
    assert asyncio.run(consume(url(servers, RABBIT), "orders")) == "two"
    wait_until(lambda: depth(servers, RABBIT, "orders") == 1, "the statistics have noticed")

    servers.post(f"/api/queues/{RABBIT}/purge", {"queue": "orders"})
    assert peeked(servers, RABBIT, "orders") == []
    missing = servers.http.post(f"/api/queues/{RABBIT}/purge", json={"queue": "nosuch"})
    assert (missing.status_code, missing.json()["code"]) == (404, "unknown_queue")


def test_rabbitmq_gets_other_memory_and_keeps_what_is_durable(servers: RunningCloud) -> None:
    asyncio.run(publish(url(servers, RABBIT), "orders", "kept"))
    path = f"/api/queues/{RABBIT}"
    refused = servers.http.patch(path, json={"memory_mb": 64})
    assert (refused.status_code, refused.json()["code"]) == (422, "too_little_memory")
    servers.http.patch(path, json={"memory_mb": 320}).raise_for_status()
    assert available(servers, RABBIT)["spec"]["memory_mb"] == 320
    limits = servers.container(servers.show(path)["id"]).attrs["HostConfig"]
    assert (limits["Memory"], limits["MemorySwap"]) == (320 << 20, 320 << 20)
    # Before the engine would end it, it takes no more.
    wait_until(
        lambda: servers.show(f"{path}/stats")["memory_limit_bytes"] == 192 << 20, "its own limit is known"
    )
    assert asyncio.run(consume(url(servers, RABBIT), "orders")) == "kept"


def test_rabbitmq_takes_a_new_password_only(servers: RunningCloud) -> None:
    before = url(servers, RABBIT)
    assert servers.post(f"/api/queues/{RABBIT}/rotate-credentials")["status"] == "available"
    after = url(servers, RABBIT)
    assert before != after
    with pytest.raises(ProbableAuthenticationError):
        asyncio.run(publish(before, "orders"))
    asyncio.run(publish(after, "orders"))


def test_nats_keeps_a_durable_stream_over_a_kill_and_a_new_password(servers: RunningCloud) -> None:
    declare(servers, NATS, "events", max_length=3)
    assert peeked(servers, NATS, "events") == []
    assert re.fullmatch(r"[\d.]+", servers.show(f"/api/queues/{NATS}/stats")["server_version"])
    before = url(servers, NATS)
    asyncio.run(publish_to_stream(before, "events", "a", "b", "c", "d"))
    assert peeked(servers, NATS, "events") == ["b", "c", "d"]
    servers.container(servers.show(f"/api/queues/{NATS}")["id"]).kill("SIGKILL")
    wait_until(lambda: servers.show(f"/api/queues/{NATS}")["observed"]["restarts"] == 1, "it was recorded")
    available(servers, NATS)
    assert asyncio.run(take(url(servers, NATS), "events")) == "b"

    assert servers.post(f"/api/queues/{NATS}/rotate-credentials")["status"] == "available"
    after = url(servers, NATS)
    with pytest.raises(NatsError):
        asyncio.run(publish_to_stream(before, "events", "no"))
    assert asyncio.run(take(after, "events")) == "c", "the consumer continues where it was"
    assert depth(servers, NATS, "events") == 3

    refused = servers.http.put(f"/api/queues/{NATS}/queues/x", json={"dead_letter": "events"})
    assert (refused.status_code, refused.json()["field"]) == (422, "dead_letter")
    servers.post(f"/api/queues/{NATS}/purge", {"queue": "events"})
    assert peeked(servers, NATS, "events") == []
    removed = servers.delete(f"/api/queues/{NATS}/queues/events")
    assert (removed["status"], removed["spec"]["queues"]) == ("available", {})
    assert servers.show(f"/api/queues/{NATS}/stats")["queues"] == {}


@pytest.mark.parametrize("server", [RABBIT, NATS])
def test_nothing_is_found_under_a_name_that_no_queue_can_have(servers: RunningCloud, server: str) -> None:
    for name in ("*", ">", "a.b", "a b", "", ".", "..", "../..", "/", "%2F", "$JS", "\u00e9", "\t", "a\r\nb"):
        looked = servers.http.get(f"/api/queues/{server}/peek", params={"queue": name})
        purged = servers.http.post(f"/api/queues/{server}/purge", json={"queue": name})
        for answer in (looked, purged):
            assert (answer.status_code, answer.json()["code"]) == (404, "unknown_queue"), (name, answer.text)


@pytest.fixture(scope="module")
def restored(servers: RunningCloud) -> RunningCloud:
    """New servers with the files of both from a snapshot, published, with TLS."""
    declare(servers, RABBIT, "lost", durable=False)
    declare(servers, RABBIT, "later", max_length=7, max_age_s=3600, dead_letter="lost")
    declare(servers, NATS, "later", max_length=7, max_age_s=3600)
    asyncio.run(publish(url(servers, RABBIT), "later", "one", "two"))
    asyncio.run(publish_to_stream(url(servers, NATS), "later", "one", "two"))
    servers.post("/api/snapshots", {"name": "then", "all": True})
    _settled(servers, "/api/snapshots/then")
    for name in (RABBIT, NATS):
        servers.post(f"/api/queues/{name}/purge", {"queue": "later"})
        volume = servers.show(f"/api/queues/{name}")["spec"]["volume"]
        servers.post("/api/snapshots/then/restore", {"name": f"{name}-files", "volume": volume})
    for name, engine in ((RABBIT, "rabbitmq"), (NATS, "nats")):
        _settled(servers, f"/api/volumes/{name}-files")
        more = {"username": "other", "tls": True, "publish": free_port()}
        body = {"name": f"{name}-again", "engine": engine, "volume": f"{name}-files", **more}
        servers.http.post("/api/queues", json=body).raise_for_status()
    servers.http.delete("/api/snapshots/then").raise_for_status()
    available(servers, f"{NATS}-again")
    available(servers, f"{RABBIT}-again")
    return servers


def _settled(cloud: RunningCloud, path: str) -> None:
    wait_until(lambda: cloud.show(path)["status"] == "available", f"{path} is available", 180)


def test_a_snapshot_of_queues_becomes_a_new_server_with_what_is_durable(restored: RunningCloud) -> None:
    limits = {"durable": True, "max_length": 7, "max_age_s": 3600}
    rabbit, nats = (restored.show(f"/api/queues/{name}-again")["spec"]["queues"] for name in (RABBIT, NATS))
    assert rabbit["later"] == {**limits, "dead_letter": "lost"}
    assert rabbit["lost"]["durable"] is False, "declared again, and empty"
    assert nats["later"] == {**limits, "dead_letter": None}
    for name in (RABBIT, NATS):
        assert peeked(restored, f"{name}-again", "later") == ["one", "two"]
        assert peeked(restored, name, "later") == [], "the original server continues"
    found = restored.show(f"/api/queues/{RABBIT}-again/connection")
    earlier = restored.show(f"/api/queues/{RABBIT}/connection")
    for user, password in (
        (earlier["username"], earlier["password"]),
        (found["username"], earlier["password"]),
    ):
        trusted = ssl.create_default_context(cadata=found["ca_certificate"])
        with pytest.raises(ProbableAuthenticationError):
            asyncio.run(connect(f"amqps://{user}:{password}@{found['host']}:{found['port']}/main", trusted))


def test_queues_that_speak_tls_are_known_by_their_authority_and_speak_nothing_else(
    restored: RunningCloud,
) -> None:
    rabbit, nats = (restored.show(f"/api/queues/{name}-again/connection") for name in (RABBIT, NATS))
    assert (rabbit["url"][:8], nats["url"][:6]) == ("amqps://", "tls://")
    asyncio.run(connect(rabbit["url"], ssl.create_default_context(cadata=rabbit["ca_certificate"])))
    trusted = ssl.create_default_context(cadata=nats["ca_certificate"])
    asyncio.run(publish_to_stream(nats["url"], "later", "three", tls=trusted))
    assert peeked(restored, f"{NATS}-again", "later") == ["one", "two", "three"]
    with pytest.raises(AMQPError, match="CERTIFICATE_VERIFY_FAILED"):
        asyncio.run(publish(rabbit["url"], "later"))
    with pytest.raises(AMQPError):
        asyncio.run(publish(rabbit["url"].replace("amqps://", "amqp://"), "later"))
    # The library retries TLS with an untrusted server indefinitely, so this client is written by hand.
    hello = json.dumps({"user": nats["username"], "pass": nats["password"]}).encode()
    with socket.create_connection((nats["host"], nats["port"]), 10) as plain, plain.makefile("rb") as lines:
        assert b'"tls_required":true' in lines.readline()
        plain.sendall(b"CONNECT " + hello + b"\r\nPING\r\n")
        with contextlib.suppress(ConnectionError):
            assert b"PONG" not in lines.read()


def test_queues_are_reached_from_their_own_vpc_only(servers: RunningCloud) -> None:
    servers.post("/api/vpcs", {"name": "elsewhere"})
    for name, vpc in (("near", "default"), ("far", "elsewhere")):
        servers.launch(name, image="miniaws/rabbitmq:local", vpc=vpc, command=["sleep", "1000"], type="micro")
    for queue in (RABBIT, NATS):
        found = servers.show(f"/api/queues/{queue}/connection")
        address, port = servers.show(f"/api/queues/{queue}")["observed"]["address"], found["private_port"]
        assert _opens(servers, "near", found["private_host"], port)
        assert _opens(servers, "near", address, port)
        assert not _opens(servers, "far", found["private_host"], port)
        assert not _opens(servers, "far", address, port)


def _opens(cloud: RunningCloud, instance: str, host: str, port: int) -> bool:
    command = ["timeout", "3", "bash", "-c", f"exec 3<>/dev/tcp/{host}/{port} && echo open"]
    answer = cloud.http.post(f"/api/instances/{instance}/exec", json={"command": command})
    return answer.json()["stdout"].strip() == "open"


@pytest.mark.parametrize("name", [RABBIT, NATS])
def test_the_password_is_seen_nowhere_but_where_it_is_asked_for(servers: RunningCloud, name: str) -> None:
    password = servers.show(f"/api/queues/{name}/connection")["password"]
    box = servers.container(servers.show(f"/api/queues/{name}")["id"])
    box.reload()
    seen = {
        "inspect": repr(box.attrs),
        "processes": repr(box.top()),
        "container log": box.logs().decode(),
        "document": repr(servers.show(f"/api/queues/{name}")),
        "stats": repr(servers.show(f"/api/queues/{name}/stats")),
        "timeline": servers.http.get("/api/timeline?limit=1000").text,
        **{log.name: log.read_text(encoding="utf-8") for log in servers.home.glob("*.log")},
    }
    assert [where for where, text in seen.items() if password in text or "PRIVATE KEY" in text] == []
    assert "controller.log" in seen


def test_wrong_wishes_are_refused_and_change_nothing(servers: RunningCloud) -> None:
    before = {item["name"] for item in servers.show("/api/queues")["items"]}
    rabbit: dict[str, Any] = {"name": "other", "engine": "rabbitmq"}
    for body, status, code, field in (
        ({"engine": "kafka"}, 422, "unknown_engine", "engine"),
        ({"version": "9"}, 422, "unknown_engine", "version"),
        ({"memory_mb": 64}, 422, "too_little_memory", "memory_mb"),
        ({"plugins": ["shovel"]}, 422, "invalid", "plugins"),
        ({"namespace": "/"}, 422, "invalid", "namespace"),
        ({"volume": "nosuch"}, 404, "not_found", None),
        ({"volume": "nosuch", "storage_gb": 1}, 422, "invalid", "volume"),
    ):
        answer = servers.http.post("/api/queues", json={**rabbit, **body})
        problem = answer.json()
        assert (answer.status_code, problem["code"], problem.get("field")) == (status, code, field), (
            answer.text
        )
    path = f"/api/queues/{NATS}"
    for method, at, body, code in (
        ("PUT", f"{path}/queues/a.b", {}, "invalid"),
        ("PUT", f"{path}/queues/x", {"max_length": 0}, "invalid"),
        ("DELETE", f"{path}/queues/nosuch", None, "unknown_queue"),
        ("POST", f"{path}/purge", {"queue": "nosuch"}, "unknown_queue"),
        ("GET", f"{path}/peek?queue=nosuch", None, "unknown_queue"),
        ("GET", f"{path}/peek?queue=nosuch&limit=101", None, "invalid"),
    ):
        answer = servers.http.request(method, at, json=body)
        assert answer.json()["code"] == code, answer.text
    assert {item["name"] for item in servers.show("/api/queues")["items"]} == before

    servers.http.patch(path, json={"deletion_protection": True}).raise_for_status()
    refused = servers.http.delete(path)
    assert (refused.status_code, refused.json()["code"]) == (409, "deletion_protected")
    servers.http.patch(path, json={"deletion_protection": False}).raise_for_status()
