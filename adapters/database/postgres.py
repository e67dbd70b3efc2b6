"""Postgres servers.

The internal account ``miniaws`` owns the server; users get an account that owns its database and may create others.
"""

import asyncio
import base64
import contextlib
import hashlib
import hmac
import secrets
from collections.abc import AsyncGenerator, Mapping, Sequence
from datetime import datetime
from typing import Any

import psycopg
from psycopg import AsyncConnection, sql

from adapters.database.postgres_archive import FOLDER
from adapters.database.postgres_settings import following
from adapters.database.programs import HOME, script, secret
from domain.database import ADMIN, ENGINES, Administered, Database
from domain.errors import Refused, Unreachable
from domain.ports import File
from domain.server import Endpoint, Program

_CONFIG, _ACCESS = f"{HOME}postgresql.conf", f"{HOME}pg_hba.conf"
_PARAMETERS = f"{HOME}parameters.conf"
_WAITS_FOR = "synchronous_standby_names"
_PASSWORD = f"{HOME}password"
_ROUNDS = 4096
_KEPT_MB = 1024
"""How much log the server retains while the archive does not receive it."""
_TIMEOUT_S = 10
_LOOKS, _LOOK_S = 30, 0.1
_WRONG_PASSWORD = "28P01"  # noqa: S105 - an error code
_STARTING = {"57P03", "08006", "08001"}
_WHO = "local all all scram-sha-256\nhost all all all scram-sha-256\nhost replication all all scram-sha-256\n"
"""Requires a password; replication needs an account with that right, which users cannot create."""
_STATS = """
    select (select count(*) from pg_stat_activity where backend_type = 'client backend') as connections,
        current_setting('max_connections')::int as max_connections,
        (select sum(pg_database_size(oid))::bigint from pg_database) as size_bytes,
        sum(xact_commit)::bigint as committed, sum(xact_rollback)::bigint as rolled_back,
        round(sum(blks_hit) * 100.0 / nullif(sum(blks_hit + blks_read), 0), 2)::float as cache_hit_percent,
        sum(deadlocks)::bigint as deadlocks,
        (select pg_wal_lsn_diff(pg_current_wal_lsn(), write_lsn)::bigint from pg_stat_replication
            where application_name = 'pg_receivewal' limit 1) as log_lag_bytes,
        extract(epoch from now() - pg_postmaster_start_time())::bigint as uptime_s
    from pg_stat_database
"""


class PostgresDatabases:
    """Connects to Postgres."""

    rotates_live = True

    def program(self, server: Database, password: str) -> Program:
        """Return the container to run. The users' account is created afterwards."""
        del password
        return Program(
            ("bash", f"{HOME}begin.sh", "postgres", "-c", f"config_file={_CONFIG}"),
            {
                "PGDATA": f"{server.data_path}/pgdata",
                "POSTGRES_USER": ADMIN,
                "POSTGRES_DB": "postgres",
                "POSTGRES_PASSWORD_FILE": _PASSWORD,
                "POSTGRES_INITDB_ARGS": "--data-checksums --encoding=UTF8",
            },
            {
                _CONFIG: _lines(_config(server)),
                _PARAMETERS: _lines(_assigned(_begins_with(server))),
                _ACCESS: File(_WHO.encode(), 0o444),
                **script(FOLDER, "begin.sh", "archive_fallback.sh"),
            },
            # Fast shutdown: after SIGTERM it would wait until its clients disconnect.
            stop_signal="SIGINT",
        )

    def files(self, admin: str) -> dict[str, File]:
        """Return the password that the first start sets."""
        return {_PASSWORD: secret(admin)}

    async def administer(self, server: Database, at: Endpoint, admin: str, password: str) -> Administered:
        """Create or update the user, its database and the parameters."""
        user, database = server.username, server.settings["database"]
        async with connected(at, ADMIN, admin, "postgres") as connection:
            await _have_user(connection, user, password)
            await _have_database(connection, user, database)
            reloaded_at = await have_parameters(connection, parameters_of(server))
        return await reloaded(at, admin, reloaded_at)

    async def configure(self, server: Database, at: Endpoint, password: str) -> None:
        """Do nothing: ``administer`` has already configured it."""

    async def rotate(self, server: Database, at: Endpoint, old: str, new: str) -> None:
        """Make the server accept only the new password."""
        database = server.settings["database"]
        for password in (new, old):
            try:
                async with connected(at, server.username, password, database) as connection:
                    await set_password(connection, server.username, new)
                    return
            except WrongPassword:
                continue
        raise Refused("it takes neither the old password nor the new one")

    async def probe(self, server: Database, at: Endpoint, password: str) -> None:
        """Write a value, read it back, and commit."""
        token = secrets.token_hex(8)
        async with connected(at, server.username, password, server.settings["database"]) as connection:
            async with connection.transaction():
                await connection.execute("create temporary table miniaws_probe (token text) on commit drop")
                await connection.execute("insert into miniaws_probe values (%s)", (token,))
                found = await (await connection.execute("select token from miniaws_probe")).fetchone()
                await connection.execute("select pg_logical_emit_message(true, 'miniaws', 'probe')")
            if found != (token,):
                raise Refused("it does not give back what was written")

    async def stats(self, server: Database, at: Endpoint, password: str) -> dict[str, Any]:
        """Return the server's own statistics."""
        del server
        async with connected(at, ADMIN, password, "postgres") as connection:
            found = await connection.execute(_STATS)
            names = [column.name for column in found.description or ()]
            return dict(zip(names, await found.fetchone() or (), strict=True))


