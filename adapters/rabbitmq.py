"""Queues that RabbitMQ is: AMQP for what clients do, its management API for everything else."""

import asyncio
import base64
import secrets
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from typing import Any
from urllib.parse import quote

import aio_pika
import httpx
from aio_pika.exceptions import AMQPError, ProbableAuthenticationError

from domain.errors import Refused, Unreachable
from domain.ports import File
from domain.queue import Peeked, Queue, QueueMissing
from domain.server import Endpoint, Program

_CONFIG = "/etc/rabbitmq/conf.d/20-miniaws.conf"
_USER = 999
"""The user of the server, in the official image and in ours."""
_MANAGEMENT_PORT = 15672
_TIMEOUT_S = 15.0
_PEEKED_BYTES = 65_536
_OURS = "miniaws-"
"""What the policies begin with that hold the limits of a declared queue."""


class RabbitMQQueues:
    """Speaks to RabbitMQ. Its volume keeps users, queues and policies, so a password is changed while it runs."""

    rotates_live = True

    def program(self, server: Queue, password: str) -> Program:
        """Return what to run; user and virtual host are made at the first start on an empty volume."""
        lines = [
            f"default_user = {server.username}",
            f"default_pass = {password}",
            f"default_vhost = {server.settings['namespace']}",
            "loopback_users = none",
            "log.console = true",
            f"management.tcp.port = {_MANAGEMENT_PORT}",
            # It refuses to take more before the engine would kill it.
            f"vm_memory_high_watermark.absolute = {server.memory_mb * 6 // 10}MiB",
            "disk_free_limit.absolute = 50MB",
        ]
        return Program(files={_CONFIG: File("\n".join(lines).encode() + b"\n", 0o400, _USER, _USER)})

    async def configure(self, server: Queue, at: Endpoint, password: str) -> None:
        """Have every declared queue with its limits, and none that was declared once and is not any more."""
        async with _management(server, at, password) as api:
            for name, wish in server.named.items():
                await _declare(api, server, name, wish)
            policies = await _get(api, f"/policies/{_vhost(server)}")
            for policy in policies:
                name = policy["name"].removeprefix(_OURS)
                if policy["name"].startswith(_OURS) and name not in server.named:
                    await _delete(api, f"/queues/{_vhost(server)}/{name}")
                    await _delete(api, f"/policies/{_vhost(server)}/{_OURS}{name}")

    async def rotate(self, server: Queue, at: Endpoint, old: str, new: str) -> None:
        """Have its user take the new password only; connections that are open stay."""
        path, body = f"/users/{server.username}", {"password": new, "tags": "administrator"}
        try:
            async with _management(server, at, new) as api:
                await _get(api, "/whoami")
        except _WrongPassword:
            async with _management(server, at, old) as api:
                await _put(api, path, body)

    async def probe(self, server: Queue, at: Endpoint, password: str) -> None:
        """Publish to a queue that only this connection sees, take the message back and acknowledge it."""
        token = secrets.token_hex(8).encode()
        with _explained():
            async with asyncio.timeout(_TIMEOUT_S):
                connection = await aio_pika.connect(
                    host=at.host,
                    port=at.port,
                    login=server.username,
                    password=password,
                    virtualhost=server.settings["namespace"],
                    timeout=_TIMEOUT_S,
                )
                async with connection:
                    channel = await connection.channel()
                    queue = await channel.declare_queue(exclusive=True, auto_delete=True)
                    await channel.default_exchange.publish(aio_pika.Message(token), queue.name)
                    found = await queue.get(timeout=_TIMEOUT_S, fail=True)
                    if found.body != token:
                        raise Refused("it does not give back what was published")
                    await found.ack()

    async def stats(self, server: Queue, at: Endpoint, password: str) -> dict[str, Any]:
        """Return figures of the management API; it counts every five seconds."""
        async with _management(server, at, password) as api:
            overview = await _get(api, "/overview")
            queues = await _get(api, f"/queues/{_vhost(server)}")
            nodes = await _get(api, "/nodes")
        shown = {queue["name"]: _figures(queue) for queue in queues if not queue.get("exclusive")}
        return {
            "depth": sum(each["depth"] for each in shown.values()),
            "connections": overview["object_totals"].get("connections", 0),
            "consumers": overview["object_totals"].get("consumers", 0),
            "memory_bytes": nodes[0].get("mem_used"),
            "memory_limit_bytes": nodes[0].get("mem_limit"),
            "queues": shown,
            "server_version": overview["rabbitmq_version"],
        }

    async def purge(self, server: Queue, at: Endpoint, password: str, name: str) -> None:
        """Remove every message that is ready."""
        async with _management(server, at, password) as api:
            path = f"/queues/{_vhost(server)}/{quote(name, safe='')}"
            await _get(api, path)
            await _delete(api, f"{path}/contents")

    async def peek(self, server: Queue, at: Endpoint, password: str, name: str, most: int) -> list[Peeked]:
        """Take the oldest messages and put them back where they were; they then count as redelivered."""
        body = {"count": most, "ackmode": "ack_requeue_true", "encoding": "base64", "truncate": _PEEKED_BYTES}
        async with _management(server, at, password) as api:
            path = f"/queues/{_vhost(server)}/{quote(name, safe='')}/get"
            found = (await _send(api, "POST", path, body)).json()
        return [
            Peeked(
                base64.b64decode(each["payload"]),
                each["payload_bytes"],
                {key: str(value) for key, value in each["properties"].get("headers", {}).items()},
                redelivered=each["redelivered"],
            )
            for each in found
        ]


