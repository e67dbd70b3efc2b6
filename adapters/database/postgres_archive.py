"""Archives of Postgres: base backups by ``pg_basebackup``, the log by ``pg_receivewal`` from a slot.

The server's own ``archive_command`` is a second net for whole segments. Everything runs in containers of the
database's image; ``postgres_scripts/`` has what they run.
"""

from collections.abc import Sequence

from adapters.database.programs import HOME, last_told, moment, run, script, secret, step
from domain.archive import Backup, Held, Made, Mark, Restore, Step
from domain.database import ADMIN
from domain.errors import Refused
from domain.ports import Containers, File
from domain.server import Program

FOLDER = "postgres_scripts"
PASSWORDS = f"{HOME}pgpass"
SEGMENT_BYTES = 16 * 1024 * 1024


class PostgresArchives:
    """Archives Postgres."""

    reads_files = False

    def __init__(self, containers: Containers) -> None:
        self._containers = containers

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

    def made(self, backup_id: str, lines: Sequence[str]) -> Made:
        """Return the base backup that a program tells of."""
        found = last_told(lines)
        if "begins" not in found:
            raise Refused("it told nothing of the backup")
        backup = Backup(
            backup_id, moment(found["ended_at"]), _number_of(found["begins"]), int(found["size_bytes"])
        )
        return Made(backup, moment(found["began_at"]), found["ends"], found["checksum"])

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
        first = "" if oldest is None else f"{1:08X}{oldest >> 8:08X}{oldest & 0xFF:08X}"
        await run(self._containers, archive_id, ("bash", f"{HOME}prune.sh", first, *names))


def read_window(lines: Sequence[str]) -> Held:
    """Return what ``window.sh`` found: marks, and the names and sizes of segments."""
    marks: list[Mark] = []
    segments: dict[int, int] = {}
    for line in lines:
        word, _, rest = line.partition(" ")
        if word == "mark":
            at, _, segment = rest.split()
            marks.append(Mark(moment(at), number_of_segment(segment)))
        elif word == "log":
            size, name = rest.split()
            segments[number_of_segment(name.partition(".")[0])] = int(size)
    return Held(segments, sorted(marks, key=lambda mark: mark.at))


def number_of_segment(name: str) -> int:
    """Return the place of a segment of 16 MiB in the log, whatever the timeline."""
    return int(name[8:16], 16) * 256 + int(name[16:24], 16)


def _number_of(position: str) -> int:
    """Return the segment in which ``timeline/high/low`` is."""
    _, high, low = position.split("/")
    return (int(high, 16) << 32 | int(low, 16)) // SEGMENT_BYTES


def _environment(database_id: str) -> dict[str, str]:
    return {"PGHOST": database_id, "PGUSER": ADMIN, "PGPASSFILE": PASSWORDS}


def _password(admin: str) -> dict[str, File]:
    return {PASSWORDS: secret(f"*:*:*:{ADMIN}:{admin}\n")}
