"""Queues on RabbitMQ: AMQP for client operations, the management API for everything else."""

import asyncio
import base64
import hashlib
import json
import secrets
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any
from urllib.parse import quote

import aio_pika
import httpx
from aio_pika.exceptions import AMQPError, ProbableAuthenticationError

from adapters.tls import trusting
from domain.errors import Refused, Unreachable
from domain.ports import File
from domain.queue import ENGINES, PeekedMessage, Queue, QueueDefinition, QueueMissing
from domain.server import CERTIFICATE_PATH, KEY_PATH, Endpoint, Program

_CONFIG = "/etc/rabbitmq/conf.d/20-miniaws.conf"
_DEFINITIONS = "/etc/rabbitmq/miniaws.json"
_NODE = "rabbit@localhost"
"""The files belong to a node name, so it is the same in every container."""
_TAG = "miniaws"
_TAGS = f"administrator,{_TAG}"
"""Tag of the internal user, which distinguishes it from users of clients in restored files."""
_USER = 999
"""The operating system user of the server, in the official image and in ours."""
_MANAGEMENT_PORT = 15672
_PLAIN = (f"management.tcp.port = {_MANAGEMENT_PORT}",)
_TLS = (
    "listeners.tcp = none",
    f"listeners.ssl.default = {ENGINES['rabbitmq'].tls_port}",
    f"ssl_options.certfile = {CERTIFICATE_PATH}",
    f"ssl_options.keyfile = {KEY_PATH}",
    f"management.ssl.port = {_MANAGEMENT_PORT}",
    f"management.ssl.certfile = {CERTIFICATE_PATH}",
    f"management.ssl.keyfile = {KEY_PATH}",
)
_TIMEOUT_S = 15.0
_PEEKED_BYTES = 65_536
_OURS = "miniaws-"
"""Prefix of the policies with the limits of declared queues."""


