"""Archives of Postgres: base backups by ``pg_basebackup``, the log by ``pg_receivewal`` through a slot.

The server's ``archive_command`` is a fallback for complete segments. Everything runs in containers of the
database's image, with ``postgres_scripts/``.
"""

from adapters.database.archives import ScriptedArchives
from adapters.database.programs import HOME, script, secret
from domain.archive import Restore
from domain.database import ADMIN
from domain.ports import File
from domain.server import Program

FOLDER = "postgres_scripts"
PASSWORDS = f"{HOME}pgpass"
SEGMENT_BYTES = 16 * 1024 * 1024


class PostgresArchives(ScriptedArchives):
    """Archives Postgres."""

    reads_files = False

    def follow(self, database_id: str, admin: str, *, synchronous: bool) -> Program:
        """Return the program that receives the log, and commits periodically."""
        environment = _environment(database_id) | ({"SYNCHRONOUS": "1"} if synchronous else {})
        scripts = script(FOLDER, "log.sh", "heartbeat.sh", "restorable_range.sh", "prune.sh")
        return Program(("bash", f"{HOME}log.sh"), environment, scripts | _password(admin))

    def base(self, database_id: str, backup_id: str, data_path: str, admin: str) -> Program:
        """Return the program that takes a base backup."""
        del data_path
        environment = _environment(database_id) | {"BACKUP": backup_id}
        return Program(("bash", f"{HOME}base.sh"), environment, script(FOLDER, "base.sh") | _password(admin))

    def restore(self, plan: Restore, data_path: str, admin: str) -> Program:
        """Return the program that restores the files of another server."""
        environment = {"BACKUP": plan.backup_id, "PGDATA": f"{data_path}/pgdata"}
        if plan.to is None:
            environment["AT_BACKUP"] = "1"
        elif not plan.is_latest:
            environment["TARGET"] = f"{plan.to:%Y-%m-%dT%H:%M:%S.%f}Z"
        scripts = script(FOLDER, "restore.sh", "unpack.sh", "fetch.sh")
        if plan.is_drill:
            environment |= {"VERIFY": "1", "QUERY": "1"}
            return Program(("bash", f"{HOME}restore.sh"), environment, scripts)
        accounts = secret(f"alter role {ADMIN} password '{admin}';\n")
        return Program(
            ("bash", f"{HOME}restore.sh"), environment, {**scripts, f"{HOME}accounts.sql": accounts}
        )

    def place(self, name: str) -> int:
        """Return the position of a segment of 16 MiB, complete or partial, on any timeline."""
        return int(name[8:16], 16) * 256 + int(name[16:24], 16)

    def begins(self, told: str) -> int:
        """Return the segment that contains ``timeline/high/low``."""
        _, high, low = told.split("/")
        return (int(high, 16) << 32 | int(low, 16)) // SEGMENT_BYTES

    def named(self, place: int) -> str:
        """Return the name of a segment, on the first timeline."""
        return f"{1:08X}{place >> 8:08X}{place & 0xFF:08X}"


def _environment(database_id: str) -> dict[str, str]:
    return {"PGHOST": database_id, "PGUSER": ADMIN, "PGPASSFILE": PASSWORDS}


def _password(admin: str) -> dict[str, File]:
    return {PASSWORDS: secret(f"*:*:*:{ADMIN}:{admin}\n")}
