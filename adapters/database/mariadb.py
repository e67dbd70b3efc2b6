"""MariaDB servers. Its client library blocks, so it runs in threads.

The internal account is ``root``; users get an account that owns their database. Every account has a password.
"""

import asyncio
import hashlib
import secrets
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any, TypeVar

import pymysql
from pymysql.constants import CR, ER
from pymysql.cursors import Cursor

from adapters.database.mariadb_archive import ADMIN
from adapters.database.programs import HOME, secret
from domain.database import ENGINES, Administered, Database
from domain.errors import Refused, Unreachable
from domain.ports import File
from domain.server import Endpoint, Program

R = TypeVar("R")
_PASSWORD = f"{HOME}password"
_TIMEOUT_S = 10
_STATS = {
    "connections": "Threads_connected",
    "committed": "Com_commit",
    "rolled_back": "Com_rollback",
    "queries": "Questions",
    "slow_queries": "Slow_queries",
    "uptime_s": "Uptime",
    "buffer_reads": "Innodb_buffer_pool_reads",
    "buffer_requests": "Innodb_buffer_pool_read_requests",
}


class MariadbDatabases:
    """Connects to MariaDB."""

    rotates_live = True

    def program(self, server: Database, password: str) -> Program:
        """Return the container to run. The users' account is created afterwards."""
        del password
        command = (
            "mariadbd",
            "--log-bin=binlog",
            "--server-id=1",
            "--sync-binlog=1",
            "--innodb-flush-log-at-trx-commit=1",
            "--binlog-format=ROW",
            "--max-binlog-size=16M",
            "--binlog-expire-logs-seconds=86400",
            "--ignore-db-dirs=lost+found",
            f"--innodb-buffer-pool-size={_buffer_bytes(server)}",
            "--default-time-zone=+00:00",
        )
        return Program(command, {"MARIADB_ROOT_PASSWORD_FILE": _PASSWORD})

    def files(self, admin: str) -> dict[str, File]:
        """Return the password that the first start sets."""
        return {_PASSWORD: secret(admin)}

    async def administer(self, server: Database, at: Endpoint, admin: str, password: str) -> Administered:
        """Create or update the user, its database and the parameters."""

        def work(cursor: Cursor) -> Administered:
            user, database = server.username, server.settings["database"]
            cursor.execute(f"CREATE DATABASE IF NOT EXISTS `{database}`")
            cursor.execute(
                f"CREATE USER IF NOT EXISTS '{user}'@'%%' IDENTIFIED BY PASSWORD %s", (_hash(password),)
            )
            cursor.execute(f"ALTER USER '{user}'@'%%' IDENTIFIED BY PASSWORD %s", (_hash(password),))
            granted = database.replace("_", r"\_")  # else any character
            cursor.execute(f"GRANT ALL ON `{granted}`.* TO '{user}'@'%'")
            for name in ENGINES[server.engine].parameters:
                cursor.execute(f"SET GLOBAL {name} = {_value(server, name)}")
            cursor.execute("SELECT version()")
            return Administered(f"MariaDB {(cursor.fetchone() or ('',))[0]}", [])

        return await _asked(at, ADMIN, admin, work)

    async def configure(self, server: Database, at: Endpoint, password: str) -> None:
        """Do nothing: ``administer`` has already configured it."""

    async def rotate(self, server: Database, at: Endpoint, old: str, new: str) -> None:
        """Make the server accept only the new password."""

        def work(cursor: Cursor) -> None:
            # The server never gets the password itself, so it cannot be in its log.
            cursor.execute("SET PASSWORD = %s", (_hash(new),))

        for password in (new, old):
            try:
                await _asked(at, server.username, password, work)
            except _WrongPassword:
                continue
            return
        raise Refused("it takes neither the old password nor the new one")

    async def probe(self, server: Database, at: Endpoint, password: str) -> None:
        """Write a value and read it back."""
        token = secrets.token_hex(8)

        def work(cursor: Cursor) -> None:
            cursor.execute("CREATE TEMPORARY TABLE miniaws_probe (token text)")
            cursor.execute("INSERT INTO miniaws_probe VALUES (%s)", (token,))
            cursor.execute("SELECT token FROM miniaws_probe")
            if cursor.fetchone() != (token,):
                raise Refused("it does not give back what was written")

        await _asked(at, server.username, password, work, server.settings["database"])

    async def stats(self, server: Database, at: Endpoint, password: str) -> dict[str, Any]:
        """Return the server's own statistics."""
        del server

        def work(cursor: Cursor) -> dict[str, Any]:
            cursor.execute("SHOW GLOBAL STATUS")
            told = dict(cursor.fetchall())
            cursor.execute("SELECT sum(data_length + index_length) FROM information_schema.tables")
            size = (cursor.fetchone() or (0,))[0]
            counted = {name: int(told[key]) for name, key in _STATS.items()}
            hits = 1 - counted["buffer_reads"] / max(counted["buffer_requests"], 1)
            return {"size_bytes": int(size or 0), "cache_hit_percent": round(100 * hits, 2), **counted}

        return await _asked(at, ADMIN, password, work)


class _WrongPassword(Refused):
    pass


async def _asked(
    at: Endpoint, user: str, password: str, work: Callable[[Cursor], R], database: str = ""
) -> R:
    """Run statements as a client does."""

    def run() -> R:
        with _connected(at, user, password, database) as cursor:
            return work(cursor)

    return await asyncio.to_thread(run)


@contextmanager
def _connected(at: Endpoint, user: str, password: str, database: str) -> Generator[Cursor]:
    try:
        connection = pymysql.connect(
            host=at.host,
            port=at.port,
            user=user,
            password=password,
            database=database or None,
            autocommit=True,
            connect_timeout=_TIMEOUT_S,
            read_timeout=_TIMEOUT_S,
            write_timeout=_TIMEOUT_S,
        )
        with connection, connection.cursor() as cursor:
            yield cursor
    except pymysql.err.MySQLError as error:
        raise _understood(error) from None


def _understood(error: Exception) -> Exception:
    code = error.args[0] if error.args else 0
    text = " ".join(str(error.args[-1]).split())[-200:] if error.args else type(error).__name__
    if code == ER.ACCESS_DENIED_ERROR:
        return _WrongPassword("it does not take its password")
    if code in {CR.CR_CONN_HOST_ERROR, CR.CR_SERVER_LOST, CR.CR_SERVER_GONE_ERROR, 0}:
        return Unreachable(f"it does not answer: {text}")
    return Refused(f"it says: {text}")


def _hash(password: str) -> str:
    """Return the hash that MariaDB stores for a password."""
    # Double SHA-1 is the scheme of the server; the password is 256 random bits.
    once = hashlib.sha1(password.encode()).digest()  # noqa: S324
    return "*" + hashlib.sha1(once).hexdigest().upper()  # noqa: S324


def _value(server: Database, name: str) -> str:
    """Return a parameter as SQL. Values of known parameters contain no quotes."""
    wanted: dict[str, str] = server.settings["parameters"]
    if name in wanted:
        return wanted[name]
    return str(_buffer_bytes(server)) if name == "innodb_buffer_pool_size" else "DEFAULT"


def _buffer_bytes(server: Database) -> int:
    """Return the default: a quarter of the memory."""
    return server.memory_mb * 1024 * 1024 // 4
