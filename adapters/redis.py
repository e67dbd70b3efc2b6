"""Caches on Redis, or on Valkey, which has the same protocol."""

import secrets
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from redis import exceptions
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from domain.cache import DATA_PATH, PORT, USERNAME, Cache
from domain.errors import Refused, Unreachable
from domain.ports import File
from domain.server import CERTIFICATE_PATH, KEY_PATH, Endpoint, Program

_HOME = "/etc/miniaws/"
_CONFIG = f"{_HOME}redis.conf"
_USER = 999
"""The operating system user of the server, in the official image and in ours."""
_TIMEOUT_S = 10.0
_PROBE = "miniaws:probe"
_PROBE_KEPT_S = 60
_PERSISTENCE = {
    "none": ('save ""', "appendonly no"),
    "aof": ('save ""', "appendonly yes"),
    "snapshots": ("save 300 1 60 100", "appendonly no"),
}
_PLAIN = (f"port {PORT}",)
_TLS = (
    "port 0",
    f"tls-port {PORT}",
    f"tls-cert-file {CERTIFICATE_PATH}",
    f"tls-key-file {KEY_PATH}",
    "tls-auth-clients no",
)
_DEFAULTS = {
    "appendfsync": "everysec",
    "hz": "10",
    "lfu-decay-time": "1",
    "lfu-log-factor": "10",
    "maxmemory-samples": "5",
    "slowlog-log-slower-than": "10000",
    "slowlog-max-len": "128",
    "tcp-keepalive": "300",
    "timeout": "0",
}
"""Defaults of every parameter that can be set, to restore one that is removed."""
_STATS = {
    "clients": "connected_clients",
    "memory_bytes": "used_memory",
    "memory_peak_bytes": "used_memory_peak",
    "memory_limit_bytes": "maxmemory",
    "commands": "total_commands_processed",
    "commands_per_s": "instantaneous_ops_per_sec",
    "hits": "keyspace_hits",
    "misses": "keyspace_misses",
    "evicted": "evicted_keys",
    "expired": "expired_keys",
    "uptime_s": "uptime_in_seconds",
}


class RedisCaches:
    """Connects to Redis. It writes changes at run time into its own configuration file."""

    rotates_live = True

    def __init__(self, program: str = "redis-server") -> None:
        self._program = program

    def program(self, server: Cache, password: str) -> Program:
        """Return the container to run; only the server can read and rewrite the file."""
        lines = [
            *(_PLAIN if server.certificate is None else _TLS),
            f"dir {DATA_PATH}",
            f"requirepass {password}",
            *_PERSISTENCE[server.settings["persistence"]],
            *(f"{name} {value}" for name, value in _settings(server).items()),
        ]
        config = "\n".join(lines).encode() + b"\n"
        files = {_HOME: File(b"", 0o700, _USER, _USER), _CONFIG: File(config, 0o600, _USER, _USER)}
        return Program((self._program, _CONFIG), files=files, user=_USER)

    async def configure(self, server: Cache, at: Endpoint, password: str) -> None:
        """Apply its limits and parameters, in memory and in its file."""
        async with _connected(server, at, password) as redis:
            for name, value in _settings(server).items():
                await redis.config_set(name, value)
            await redis.config_rewrite()

    async def rotate(self, server: Cache, at: Endpoint, old: str, new: str) -> None:
        """Make it accept only the new password, in memory and in its file."""
        try:
            await _take_password(server, at, new, new)
        except _WrongPassword:
            await _take_password(server, at, old, new)

    async def probe(self, server: Cache, at: Endpoint, password: str) -> None:
        """Write a key, read it and delete it; after an interruption it expires soon."""
        token = secrets.token_hex(8)
        async with _connected(server, at, password) as redis:
            try:
                await redis.set(_PROBE, token, ex=_PROBE_KEPT_S)
            except exceptions.OutOfMemoryError:
                # Full, and configured to refuse writes then: not a failure.
                await redis.ping()
                return
            if await redis.getdel(_PROBE) != token.encode():
                raise Refused("it does not give back what was written")

    async def flush(self, server: Cache, at: Endpoint, password: str) -> None:
        """Remove every key."""
        async with _connected(server, at, password) as redis:
            await redis.flushall()

    async def stats(self, server: Cache, at: Endpoint, password: str) -> dict[str, Any]:
        """Return statistics from INFO; the hit rate is None before the first lookup."""
        async with _connected(server, at, password) as redis:
            found = await redis.info()
        shown = {name: found.get(key) for name, key in _STATS.items()}
        looked_up = found["keyspace_hits"] + found["keyspace_misses"]
        shown["hit_rate"] = round(found["keyspace_hits"] / looked_up, 4) if looked_up else None
        shown["keys"] = sum(each["keys"] for key, each in found.items() if key.startswith("db"))
        shown["server_version"] = found.get("valkey_version", found["redis_version"])
        return shown


class _WrongPassword(Refused):
    pass


async def _take_password(server: Cache, at: Endpoint, present: str, new: str) -> None:
    async with _connected(server, at, present) as redis:
        await redis.config_set("requirepass", new)
        await redis.config_rewrite()


@asynccontextmanager
async def _connected(server: Cache, at: Endpoint, password: str) -> AsyncGenerator[Redis]:
    redis = Redis(
        host=at.host,
        port=at.port,
        username=USERNAME,
        password=password,
        socket_timeout=_TIMEOUT_S,
        socket_connect_timeout=_TIMEOUT_S,
        single_connection_client=True,
        retry=Retry(NoBackoff(), 0),
        **_tls(server),
    )
    try:
        with _explained():
            yield redis
    finally:
        await redis.aclose()


def _tls(server: Cache) -> dict[str, Any]:
    if server.certificate is None:
        return {}
    # As in adapters/tls.py, with the parameters of this library.
    return {"ssl": True, "ssl_ca_data": server.certificate.authority, "ssl_check_hostname": False}


@contextmanager
def _explained() -> Generator[None]:
    """Translate the library's errors, none of which contains a password."""
    try:
        yield
    except exceptions.AuthenticationError:
        raise _WrongPassword("it does not take its password") from None
    except (exceptions.BusyLoadingError, exceptions.ConnectionError, exceptions.TimeoutError) as error:
        raise Unreachable(f"it does not answer: {type(error).__name__}") from None
    except exceptions.RedisError as error:
        raise Refused(f"it refused: {error}") from None


def _settings(server: Cache) -> dict[str, str]:
    return {
        "maxmemory": str(server.maxmemory_mb * 1024 * 1024),
        "maxmemory-policy": server.settings["eviction"],
        **_DEFAULTS,
        **server.settings["parameters"],
    }
