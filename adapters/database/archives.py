"""What archives of all engines share: scripts that run beside the log receiver."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence

from adapters.database.programs import HOME, last_result, moment, run, step
from domain.archive import ArchiveContents, Backup, Made, Mark, RestoreStep
from domain.errors import Refused
from domain.ports import Containers


class ScriptedArchives(ABC):
    """Runs an engine's scripts. Subclasses define how the files of the log are named."""

    def __init__(self, containers: Containers) -> None:
        self._containers = containers

    @abstractmethod
    def place(self, name: str) -> int:
        """Return the position in the log of one of its files."""

    @abstractmethod
    def begins(self, told: str) -> int:
        """Return the position in the log at which a base backup begins."""

    @abstractmethod
    def named(self, place: int) -> str:
        """Return the name of the file at a position in the log."""

    def made(self, backup_id: str, lines: Sequence[str]) -> Made:
        """Return the base backup that a program reports. Raises Refused when it reports none."""
        found = last_result(lines)
        if "begins" not in found:
            raise Refused("its output does not report the backup")
        backup = Backup(
            backup_id, moment(found["ended_at"]), self.begins(found["begins"]), int(found["size_bytes"])
        )
        return Made(backup, moment(found["began_at"]), found["ends"], found["checksum"])

    def step(self, line: str) -> RestoreStep | None:
        """Return the progress that a line of a restore reports."""
        return step(line)

    async def heartbeat(self, archive_id: str) -> None:
        """Commit a transaction, and wait until it is in the archive."""
        await run(self._containers, archive_id, _script("heartbeat.sh", "beat.sh"))

    async def contents(self, archive_id: str) -> ArchiveContents:
        """Return the contents of the archive."""
        printed = await run(self._containers, archive_id, _script("restorable_range.sh", "window.sh"))
        return read_contents(printed.splitlines(), self.place)

    async def prune(self, archive_id: str, keep: Sequence[Backup], making: str | None) -> None:
        """Remove all other backups, and older log."""
        oldest = min((each.begins for each in keep), default=None)
        names = [each.id for each in keep] + ([making] if making else [])
        first = "" if oldest is None else self.named(oldest)
        await run(self._containers, archive_id, ("bash", f"{HOME}prune.sh", first, *names))


def _script(name: str, former: str) -> tuple[str, ...]:
    """Return the command that runs a script.

    A log receiver that an earlier version created has it under its former name until the manager replaces it.
    """
    path = f"{HOME}{name}"
    return ("bash", "-c", f"path={path}; [ -e $path ] || path={HOME}{former}; exec bash $path")


def read_contents(lines: Sequence[str], place: Callable[[str], int]) -> ArchiveContents:
    """Return what ``restorable_range.sh`` found: marks, files of the log, base backups, free space."""
    backups: set[str] = set()
    room_bytes: int | None = None
    marks: list[Mark] = []
    files: dict[int, int] = {}
    for line in lines:
        word, _, rest = line.partition(" ")
        if word == "mark":
            at, _, name = rest.split()
            marks.append(Mark(moment(at), place(name)))
        elif word == "log":
            size, name = rest.split()
            files[place(name)] = int(size)
        elif word == "base":
            backups.add(rest.removeprefix("."))  # with a dot while it is made
        elif word == "room":
            room_bytes = int(rest)
    return ArchiveContents(files, sorted(marks, key=lambda mark: mark.at), room_bytes, frozenset(backups))
