"""Archives of Postgres: base backups by ``pg_basebackup``, the log by ``pg_receivewal`` from a slot.

The server's own ``archive_command`` is a second net for whole segments. Everything runs in containers of the
database's image; ``postgres_scripts/`` has what they run.
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
        """Return what receives the log, and commits something now and then."""
        environment = _environment(database_id) | ({"SYNCHRONOUS": "1"} if synchronous else {})
        scripts = script(FOLDER, "log.sh", "beat.sh", "window.sh", "prune.sh")
        return Program(("bash", f"{HOME}log.sh"), environment, scripts | _password(admin))

    def base(self, database_id: str, backup_id: str, data_path: str, admin: str) -> Program:
        """Return what makes a base backup."""
        del data_path
        environment = _environment(database_id) | {"BACKUP": backup_id}
        return Program(("bash", f"{HOME}base.sh"), environment, script(FOLDER, "base.sh") | _password(admin))

    def restore(self, wish: Restore, data_path: str, admin: str) -> Program:
        """Return what makes the files of another server."""
        environment = {"BACKUP": wish.backup_id, "PGDATA": f"{data_path}/pgdata"}
        if wish.to is None:
            environment["AT_BACKUP"] = "1"
        elif not wish.is_latest:
            environment["TARGET"] = f"{wish.to:%Y-%m-%dT%H:%M:%S.%f}Z"
        scripts = script(FOLDER, "restore.sh", "unpack.sh", "fetch.sh")
        if wish.is_drill:
            environment |= {"VERIFY": "1", "QUERY": "1"}
            return Program(("bash", f"{HOME}restore.sh"), environment, scripts)
        accounts = secret(f"alter role {ADMIN} password '{admin}';\n")
        return Program(
            ("bash", f"{HOME}restore.sh"), environment, {**scripts, f"{HOME}accounts.sql": accounts}
        )

    def place(self, name: str) -> int:
        """Return the place of a segment of 16 MiB, whole or partial, whatever its timeline."""
        return int(name[8:16], 16) * 256 + int(name[16:24], 16)

    def begins(self, told: str) -> int:
        """Return the segment in which ``timeline/high/low`` is."""
        _, high, low = told.split("/")
        return (int(high, 16) << 32 | int(low, 16)) // SEGMENT_BYTES

    def named(self, place: int) -> str:
        """Return the name of a segment, on the first timeline."""
        return f"{1:08X}{place >> 8:08X}{place & 0xFF:08X}"


def _environment(database_id: str) -> dict[str, str]:
    return {"PGHOST": database_id, "PGUSER": ADMIN, "PGPASSFILE": PASSWORDS}


def _password(admin: str) -> dict[str, File]:
    return {PASSWORDS: secret(f"*:*:*:{ADMIN}:{admin}\n")}
