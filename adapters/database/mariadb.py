"""Database servers that MariaDB is: its own protocol is spoken in threads, as its client library blocks.

Our own account is ``root``; people get an account that owns their database. No account is without a password.
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
    """Speaks to MariaDB."""

    rotates_live = True

    def program(self, server: Database, password: str) -> Program:
        """Return what to run; people's account is made afterwards."""
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
        """Return the password that its first start takes."""
        return {_PASSWORD: secret(admin)}

    async def administer(self, server: Database, at: Endpoint, admin: str, password: str) -> Administered:
        """Have the user, its database and the parameters."""

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
        """Do nothing more than ``administer`` did."""

    async def rotate(self, server: Database, at: Endpoint, old: str, new: str) -> None:
        """Have it take only the new password."""

        def work(cursor: Cursor) -> None:
            # The server never sees the password itself, so no log of it can.
            cursor.execute("SET PASSWORD = %s", (_hash(new),))

        for password in (new, old):
            try:
                await _asked(at, server.username, password, work)
            except _WrongPassword:
                continue
            return
        raise Refused("it takes neither the old password nor the new one")

    async def probe(self, server: Database, at: Endpoint, password: str) -> None:
        """Write something and read it."""
        token = secrets.token_hex(8)

        def work(cursor: Cursor) -> None:
            cursor.execute("CREATE TEMPORARY TABLE miniaws_probe (token text)")
            cursor.execute("INSERT INTO miniaws_probe VALUES (%s)", (token,))
            cursor.execute("SELECT token FROM miniaws_probe")
            if cursor.fetchone() != (token,):
                raise Refused("it does not give back what was written")

        await _asked(at, server.username, password, work, server.settings["database"])

    async def stats(self, server: Database, at: Endpoint, password: str) -> dict[str, Any]:
        """Return figures of the server's own."""
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
    """Run some statements as clients do."""

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
    """Return what MariaDB keeps in place of a password."""
    # Twice SHA-1 is the server's own scheme; what it protects is random and of 256 bits.
    once = hashlib.sha1(password.encode()).digest()  # noqa: S324
    return "*" + hashlib.sha1(once).hexdigest().upper()  # noqa: S324


def _value(server: Database, name: str) -> str:
    """Return a parameter as SQL: what is known of it has no quotes in it."""
    wanted: dict[str, str] = server.settings["parameters"]
    if name in wanted:
        return wanted[name]
    return str(_buffer_bytes(server)) if name == "innodb_buffer_pool_size" else "DEFAULT"


def _buffer_bytes(server: Database) -> int:
    """Return a quarter of the memory."""
    return server.memory_mb * 1024 * 1024 // 4
