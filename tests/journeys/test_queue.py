"""The life of servers of queues on a real engine, as aio-pika and nats-py see it."""

import asyncio
import subprocess
import sys
from collections.abc import Generator
from typing import Any

import aio_pika
import pytest
from aio_pika.exceptions import ProbableAuthenticationError
from nats.aio.client import Client
from nats.errors import Error as NatsError

from tests.conftest import ROOT
from tests.journeys.running_cloud import RunningCloud, wait_until

RABBIT, NATS = "rabbit", "stream"


@pytest.fixture(scope="module")
def servers(shared_cloud: RunningCloud) -> Generator[RunningCloud]:
    """A cloud with a server of either engine, made at the same time."""
    subprocess.run([sys.executable, ROOT / "scripts" / "images", "rabbitmq", "nats"], check=True)
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


async def publish(to: str, queue: str, *texts: str) -> None:
    connection = await aio_pika.connect(to)
    async with connection:
        channel = await connection.channel()
        for text in texts:
            message = aio_pika.Message(text.encode(), delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
            await channel.default_exchange.publish(message, queue)


async def consume(to: str, queue: str) -> str:
    """Take a message and acknowledge it."""
    connection = await aio_pika.connect(to)
    async with connection:
        channel = await connection.channel()
        message = await (await channel.get_queue(queue)).get(timeout=20)
        await message.ack()
        return message.body.decode()


def test_rabbitmq_keeps_what_was_declared_and_published_over_a_kill(servers: RunningCloud) -> None:
    declare(servers, RABBIT, "dead")
    declare(servers, RABBIT, "orders", max_length=2, dead_letter="dead")
    asyncio.run(publish(url(servers, RABBIT), "orders", "one", "two", "three"))
    wait_until(lambda: peeked(servers, RABBIT, "dead") == ["one"], "the oldest message is a dead letter")
    assert peeked(servers, RABBIT, "orders") == ["two", "three"]
    assert peeked(servers, RABBIT, "orders") == ["two", "three"], "a look consumes nothing"

    box = servers.container(servers.show(f"/api/queues/{RABBIT}")["id"])
    box.kill("SIGKILL")
    wait_until(lambda: servers.show(f"/api/queues/{RABBIT}")["observed"]["restarts"] == 1, "it was told")
    available(servers, RABBIT)
    assert asyncio.run(consume(url(servers, RABBIT), "orders")) == "two"
    wait_until(lambda: depth(servers, RABBIT, "orders") == 1, "the statistics have noticed")

    purged = servers.http.post(f"/api/queues/{RABBIT}/purge", json={"queue": "orders"})
    assert purged.status_code == 202, purged.text
    assert peeked(servers, RABBIT, "orders") == []
    missing = servers.http.post(f"/api/queues/{RABBIT}/purge", json={"queue": "nosuch"})
    assert (missing.status_code, missing.json()["code"]) == (404, "unknown_queue")


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
    before = url(servers, NATS)
    asyncio.run(_publish_to_stream(before, "events", "a", "b", "c", "d"))
    assert peeked(servers, NATS, "events") == ["b", "c", "d"]
    servers.container(servers.show(f"/api/queues/{NATS}")["id"]).kill("SIGKILL")
    wait_until(lambda: servers.show(f"/api/queues/{NATS}")["observed"]["restarts"] == 1, "it was told")
    available(servers, NATS)
    assert asyncio.run(_take(url(servers, NATS), "events")) == "b"

    assert servers.post(f"/api/queues/{NATS}/rotate-credentials")["status"] == "available"
    after = url(servers, NATS)
    with pytest.raises(NatsError):
        asyncio.run(_publish_to_stream(before, "events", "no"))
    assert asyncio.run(_take(after, "events")) == "c", "the consumer goes on where it was"
    assert depth(servers, NATS, "events") == 3

    refused = servers.http.put(f"/api/queues/{NATS}/queues/x", json={"dead_letter": "events"})
    assert (refused.status_code, refused.json()["field"]) == (422, "dead_letter")
    servers.http.post(f"/api/queues/{NATS}/purge", json={"queue": "events"}).raise_for_status()
    assert peeked(servers, NATS, "events") == []
    removed = servers.delete(f"/api/queues/{NATS}/queues/events")
    assert (removed["status"], removed["spec"]["queues"]) == ("available", {})
    assert servers.show(f"/api/queues/{NATS}/stats")["queues"] == {}


async def _publish_to_stream(to: str, subject: str, *texts: str) -> None:
    client = Client()
    try:
        await client.connect(to, allow_reconnect=False, error_cb=_quiet)
        for text in texts:
            await client.jetstream().publish(subject, text.encode())
    finally:
        await client.close()


async def _take(to: str, subject: str) -> str:
    """Take the next message of a durable consumer and acknowledge it."""
    client = Client()
    try:
        await client.connect(to, allow_reconnect=False, error_cb=_quiet)
        subscription = await client.jetstream().pull_subscribe(subject, durable="worker")
        (message,) = await subscription.fetch(1, timeout=20)
        await message.ack_sync()
        return message.data.decode()
    finally:
        await client.close()


async def _quiet(error: Exception) -> None:
    del error
