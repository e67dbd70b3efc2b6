"""Databases and archives in memory: programs that a test ends, and an archive that holds what a test says."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from adapters.memory.engine import MemoryEngine
from adapters.memory.servers import MemoryServers
from domain.archive import Backup, Held, Made, Restore, Step
from domain.database import Administered, Database
from domain.errors import Refused
from domain.ports import File
from domain.server import Endpoint, Program, Server

_ADMIN = "/miniaws/password"


class MemoryDatabases(MemoryServers):
    """Speaks to database servers that only know their passwords."""

    def files(self, admin: str) -> dict[str, File]:
        """Return the password of our own account."""
        return {_ADMIN: File(admin.encode())}

    async def administer(self, server: Database, at: Endpoint, admin: str, password: str) -> Administered:
        """Have the user's password and the parameters."""
        await self._engine.enter("databases.administer")
        container = self._running(at)
        container.files["password"] = password.encode()
        container.files["parameters"] = repr(server.settings["parameters"]).encode()
        if container.spec.files[_ADMIN].content.decode() != admin:
            raise Refused("it does not take its password")
        return Administered(f"{server.engine} in memory", [])

    async def stats(self, server: Server, at: Endpoint, password: str) -> dict[str, Any]:
        """Return a figure."""
        del server, password
        self._running(at)
        return {"connections": 1}


class MemoryArchives:
    """Archives databases by programs that say what a test lets them say."""

    reads_files = False

    def __init__(self, engine: MemoryEngine) -> None:
        self._engine = engine
        self.holds: dict[str, Held] = {}
        """What each archive holds, by its id."""

    def follow(self, database_id: str, admin: str, *, synchronous: bool) -> Program:
        """Return a program that follows."""
        del synchronous
        return Program(("follow", database_id), files={_ADMIN: File(admin.encode())})

    def base(self, database_id: str, backup_id: str, data_path: str, admin: str) -> Program:
        """Return a program that makes a backup."""
        del database_id, data_path
        return Program(("base", backup_id), files={_ADMIN: File(admin.encode())})

    def restore(self, wish: Restore, data_path: str, admin: str) -> Program:
        """Return a program that makes files."""
        del data_path
        return Program(("restore", wish.backup_id), files={_ADMIN: File(admin.encode())})

    def made(self, backup_id: str, lines: Sequence[str]) -> Made:
        """Return a backup that ended at the moment in the last line."""
        if not lines:
            raise Refused("it told nothing of the backup")
        at = datetime.fromisoformat(lines[-1])
        return Made(Backup(backup_id, at, 1, 1000), at, "1", "none")

    def step(self, line: str) -> Step | None:
        """Return the step that is named before a moment."""
        name, _, at = line.partition(" ")
        return Step(name, datetime.fromisoformat(at)) if at else None

    async def beat(self, archive_id: str) -> None:
        """Commit nothing."""
        del archive_id
        await self._engine.enter("archives.beat")

    async def held(self, archive_id: str) -> Held:
        """Return what a test put there."""
        await self._engine.enter("archives.held")
        if f"{archive_id}.log" not in self._engine.containers:
            raise Refused("cannot ask the archive: nothing follows the log")
        return self.holds.get(archive_id, Held())

    async def prune(self, archive_id: str, keep: Sequence[Backup], making: str | None) -> None:
        """Hold no more than is kept."""
        del making
        await self._engine.enter("archives.prune")
        held, oldest = self.holds.get(archive_id, Held()), min((each.begins for each in keep), default=0)
        self.holds[archive_id] = replace(
            held,
            files={number: size for number, size in held.files.items() if number >= oldest},
            backups=held.backups & {each.id for each in keep},
        )
