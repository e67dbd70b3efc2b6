"""Postgres replicas: a copy by ``pg_basebackup``, then streaming replication through a slot.

Each replica has its own account and slot at its source, both named after it.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Sequence
from typing import Any

from psycopg import AsyncConnection, sql

from adapters.database.postgres import (
    WrongPassword,
    connected,
    have_parameters,
    parameters_of,
    reloaded,
    set_password,
)
from adapters.database.postgres_archive import FOLDER, PASSWORDS
from adapters.database.postgres_settings import ANY_NAME, FOLLOWS_BY, SILENT_S, replication_name
from adapters.database.programs import HOME, script, secret
from domain.database import ADMIN, Administered, Database, Ended, ReplicationStatus
from domain.errors import Refused, Unreachable
from domain.ports import File
from domain.server import Endpoint, Program

_LOOKS, _LOOK_S = 30, 0.1
_PROMOTE_S = 10
_AT_LEAST = ("max_connections", "max_locks_per_transaction")
"""Parameters that must be at least as high in a replica as in its source."""
_STATUS = """
    select coalesce(status = 'streaming' and clock_timestamp() - last_msg_receipt_time < %s * interval '1 s', false),
        greatest(pg_wal_lsn_diff(latest_end_lsn, pg_last_wal_replay_lsn()), 0)::bigint as lag_bytes,
        case when latest_end_lsn <= pg_last_wal_replay_lsn() then 0
            else extract(epoch from clock_timestamp() - pg_last_xact_replay_timestamp()) end::float as lag_s,
        pg_last_xact_replay_timestamp() as last_change_at
    from (select) as always left join pg_stat_wal_receiver on true