def _config(server: Database) -> list[str]:
    return [
        "listen_addresses = '*'",
        f"hba_file = '{_ACCESS}'",
        "wal_level = replica",
        "max_wal_senders = 10",
        "max_replication_slots = 10",
        f"max_slot_wal_keep_size = {_KEPT_MB}MB",
        "wal_keep_size = 64MB",
        "archive_mode = on",
        f"archive_command = 'bash {HOME}archive_fallback.sh %p %f {_KEPT_MB}'",
        # Nothing receives the log while the server is initialized, so no commit may wait for it.
        *_assigned({name: value for name, value in _begins_with(server).items() if name != _WAITS_FOR}),
        "timezone = UTC",
        "log_timezone = UTC",
        "password_encryption = scram-sha-256",
        *(following(server) if server.is_replica else []),
    ]


def _begins_with(server: Database) -> dict[str, str]:
    """Return the initial files of a container; a replica gets the others from its source."""
    wanted = parameters_of(server)
    return {"shared_buffers": wanted["shared_buffers"]} if server.is_replica else wanted


def _assigned(wanted: Mapping[str, str]) -> list[str]:
    return [f"{name} = '{value}'" for name, value in wanted.items()]


def _lines(found: Sequence[str]) -> File:
    return File("\n".join([*found, ""]).encode(), 0o444)


class WrongPassword(Refused):
    """The server rejects the password."""


@contextlib.asynccontextmanager
async def connected(
    at: Endpoint, user: str, password: str, database: str
) -> AsyncGenerator[AsyncConnection[tuple[Any, ...]]]:
    """Connect as clients do. Raises WrongPassword, Unreachable, Refused.

    The commits of this connection never wait for the archive, which may not be following yet.
    """
    try:
        async with asyncio.timeout(_TIMEOUT_S * 2):
            connection = await AsyncConnection.connect(
                host=at.host,
                port=at.port,
                user=user,
                password=password,
                dbname=database,
                connect_timeout=_TIMEOUT_S,
                autocommit=True,
                options="-c synchronous_commit=local -c statement_timeout=15s",
            )
            async with connection:
                yield connection
    except (psycopg.OperationalError, TimeoutError) as error:
        raise _understood(error) from None
    except psycopg.Error as error:
        raise Refused(f"it says: {_message(error)}") from None


def _understood(error: Exception) -> Exception:
    state = getattr(error, "sqlstate", None)
    text = _message(error)
    if state == _WRONG_PASSWORD or "password authentication failed" in text:
        return WrongPassword("it does not take its password")
    if state is None or state in _STARTING:
        return Unreachable(f"it does not answer: {text}")
    return Refused(f"it says: {text}")


