"""Each engine of queues: how it is run by hand, and one turn of messages through it, as its own client sends them."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

import aio_pika
from nats.aio.client import Client

from benchmarks.by_hand import Program

BATCH = 50
_NAME = "measured"
_BODY = b"x" * 100
Turn = Callable[[], Awaitable[None]]
"""Publishes a batch, consumes as many messages, and acknowledges each."""


@dataclass(frozen=True, slots=True)
class Engine:
    """``url`` leads to the program that is run by hand, once it has an address."""

    program: Program
    url: str
    opened: Callable[[str], AbstractAsyncContextManager[Turn]]


@asynccontextmanager
async def _stream(url: str) -> AsyncGenerator[Turn]:
    """Create a durable stream of NATS, with limits that a client would set."""
    client = Client()
    await client.connect(url, allow_reconnect=False, connect_timeout=1, error_cb=_quiet)
    try:
        stream = client.jetstream()
        await stream.add_stream(name=_NAME, subjects=[_NAME], max_msgs=10_000)
        subscription = await stream.pull_subscribe(_NAME, durable="worker")

        async def turn() -> None:
            await asyncio.gather(*(stream.publish(_NAME, _BODY) for _ in range(BATCH)))
            messages = await subscription.fetch(BATCH, timeout=10)
            await asyncio.gather(*(message.ack_sync() for message in messages))

        yield turn
    finally:
        await client.close()


async def _quiet(error: Exception) -> None:
    del error  # also raised where it is waited for


@asynccontextmanager
async def _queue(url: str) -> AsyncGenerator[Turn]:
    """Create a durable queue of RabbitMQ, which confirms messages that are on disk."""
    async with await aio_pika.connect(url, timeout=1) as connection:
        channel = await connection.channel()
        queue = await channel.declare_queue(_NAME, durable=True)
        kept = aio_pika.DeliveryMode.PERSISTENT

        async def turn() -> None:
            messages = [aio_pika.Message(_BODY, delivery_mode=kept) for _ in range(BATCH)]
            publish = channel.default_exchange.publish
            await asyncio.gather(*(publish(message, _NAME) for message in messages))
            found = await asyncio.gather(*(queue.get(timeout=10) for _ in range(BATCH)))
            await asyncio.gather(*(message.ack() for message in found))

        yield turn


ENGINES: Mapping[str, Engine] = {
    "nats": Engine(
        Program(
            (
                "miniaws/nats:local",
                "--jetstream",
                *("--store_dir", "/data", "--user", "app", "--pass", "secret"),
            ),
            memory_mb=64,
            data_path="/data",
        ),
        "nats://app:secret@{address}:4222",
        _stream,
    ),
    "rabbitmq": Engine(
        Program(
            ("miniaws/rabbitmq:local",),
            memory_mb=256,
            data_path="/var/lib/rabbitmq",
            variables={
                "RABBITMQ_DEFAULT_USER": "app",
                "RABBITMQ_DEFAULT_PASS": "secret",
                "RABBITMQ_DEFAULT_VHOST": "main",
            },
        ),
        "amqp://app:secret@{address}:5672/main",
        _queue,
    ),
}
