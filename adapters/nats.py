"""Queues on NATS JetStream: each named queue is a stream whose subject is its name."""

import asyncio
import json
import re
import secrets
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from nats.aio.client import Client
from nats.errors import AuthorizationError, NoRespondersError, NoServersError
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.api import StorageType, StreamConfig, StreamInfo
from nats.js.errors import APIError, NotFoundError

from adapters.tls import trusting
from domain.errors import Refused, Unreachable
from domain.ports import File
from domain.queue import PeekedMessage, Queue, QueueDefinition, QueueMissing
from domain.server import CERTIFICATE_PATH, KEY_PATH, Endpoint, Program

_CONFIG = "/etc/miniaws/nats.conf"
_TLS = (f'tls {{ cert_file: "{CERTIFICATE_PATH}", key_file: "{KEY_PATH}" }}',)
_TIMEOUT_S = 10
_SAMPLE_S = 0.5
_PEEKED_BYTES = 65_536
_PROBE = "miniaws-probe"
_STREAM = re.compile(r"[^\s.*>/\\\x00-\x1f\x7f]+")
"""The name of a stream: a token of a subject, which is not a wildcard."""
_OURS = "declared by miniaws"
"""The description of declared streams; streams of clients are not changed."""


class NatsQueues:
    """Connects to NATS. It reads its password at the start, so a new password needs a new container."""

    rotates_live = False

    def program(self, server: Queue, password: str) -> Program:
        """Return the container to run."""
        account = json.dumps(server.settings["namespace"])
        user = f"{{ user: {json.dumps(server.username)}, password: {json.dumps(password)} }}"
        lines = [
            f"port: {server.port}",
            f"server_name: {json.dumps(server.name)}",
            f'jetstream {{ store_dir: "{server.data_path}", max_memory_store: {server.memory_mb // 4}MB }}',
            *(_TLS if server.certificate else ()),
            f"accounts {{ {account}: {{ jetstream: enabled, users: [ {user} ] }} }}",
        ]
        config = "\n".join(lines).encode() + b"\n"
        return Program(("--config", _CONFIG), files={_CONFIG: File(config)})

    async def configure(self, server: Queue, at: Endpoint, password: str) -> None:
        """Create every declared stream with its limits, and remove those that are no longer declared."""
        async with _connected(server, at, password) as (_, stream):
            there = {info.config.name: info for info in await stream.streams_info()}
            for name, definition in server.named.items():
                config = _config(name, definition)
                await (stream.update_stream(config) if name in there else stream.add_stream(config))
            for name, info in there.items():
                if name and info.config.description == _OURS and name not in server.named:
                    await stream.delete_stream(name)

    async def rotate(self, server: Queue, at: Endpoint, old: str, new: str) -> None:
        """Verify the new password, which a new container has brought."""
        del old
        async with _connected(server, at, new):
            pass

    async def probe(self, server: Queue, at: Endpoint, password: str) -> None:
        """Publish to a small in-memory stream, and read the message back."""
        token = secrets.token_hex(8).encode()
        async with _connected(server, at, password) as (_, stream):
            config = StreamConfig(
                name=_PROBE, subjects=[_PROBE], max_msgs=1, max_age=60, storage=StorageType.MEMORY
            )
            await stream.add_stream(config)
            await stream.publish(_PROBE, token)
            found = await stream.get_last_msg(_PROBE, _PROBE)
            if found.data != token:
                raise Refused("it does not give back what was published")

    async def stats(self, server: Queue, at: Endpoint, password: str) -> dict[str, Any]:
        """Return statistics of every stream; rates cover the last half second."""
        async with _connected(server, at, password) as (client, stream):
            before = {info.config.name: info for info in await stream.streams_info()}
            await asyncio.sleep(_SAMPLE_S)
            infos = await stream.streams_info()
            account = await stream.account_info()
            version = client.connected_server_version
        shown = {
            str(info.config.name): _figures(info, before.get(info.config.name))
            for info in infos
            if info.config.name != _PROBE
        }
        return {
            "depth": sum(each["depth"] for each in shown.values()),
            "consumers": sum(each["consumers"] for each in shown.values()),
            "memory_bytes": account.memory,
            "storage_bytes": account.storage,
            "queues": shown,
            "server_version": f"{version.major}.{version.minor}.{version.patch}",
        }

    async def purge(self, server: Queue, at: Endpoint, password: str, name: str) -> None:
        """Remove every message."""
        async with _connected(server, at, password) as (_, stream):
            await stream.purge_stream(_stream_name(name))

    async def declared(self, server: Queue, at: Endpoint, password: str) -> dict[str, QueueDefinition]:
        """Return the streams with our description; in-memory streams are lost with their server."""
        async with _connected(server, at, password) as (_, stream):
            found = [info.config for info in await stream.streams_info()]
        return {
            config.name: _definition_of(config)
            for config in found
            if config.name and config.description == _OURS
        }

    async def peek(
        self, server: Queue, at: Endpoint, password: str, name: str, most: int
    ) -> list[PeekedMessage]:
        """Read the oldest messages by sequence number, without affecting consumers."""
        found: list[PeekedMessage] = []
        async with _connected(server, at, password) as (_, stream):
            state = (await stream.stream_info(_stream_name(name))).state
            number = max(state.first_seq, 1)  # zero before the first message, and no message has it
            while number <= state.last_seq and len(found) < most:
                try:
                    message = await stream.get_msg(name, number)
                except NotFoundError:
                    number += 1  # deleted from the middle
                    continue
                payload = message.data or b""
                found.append(PeekedMessage(payload[:_PEEKED_BYTES], len(payload), message.headers or {}))
                number += 1
        return found


