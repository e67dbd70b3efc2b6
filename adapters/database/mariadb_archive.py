"""Archives of MariaDB: base backups by ``mariadb-backup``, and the binary log, received as by a replica.

Everything runs in containers of the database's image, with ``mariadb_scripts/``. A moment is a whole
second, the resolution of MariaDB's own tools.
"""

from adapters.database.archives import ScriptedArchives
from adapters.database.programs import HOME, script, secret
from domain.archive import Restore
from domain.ports import File
from domain.server import Program

FOLDER = "mariadb_scripts"
ADMIN = "root"
_END = "2037-12-31 23:59:59"
"""Later than any moment in a log, in the last year that MariaDB's tools support."""
_LOGIN, _OWN_LOGIN = f"{HOME}my.cnf", f"{HOME}own.cnf"


class MariadbArchives(ScriptedArchives):
    """Archives MariaDB."""

    reads_files = True

    def follow(self, database_id: str, admin: str, *, synchronous: bool) -> Program:
        """Return the program that receives the log, and commits periodically."""
        del synchronous  # refused for this engine
        scripts = script(FOLDER, "log.sh", "heartbeat.sh", "restorable_range.sh", "prune.sh")
        return Program(("bash", f"{HOME}log.sh"), files=scripts | _login(database_id, admin))

    def base(self, database_id: str, backup_id: str, data_path: str, admin: str) -> Program:
        """Return the program that takes a base backup from the files."""
        environment = {"BACKUP": backup_id, "DATA": data_path}
        return Program(
            ("bash", f"{HOME}base.sh"), environment, script(FOLDER, "base.sh") | _login(database_id, admin)
        )

    def restore(self, plan: Restore, data_path: str, admin: str) -> Program:
        """Return the program that restores the files of another server."""
        environment = {"BACKUP": plan.backup_id, "DATA": data_path}
        if plan.to is not None:
            environment["TARGET"] = _END if plan.is_latest else f"{plan.to:%Y-%m-%d %H:%M:%S}"
        if plan.is_drill:
            environment["QUERY"] = "1"
        accounts = "".join(
            f"ALTER USER 'root'@'{host}' IDENTIFIED BY '{admin}';\n" for host in ("localhost", "%")
        )
        own = f"[client]\nuser={ADMIN}\npassword={admin}\n"
        files = {
            f"{HOME}accounts.sql": secret(accounts),
            _OWN_LOGIN: secret(own),
            **script(FOLDER, "restore.sh"),
        }
        return Program(("bash", f"{HOME}restore.sh"), environment, files)

    def place(self, name: str) -> int:
        """Return the position of ``binlog.000001``."""
        return int(name.rpartition(".")[2])

    def begins(self, told: str) -> int:
        """Return the position of the file that a base backup names."""
        return self.place(told)

    def named(self, place: int) -> str:
        """Return the name of the file at a position."""
        return f"binlog.{place:06d}"


def _login(database_id: str, admin: str) -> dict[str, File]:
    return {_LOGIN: secret(f"[client]\nhost={database_id}\nuser={ADMIN}\npassword={admin}\n")}