"""


class PostgresReplicas:
    """Replicates Postgres."""

    def copy(self, replica: Database, password: str) -> Program:
        """Return the program that copies the files of a replica."""
        assert replica.replica_of is not None  # noqa: S101 - it is one
        name = replication_name(replica.public_id)
        environment = {
            "PGHOST": replica.replica_of.id,
            "PGUSER": name,
            "PGPASSFILE": PASSWORDS,
            "PGDATA": f"{replica.data_path}/pgdata",
            "SLOT": name,
        }
        scripts = script(FOLDER, "copy.sh", "unpack.sh")
        return Program(
            ("bash", f"{HOME}copy.sh"), environment, scripts | {PASSWORDS: _password(replica, password)}
        )

    def files(self, replica: Database, password: str) -> dict[str, File]:
        """Return the password for replication."""
        return {FOLLOWS_BY: _password(replica, password)}

    async def admit(self, at: Endpoint, admin: str, named: str, password: str) -> None:
        """Ensure the account and the slot. An interrupted copy that still uses the slot is disconnected."""
        name = replication_name(named)
        async with connected(at, ADMIN, admin, "postgres") as connection:
            found = await connection.execute("select from pg_roles where rolname = %s", (name,))
            if await found.fetchone() is None:
                await connection.execute(
                    sql.SQL("create role {} login replication").format(sql.Identifier(name))
                )
            await set_password(connection, name, password)
            if await _status(connection, name) == "lost":
                await _drop_slot(connection, name)
            await _free(connection, name)
            await connection.execute(
                "select pg_create_physical_replication_slot(%(name)s, true)"
                " where not exists (select from pg_replication_slots where slot_name = %(name)s)",
                {"name": name},
            )

    async def dismiss(self, at: Endpoint, admin: str, named: str | None) -> None:
        """Remove the slot and the account."""
        async with connected(at, ADMIN, admin, "postgres") as connection:
            await _dismiss(connection, named)

    async def is_lost(self, at: Endpoint, admin: str, named: str) -> bool:
        """Return whether the slot is gone, or no longer retains the log."""
        async with connected(at, ADMIN, admin, "postgres") as connection:
            return await _status(connection, replication_name(named)) in {None, "lost"}

    async def prepare(self, replica: Database, at: Endpoint, admin: str) -> Administered:
        """Set the parameters. Those that must not be lower than at the source are not lowered."""
        wanted = parameters_of(replica)
        async with connected(at, ADMIN, admin, "postgres") as connection:
            found = await connection.execute(
                "select name, setting::int, boot_val::int from pg_settings where name = any(%s)",
                (list(_AT_LEAST),),
            )
            for name, running, usual in await found.fetchall():
                wanted[name] = str(max(running, int(wanted[name]) if name in wanted else usual))
            reloaded_at = await have_parameters(connection, wanted)
        return await reloaded(at, admin, reloaded_at)

    async def read(self, replica: Database, at: Endpoint, passwords: Sequence[str]) -> None:
        """Connect as the user, who is that of the source, and read the list of tables."""
        for password in passwords:
            with contextlib.suppress(WrongPassword):
                async with connected(
                    at, replica.username, password, replica.settings["database"]
                ) as connection:
                    found = await connection.execute("select pg_is_in_recovery(), count(*) from pg_class")
                    row = await found.fetchone()
                if row is None or not row[0]:
                    raise Refused("it takes writes, as no replica does")
                return
        raise WrongPassword("it takes no password of its source")

    async def replication_status(self, at: Endpoint, admin: str) -> ReplicationStatus:
        """Return the status of the WAL receiver."""
        async with connected(at, ADMIN, admin, "postgres") as connection:
            row = await (await connection.execute(_STATUS, (SILENT_S + 5,))).fetchone()
        assert row is not None  # noqa: S101 - it is one row
        if not row[0]:
            return ReplicationStatus(is_streaming=False, last_change_at=row[3])
        return ReplicationStatus(*row)

    async def promote(self, at: Endpoint, admin: str, own: str) -> Ended:
        """Promote it once, and configure the internal account and the limits for replicas."""
        async with _either(at, own, admin) as connection:
            found = await connection.execute(
                "select not pg_is_in_recovery() or pg_promote(true, %s)", (_PROMOTE_S,)
            )
            if await found.fetchone() != (True,):
                raise Unreachable("it is still being promoted")
        async with _either(at, own, admin) as connection:
            await set_password(connection, ADMIN, own)
            await _dismiss(connection, None)
            return await _ended(connection)

    async def lag_bytes_after(self, at: Endpoint, admin: str, position: str) -> int:
        """Return how many bytes the log goes beyond a position."""
        async with connected(at, ADMIN, admin, "postgres") as connection:
            found = await connection.execute(
                "select greatest(pg_wal_lsn_diff(pg_current_wal_flush_lsn(), %s::pg_lsn), 0)::bigint",
                (position,),
            )
            row = await found.fetchone()
        assert row is not None  # noqa: S101 - it is one row
        return row[0]


def _password(replica: Database, password: str) -> File:
    return secret(f"*:*:*:{replication_name(replica.public_id)}:{password}\n")


@contextlib.asynccontextmanager
async def _either(at: Endpoint, *passwords: str) -> AsyncGenerator[AsyncConnection[tuple[Any, ...]]]:
    """Connect as the internal account with the first password that works."""
    first, *others = passwords
    async with contextlib.AsyncExitStack() as stack:
        try:
            connection = await stack.enter_async_context(connected(at, ADMIN, first, "postgres"))
        except WrongPassword:
            if not others:
                raise
            connection = await stack.enter_async_context(_either(at, *others))
        yield connection


async def _ended(connection: AsyncConnection[Any]) -> Ended:
    """Return the last position of the source's log, from the file that began the next timeline."""
    found = await connection.execute(
        "select pg_read_file('pg_wal/' || left(pg_walfile_name(pg_current_wal_lsn()), 8) || '.history'),"
        " pg_last_xact_replay_timestamp()"
    )
    row = await found.fetchone()
    lines = [line.split("\t") for line in (row[0] if row else "").splitlines() if line.strip()]
    if row is None or not lines:
        raise Refused("it does not tell up to where it had followed")
    return Ended(lines[-1][1], row[1])


async def _dismiss(connection: AsyncConnection[Any], named: str | None) -> None:
    pattern = f"^{replication_name(named)}$" if named is not None else ANY_NAME
    slots = await connection.execute(
        "select slot_name from pg_replication_slots where slot_name ~ %s", (pattern,)
    )
    for (name,) in await slots.fetchall():
        await _drop_slot(connection, name)
    roles = await connection.execute("select rolname from pg_roles where rolname ~ %s", (pattern,))
    for (name,) in await roles.fetchall():
        await connection.execute(sql.SQL("drop role {}").format(sql.Identifier(name)))


async def _status(connection: AsyncConnection[Any], name: str) -> str | None:
    """Return the state of the log that a slot retains; None when there is no such slot."""
    found = await connection.execute(
        "select coalesce(wal_status, 'reserved') from pg_replication_slots where slot_name = %s", (name,)
    )
    row = await found.fetchone()
    return row[0] if row else None


async def _drop_slot(connection: AsyncConnection[Any], name: str) -> None:
    await _free(connection, name)
    await connection.execute("select pg_drop_replication_slot(%s)", (name,))


async def _free(connection: AsyncConnection[Any], name: str) -> None:
    """Disconnect the user of a slot. Raises Unreachable when that fails."""
    for _ in range(_LOOKS):
        found = await connection.execute(
            "select pg_terminate_backend(active_pid) from pg_replication_slots where slot_name = %s and active",
            (name,),
        )
        if await found.fetchone() is None:
            return
        await asyncio.sleep(_LOOK_S)
    raise Unreachable("it does not let go of what it keeps for a replica")
