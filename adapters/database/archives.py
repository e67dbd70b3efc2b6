"""What archives of every engine have in common: scripts beside the log receiver, asked by name."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence

from adapters.database.programs import HOME, last_told, moment, run, step
from domain.archive import Backup, Held, Made, Mark, Step
from domain.errors import Refused
from domain.ports import Containers


class ScriptedArchives(ABC):
    """Runs an engine's scripts. What differs is how the files of its log are named."""

    def __init__(self, containers: Containers) -> None:
        self._containers = containers

    @abstractmethod
    def place(self, name: str) -> int:
        """Return the place in the log of one of its files."""

    @abstractmethod
    def begins(self, told: str) -> int:
        """Return the place in the log at which a base backup begins."""

    @abstractmethod
    def named(self, place: int) -> str:
        """Return the name of the file at a place in the log."""

    def made(self, backup_id: str, lines: Sequence[str]) -> Made:
        """Return the base backup that a program tells of. Raises Refused when it tells of none."""
        found = last_told(lines)
        if "begins" not in found:
            raise Refused("it told nothing of the backup")
        backup = Backup(
            backup_id, moment(found["ended_at"]), self.begins(found["begins"]), int(found["size_bytes"])
        )
        return Made(backup, moment(found["began_at"]), found["ends"], found["checksum"])

    def step(self, line: str) -> Step | None:
        """Return what a line of a restore tells."""
        return step(line)

    async def beat(self, archive_id: str) -> None:
        """Commit something, and wait until it is in the archive."""
        await run(self._containers, archive_id, ("bash", f"{HOME}beat.sh"))

    async def held(self, archive_id: str) -> Held:
        """Return what the archive holds."""
        lines = (await run(self._containers, archive_id, ("bash", f"{HOME}window.sh"))).splitlines()
        return read_window(lines, self.place)

    async def prune(self, archive_id: str, keep: Sequence[Backup], making: str | None) -> None:
        """Have no other backups, and no older log."""
        oldest = min((each.begins for each in keep), default=None)
        names = [each.id for each in keep] + ([making] if making else [])
        first = "" if oldest is None else self.named(oldest)
        await run(self._containers, archive_id, ("bash", f"{HOME}prune.sh", first, *names))


def read_window(lines: Sequence[str], place: Callable[[str], int]) -> Held:
    """Return what ``window.sh`` found: marks, files of the log, base backups, the room that is left."""
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
    return Held(files, sorted(marks, key=lambda mark: mark.at), room_bytes, frozenset(backups))
