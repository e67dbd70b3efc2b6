"""Clients of queues, each with only a URL."""

import asyncio
import ssl

import aio_pika
import redis
from aio_pika.exceptions import ProbableAuthenticationError
from nats.aio.client import Client
from nats.errors import Error as NatsError


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


async def connect(to: str, trusted: ssl.SSLContext) -> None:
    async with await aio_pika.connect(to, ssl_context=trusted) as connection:
        await connection.channel()


async def publish_to_stream(to: str, subject: str, *texts: str, tls: ssl.SSLContext | None = None) -> None:
    client = Client()
    try:
        await client.connect(to, allow_reconnect=False, error_cb=_quiet, tls=tls)
        for text in texts:
            await client.jetstream().publish(subject, text.encode())
    finally:
        await client.close()


async def take(to: str, subject: str) -> str:
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


def is_taken(to: str) -> bool:
    """Return whether a server of any engine accepts the password in a URL."""
    try:
        if to.startswith("redis"):
            with redis.Redis.from_url(to) as client:
                return bool(client.ping())
        asyncio.run(publish(to, "nowhere") if to.startswith("amqp") else _ask_account(to))
    except (redis.AuthenticationError, ProbableAuthenticationError, NatsError):
        return False
    return True


async def _ask_account(to: str) -> None:
    client = Client()
    try:
        await client.connect(to, allow_reconnect=False, error_cb=_quiet)
        await client.jetstream().account_info()
    finally:
        await client.close()