class RabbitMQQueues:
    """Connects to RabbitMQ. Its volume holds users, queues and policies, so a password can be changed at run time."""

    rotates_live = True

    def program(self, server: Queue, password: str) -> Program:
        """Return the container to run; its first start creates user and virtual host, on any volume."""
        lines = [
            "definitions.import_backend = local_filesystem",
            f"definitions.local.path = {_DEFINITIONS}",
            # Otherwise the next start would undo a password that was changed at run time.
            "definitions.skip_if_unchanged = true",
            "loopback_users = none",
            "log.console = true",
            *(_TLS if server.certificate else _PLAIN),
            # It blocks publishers before it runs out of memory.
            f"vm_memory_high_watermark.absolute = {server.memory_mb * 6 // 10}MiB",
            "disk_free_limit.absolute = 50MB",
        ]
        files = {
            _CONFIG: File("\n".join(lines).encode() + b"\n", 0o400, _USER, _USER),
            _DEFINITIONS: File(_definitions(server, password), 0o400, _USER, _USER),
        }
        return Program(environment={"RABBITMQ_NODENAME": _NODE}, files=files, user=_USER)

    async def configure(self, server: Queue, at: Endpoint, password: str) -> None:
        """Create every declared queue with its limits, and remove those that are no longer declared."""
        async with _management(server, at, password) as api:
            await _forget_earlier_users(api, server)
            for name, definition in server.named.items():
                await _declare(api, server, name, definition)
            policies = await _get(api, f"/policies/{_vhost(server)}")
            for policy in policies:
                name = policy["name"].removeprefix(_OURS)
                if policy["name"].startswith(_OURS) and name not in server.named:
                    await _delete(api, f"/queues/{_vhost(server)}/{name}")
                    await _delete(api, f"/policies/{_vhost(server)}/{_OURS}{name}")

    async def rotate(self, server: Queue, at: Endpoint, old: str, new: str) -> None:
        """Make the user accept only the new password; open connections stay open."""
        path, body = f"/users/{server.username}", {"password": new, "tags": _TAGS}
        try:
            async with _management(server, at, new) as api:
                await _get(api, "/whoami")
        except _WrongPassword:
            async with _management(server, at, old) as api:
                await _put(api, path, body)

    async def probe(self, server: Queue, at: Endpoint, password: str) -> None:
        """Publish to an exclusive queue, receive the message and acknowledge it."""
        token = secrets.token_hex(8).encode()
        with _explained():
            async with asyncio.timeout(_TIMEOUT_S):
                connection = await aio_pika.connect(
                    host=at.host,
                    port=at.port,
                    login=server.username,
                    password=password,
                    virtualhost=server.settings["namespace"],
                    ssl=server.certificate is not None,
                    ssl_context=trusting(server),
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
        """Return statistics of the management API, which samples every five seconds."""
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
            path = _queue_path(server, name)
            await _get(api, path)
            await _delete(api, f"{path}/contents")

    async def declared(self, server: Queue, at: Endpoint, password: str) -> dict[str, QueueDefinition]:
        """Return the queues of our policies; a missing queue was not durable."""
        async with _management(server, at, password) as api:
            queues = await _get(api, f"/queues/{_vhost(server)}")
            policies = await _get(api, f"/policies/{_vhost(server)}")
        durable = {queue["name"]: queue["durable"] for queue in queues}
        ours = [each for each in policies if each["name"].startswith(_OURS)]
        names = {each["name"].removeprefix(_OURS): each["definition"] for each in ours}
        return {
            name: _definition_of(limits, durable=durable.get(name, False)) for name, limits in names.items()
        }

    async def peek(
        self, server: Queue, at: Endpoint, password: str, name: str, most: int
    ) -> list[PeekedMessage]:
        """Take the oldest messages and return them to their place; they then count as redelivered."""
        body = {"count": most, "ackmode": "ack_requeue_true", "encoding": "base64", "truncate": _PEEKED_BYTES}
        async with _management(server, at, password) as api:
            path = f"{_queue_path(server, name)}/get"
            found = (await _send(api, "POST", path, body)).json()
        return [
            PeekedMessage(
                base64.b64decode(each["payload"]),
                each["payload_bytes"],
                {key: str(value) for key, value in each["properties"].get("headers", {}).items()},
                redelivered=each["redelivered"],
            )
            for each in found
        ]


class _WrongPassword(Refused):
    pass


def _definitions(server: Queue, password: str) -> bytes:
    """Return user and virtual host for import by the server; the password only as a salted hash."""
    salt = secrets.token_bytes(4)
    hashed = base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()
    user, vhost = server.username, server.settings["namespace"]
    rights = {"configure": ".*", "write": ".*", "read": ".*"}
    found = {
        "users": [
            {
                "name": user,
                "password_hash": hashed,
                "hashing_algorithm": "rabbit_password_hashing_sha256",
                "tags": _TAGS,
            }
        ],
        "vhosts": [{"name": vhost}],
        "permissions": [{"user": user, "vhost": vhost, **rights}],
    }
    return json.dumps(found).encode()


async def _forget_earlier_users(api: httpx.AsyncClient, server: Queue) -> None:
    for user in await _get(api, "/users"):
        if _TAG in user["tags"] and user["name"] != server.username:
            await _delete(api, f"/users/{quote(user['name'], safe='')}")


async def _declare(api: httpx.AsyncClient, server: Queue, name: str, definition: dict[str, Any]) -> None:
    await _put(
        api, f"/queues/{_vhost(server)}/{name}", {"durable": definition["durable"], "auto_delete": False}
    )
    limits: dict[str, Any] = {
        "max-length": definition["max_length"],
        "message-ttl": None if definition["max_age_s"] is None else definition["max_age_s"] * 1000,
        "dead-letter-exchange": None if definition["dead_letter"] is None else "",
        "dead-letter-routing-key": definition["dead_letter"],
    }
    # Limits are a policy, not arguments of the queue: a policy can be changed while the queue is used. One
    # without limits says what is so anyway, as an empty one is refused; by it we know what was declared here.
    definition = {"queue-mode": "default"} | {key: each for key, each in limits.items() if each is not None}
    body = {"pattern": f"^{name}$", "definition": definition, "apply-to": "queues", "priority": 100}
    await _put(api, f"/policies/{_vhost(server)}/{_OURS}{name}", body)


def _definition_of(definition: dict[str, Any], *, durable: bool) -> QueueDefinition:
    age_ms = definition.get("message-ttl")
    return QueueDefinition(
        durable=durable,
        max_length=definition.get("max-length"),
        max_age_s=None if age_ms is None else age_ms // 1000,
        dead_letter=definition.get("dead-letter-routing-key"),
    )


def _figures(queue: dict[str, Any]) -> dict[str, Any]:
    rates: dict[str, Any] = queue.get("message_stats", {})
    return {
        "depth": queue.get("messages", 0),
        "unacknowledged": queue.get("messages_unacknowledged", 0),
        "consumers": queue.get("consumers", 0),
        "publish_per_s": rates.get("publish_details", {}).get("rate", 0.0),
        "deliver_per_s": rates.get("deliver_get_details", {}).get("rate", 0.0),
    }


def _queue_path(server: Queue, name: str) -> str:
    if name in {"", ".", ".."}:  # leads elsewhere
        raise QueueMissing("there is no such queue")
    return f"/queues/{_vhost(server)}/{quote(name, safe='')}"


def _vhost(server: Queue) -> str:
    return quote(server.settings["namespace"], safe="")


async def _get(api: httpx.AsyncClient, path: str) -> Any:
    return (await _send(api, "GET", path)).json()


async def _put(api: httpx.AsyncClient, path: str, body: dict[str, Any]) -> None:
    await _send(api, "PUT", path, body)


async def _delete(api: httpx.AsyncClient, path: str) -> None:
    with suppress(QueueMissing):
        await _send(api, "DELETE", path)


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
    trusted = trusting(server)
    scheme = "http" if trusted is None else "https"
    with _explained():
        async with httpx.AsyncClient(
            base_url=f"{scheme}://{at.host}:{_MANAGEMENT_PORT}",
            auth=(server.username, password),
            timeout=_TIMEOUT_S,
            trust_env=False,
            verify=trusted or False,
        ) as api:
            yield api


@contextmanager
def _explained() -> Generator[None]:
    """Translate the libraries' errors. Their messages are not passed on, because they may contain a URL."""
    try:
        yield
    except ProbableAuthenticationError:
        raise _WrongPassword("it does not take its password") from None
    except (httpx.TransportError, OSError, TimeoutError, AMQPError) as error:
        raise Unreachable(f"it does not answer: {type(error).__name__}") from None
