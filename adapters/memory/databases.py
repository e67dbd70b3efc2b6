"""Databases and archives in memory: programs that a test ends, and archives with contents set by a test."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from adapters.memory.engine import MemoryEngine
from adapters.memory.servers import MemoryServers
from domain.archive import ArchiveContents, Backup, Made, Restore, RestoreStep
from domain.database import Administered, Database
from domain.errors import Refused
from domain.ports import File
from domain.server import Endpoint, Program, Server

_ADMIN = "/miniaws/password"


class MemoryDatabases(MemoryServers):
    """Simulates database servers that only check passwords."""

    def files(self, admin: str) -> dict[str, File]:
        """Return the password of the internal account."""
        return {_ADMIN: File(admin.encode())}

    async def administer(self, server: Database, at: Endpoint, admin: str, password: str) -> Administered:
        """Set the user's password and the parameters."""
        await self._engine.enter("databases.administer")
        container = self._running(at)
        container.files["password"] = password.encode()
        container.files["parameters"] = repr(server.settings["parameters"]).encode()
        if container.spec.files[_ADMIN].content.decode() != admin:
            raise Refused("it does not take its password")
        return Administered(f"{server.engine} in memory", [])

    async def stats(self, server: Server, at: Endpoint, password: str) -> dict[str, Any]:
        """Return a statistic."""
        del server, password
        self._running(at)
        return {"connections": 1}


class MemoryArchives:
    """Archives databases with programs whose output a test defines."""

    reads_files = False

    def __init__(self, engine: MemoryEngine) -> None:
        self._engine = engine
        self.holds: dict[str, ArchiveContents] = {}
        """The contents of each archive, by id."""

    def follow(self, database_id: str, admin: str, *, synchronous: bool) -> Program:
        """Return a program that receives the log."""
        del synchronous
        return Program(("follow", database_id), files={_ADMIN: File(admin.encode())})

    def base(self, database_id: str, backup_id: str, data_path: str, admin: str) -> Program:
        """Return a program that takes a backup."""
        del database_id, data_path
        return Program(("base", backup_id), files={_ADMIN: File(admin.encode())})

    def restore(self, plan: Restore, data_path: str, admin: str) -> Program:
        """Return a program that restores files."""
        del data_path
        return Program(("restore", plan.backup_id), files={_ADMIN: File(admin.encode())})

    def made(self, backup_id: str, lines: Sequence[str]) -> Made:
        """Return a backup that ended at the moment in the last line."""
        if not lines:
            raise Refused("its output does not report the backup")
        at = datetime.fromisoformat(lines[-1])
        return Made(Backup(backup_id, at, 1, 1000), at, "1", "none")

    def step(self, line: str) -> RestoreStep | None:
        """Return the step named in the line."""
        name, _, at = line.partition(" ")
        return RestoreStep(name, datetime.fromisoformat(at)) if at else None

    async def heartbeat(self, archive_id: str) -> None:
        """Commit nothing."""
        del archive_id
        await self._engine.enter("archives.heartbeat")

    async def contents(self, archive_id: str) -> ArchiveContents:
        """Return the contents set by a test."""
        await self._engine.enter("archives.contents")
        if f"{archive_id}.log" not in self._engine.containers:
            raise Refused("cannot query the archive: its log receiver is not running")
        return self.holds.get(archive_id, ArchiveContents())

    async def prune(self, archive_id: str, keep: Sequence[Backup], making: str | None) -> None:
        """Remove everything that is not retained."""
        del making
        await self._engine.enter("archives.prune")
        held, oldest = (
            self.holds.get(archive_id, ArchiveContents()),
            min((each.begins for each in keep), default=0),
        )
        self.holds[archive_id] = replace(
            held,
            files={number: size for number, size in held.files.items() if number >= oldest},
            backups=held.backups & {each.id for each in keep},
        )
