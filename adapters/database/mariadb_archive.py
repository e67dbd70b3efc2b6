"""Archives of MariaDB: base backups by ``mariadb-backup``, the binary log as a replica would get it.

Everything runs in containers of the database's image; ``mariadb_scripts/`` has what they run. A moment is a whole
second, as the engine's own tools tell them apart.
"""

from collections.abc import Sequence

from adapters.database.programs import HOME, last_told, moment, run, script, secret, step
from domain.archive import Backup, Held, Made, Mark, Restore, Step
from domain.errors import Refused
from domain.ports import Containers, File
from domain.server import Program

FOLDER = "mariadb_scripts"
ADMIN = "root"
_END = "2037-12-31 23:59:59"
"""Later than any moment in a log, and the last year that the engine's tools know."""
_LOGIN, _OWN_LOGIN = f"{HOME}my.cnf", f"{HOME}own.cnf"


class MariadbArchives:
    """Archives MariaDB."""

    reads_files = True

    def __init__(self, containers: Containers) -> None:
        self._containers = containers

    def follow(self, database_id: str, admin: str, *, synchronous: bool) -> Program:
        """Return what receives the log, and commits something now and then."""
        del synchronous  # refused for this engine
        scripts = script(FOLDER, "log.sh", "beat.sh", "window.sh", "prune.sh")
        return Program(("bash", f"{HOME}log.sh"), files=scripts | _login(database_id, admin))

    def base(self, database_id: str, backup_id: str, data_path: str, admin: str) -> Program:
        """Return what makes a base backup of the files, which it reads itself."""
        environment = {"BACKUP": backup_id, "DATA": data_path}
        return Program(
            ("bash", f"{HOME}base.sh"), environment, script(FOLDER, "base.sh") | _login(database_id, admin)
        )

    def made(self, backup_id: str, lines: Sequence[str]) -> Made:
        """Return the base backup that a program tells of."""
        found = last_told(lines)
        if "begins" not in found:
            raise Refused("it told nothing of the backup")
        begins = number_of(found["begins"])
        backup = Backup(backup_id, moment(found["ended_at"]), begins, int(found["size_bytes"]))
        return Made(backup, moment(found["began_at"]), found["ends"], found["checksum"])

    def restore(self, wish: Restore, data_path: str, admin: str) -> Program:
        """Return what makes the files of another server."""
        environment = {"BACKUP": wish.backup_id, "DATA": data_path}
        if wish.to is not None:
            environment["TARGET"] = _END if wish.is_latest else f"{wish.to:%Y-%m-%d %H:%M:%S}"
        if wish.is_drill:
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

    def step(self, line: str) -> Step | None:
        """Return what a line of a restore tells."""
        return step(line)

    async def beat(self, archive_id: str) -> None:
        """Commit something, and wait until it is in the archive."""
        await run(self._containers, archive_id, ("bash", f"{HOME}beat.sh"))

    async def held(self, archive_id: str) -> Held:
        """Return what the archive holds."""
        lines = (await run(self._containers, archive_id, ("bash", f"{HOME}window.sh"))).splitlines()
        return read_window(lines)

    async def prune(self, archive_id: str, keep: Sequence[Backup], making: str | None) -> None:
        """Have no other backups, and no older log."""
        oldest = min((each.begins for each in keep), default=None)
        names = [each.id for each in keep] + ([making] if making else [])
        first = "" if oldest is None else f"binlog.{oldest:06d}"
        await run(self._containers, archive_id, ("bash", f"{HOME}prune.sh", first, *names))


def read_window(lines: Sequence[str]) -> Held:
    """Return what ``window.sh`` found: marks, and the names and sizes of files."""
    marks: list[Mark] = []
    files: dict[int, int] = {}
    for line in lines:
        word, _, rest = line.partition(" ")
        if word == "mark":
            at, _, name = rest.split()
            marks.append(Mark(moment(at), number_of(name)))
        elif word == "log":
            size, name = rest.split()
            files[number_of(name)] = int(size)
    return Held(files, sorted(marks, key=lambda mark: mark.at))


def number_of(name: str) -> int:
    """Return the place of ``binlog.000001`` in the log."""
    return int(name.rpartition(".")[2])


def _login(database_id: str, admin: str) -> dict[str, File]:
    return {_LOGIN: secret(f"[client]\nhost={database_id}\nuser={ADMIN}\npassword={admin}\n")}