class _WrongPassword(Refused):
    pass


async def _declare(api: httpx.AsyncClient, server: Queue, name: str, wish: dict[str, Any]) -> None:
    await _put(api, f"/queues/{_vhost(server)}/{name}", {"durable": wish["durable"], "auto_delete": False})
    limits: dict[str, Any] = {
        "max-length": wish["max_length"],
        "message-ttl": None if wish["max_age_s"] is None else wish["max_age_s"] * 1000,
        "dead-letter-exchange": None if wish["dead_letter"] is None else "",
        "dead-letter-routing-key": wish["dead_letter"],
    }
    # Limits are a policy, not arguments of the queue: a policy can be changed while the queue is used. One
    # without limits says what is so anyway, as an empty one is refused; by it we know what was declared here.
    definition = {"queue-mode": "default"} | {key: each for key, each in limits.items() if each is not None}
    body = {"pattern": f"^{name}$", "definition": definition, "apply-to": "queues", "priority": 100}
    await _put(api, f"/policies/{_vhost(server)}/{_OURS}{name}", body)


def _figures(queue: dict[str, Any]) -> dict[str, Any]:
    rates: dict[str, Any] = queue.get("message_stats", {})
    return {
        "depth": queue.get("messages", 0),
        "unacknowledged": queue.get("messages_unacknowledged", 0),
        "consumers": queue.get("consumers", 0),
        "publish_per_s": rates.get("publish_details", {}).get("rate", 0.0),
        "deliver_per_s": rates.get("deliver_get_details", {}).get("rate", 0.0),
    }


def _vhost(server: Queue) -> str:
    return quote(server.settings["namespace"], safe="")


async def _get(api: httpx.AsyncClient, path: str) -> Any:
    return (await _send(api, "GET", path)).json()


async def _put(api: httpx.AsyncClient, path: str, body: dict[str, Any]) -> None:
    await _send(api, "PUT", path, body)


async def _delete(api: httpx.AsyncClient, path: str) -> None:
    try:
        await _send(api, "DELETE", path)
    except QueueMissing:
        return


async def _send(
    api: httpx.AsyncClient, method: str, path: str, body: dict[str, Any] | None = None
) -> httpx.Response:
    answer = await api.request(method, f"/api{path}", json=body)
    if answer.status_code == 401:
        raise _WrongPassword("it does not take its password")
    if answer.status_code == 404:
        raise QueueMissing("there is no such queue")
    if answer.is_server_error:
        raise Unreachable(f"its management API answers {answer.status_code}")
    if answer.is_error:
        raise Refused(f"it refused: {answer.json().get('reason', answer.status_code)}")
    return answer


@asynccontextmanager
async def _management(server: Queue, at: Endpoint, password: str) -> AsyncGenerator[httpx.AsyncClient]:
    with _explained():
        async with httpx.AsyncClient(
            base_url=f"http://{at.host}:{_MANAGEMENT_PORT}",
            auth=(server.username, password),
            timeout=_TIMEOUT_S,
            trust_env=False,
        ) as api:
            yield api


@contextmanager
def _explained() -> Generator[None]:
    """Turn the libraries' errors into ours; none of theirs is repeated, as one may hold a URL."""
    try:
        yield
    except ProbableAuthenticationError:
        raise _WrongPassword("it does not take its password") from None
    except (httpx.TransportError, OSError, TimeoutError, AMQPError) as error:
        raise Unreachable(f"it does not answer: {type(error).__name__}") from None