def _stream_name(name: str) -> str:
    """Return the name as a part of a subject. Raises QueueMissing for an invalid name of a stream."""
    if not _STREAM.fullmatch(name):
        raise QueueMissing("there is no such stream")
    return name


def _config(name: str, definition: dict[str, Any]) -> StreamConfig:
    return StreamConfig(
        name=name,
        description=_OURS,
        subjects=[name],
        storage=StorageType.FILE if definition["durable"] else StorageType.MEMORY,
        max_msgs=definition["max_length"] or -1,
        max_age=definition["max_age_s"] or 0,
    )


def _definition_of(config: StreamConfig) -> QueueDefinition:
    most, age = config.max_msgs or -1, int(config.max_age or 0)
    return QueueDefinition(
        durable=config.storage == StorageType.FILE,
        max_length=most if most > 0 else None,
        max_age_s=age or None,
    )


def _figures(info: StreamInfo, before: StreamInfo | None) -> dict[str, Any]:
    came = info.state.last_seq - before.state.last_seq if before else 0
    return {
        "depth": info.state.messages,
        "bytes": info.state.bytes,
        "consumers": info.state.consumer_count,
        "publish_per_s": round(came / _SAMPLE_S, 1),
    }


async def _ignored(error: Exception) -> None:
    """Ignore errors of the library in the background: a failed call raises its own."""
    del error


@asynccontextmanager
async def _connected(
    server: Queue, at: Endpoint, password: str
) -> AsyncGenerator[tuple[Client, JetStreamContext]]:
    """Connect. The library's error messages are not passed on, because they may contain a URL."""
    client = Client()
    try:
        # Otherwise it would retry TLS endlessly with a server that it does not trust.
        async with asyncio.timeout(2 * _TIMEOUT_S):
            await client.connect(
                f"nats://{at.host}:{at.port}",
                user=server.username,
                password=password,
                allow_reconnect=False,
                connect_timeout=_TIMEOUT_S,
                tls=trusting(server),
                error_cb=_ignored,
            )
        yield client, client.jetstream(timeout=_TIMEOUT_S)
    except NotFoundError:
        raise QueueMissing("there is no such stream") from None
    except APIError as error:
        raise Refused(f"it refused: {error.description}") from None
    except AuthorizationError:
        raise Refused("it does not take its password") from None
    except (NoServersError, NoRespondersError, NatsError, OSError, TimeoutError) as error:
        if "authorization" in str(error).lower():
            raise Refused("it does not take its password") from None
        raise Unreachable(f"it does not answer: {type(error).__name__}") from None
    finally:
        # Also after an attempt that failed: the library leaves its socket open then.
        await client.close()