def _message(error: Exception) -> str:
    return " ".join(str(error).split())[-200:] or type(error).__name__


async def _have_user(connection: AsyncConnection[Any], user: str, password: str) -> None:
    found = await connection.execute("select from pg_roles where rolname = %s", (user,))
    name = sql.Identifier(user)
    if await found.fetchone() is None:
        await connection.execute(sql.SQL("create role {} login").format(name))
    await connection.execute(sql.SQL("alter role {} login createdb createrole").format(name))
    await connection.execute(sql.SQL("grant pg_monitor, pg_signal_backend to {}").format(name))
    await set_password(connection, user, password)


async def set_password(connection: AsyncConnection[Any], user: str, password: str) -> None:
    """Set the password of an account."""
    # The server never gets the password itself, so it cannot be in its log.
    statement = sql.SQL("alter role {} password {}")
    await connection.execute(statement.format(sql.Identifier(user), sql.Literal(scram(password))))


async def _have_database(connection: AsyncConnection[Any], user: str, database: str) -> None:
    found = await connection.execute("select from pg_database where datname = %s", (database,))
    if await found.fetchone() is None:
        statement = sql.SQL("create database {} owner {}")
        await connection.execute(statement.format(sql.Identifier(database), sql.Identifier(user)))


def parameters_of(server: Database) -> dict[str, str]:
    """Return the settings of a server; the others have the engine's defaults."""
    wanted: dict[str, str] = dict(server.settings["parameters"])
    wanted.setdefault("shared_buffers", str(_shared_buffers(server.memory_mb)))
    if server.settings["synchronous"]:
        wanted[_WAITS_FOR] = "pg_receivewal"
    return wanted


async def have_parameters(connection: AsyncConnection[Any], wanted: Mapping[str, str]) -> datetime:
    """Write the parameters, and return the time after which the server must have read them."""
    for name in (*ENGINES["postgres"].parameters, _WAITS_FOR):
        value = sql.Literal(wanted[name]) if name in wanted else sql.SQL("default")
        await connection.execute(sql.SQL("alter system set {} = {}").format(sql.Identifier(name), value))
    found = await (await connection.execute("select clock_timestamp(), pg_reload_conf()")).fetchone()
    assert found is not None  # noqa: S101 - it is one row
    return found[0]


async def reloaded(at: Endpoint, admin: str, reloaded_at: datetime) -> Administered:
    """Wait until the server has read its parameters; return the active and the pending ones."""
    for _ in range(_LOOKS):
        # A new connection each time: a connection keeps the parameters from its start.
        async with connected(at, ADMIN, admin, "postgres") as connection:
            found = await (await connection.execute("select pg_conf_load_time()")).fetchone()
            if found is not None and found[0] >= reloaded_at:
                return await _look(connection)
        await asyncio.sleep(_LOOK_S)
    raise Unreachable("it does not read its parameters again")


async def _look(connection: AsyncConnection[Any]) -> Administered:
    """Return the active parameters, and those that wait for a restart."""
    found = await (await connection.execute("select split_part(version(), ' on ', 1)")).fetchone()
    waiting = await connection.execute("select name from pg_settings where pending_restart order by name")
    return Administered(found[0] if found else "", [row[0] for row in await waiting.fetchall()])


def _shared_buffers(memory_mb: int) -> int:
    """Return the default: a quarter of the memory, in pages of 8 KiB."""
    return memory_mb * 1024 // 4 // 8


def scram(password: str) -> str:
    """Return the verifier that Postgres stores for a password (RFC 5803)."""
    salt = secrets.token_bytes(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, _ROUNDS)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    of_server = hmac.digest(salted, b"Server Key", "sha256")
    shown = [base64.b64encode(each).decode() for each in (salt, stored, of_server)]
    return f"SCRAM-SHA-256${_ROUNDS}:{shown[0]}${shown[1]}:{shown[2]}"
