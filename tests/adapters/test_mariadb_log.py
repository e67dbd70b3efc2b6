"""The log of a real MariaDB, and an archive that cannot take it: its receiver hangs, and its disk is full."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from adapters.database.mariadb_archive import MariadbArchives
from domain.archive import ARCHIVE_PATH, ArchiveContents, Backup
from domain.errors import Refused
from domain.ports import Mount
from tests.adapters.world import Infrastructure, eventually, real_world, small_volume
from tests.conftest import build_images
from tests.samples import TORTURE

ROOM_MB, KEPT_MB, WRITTEN_MB, FILE_MB = 64, 48, 112, 16
"""Sizes: the archive, the log that the server retains for it, the data written, a file of the log."""
HEALED_S = 150
PASSWORD = "canary"  # noqa: S105 - of a server that lives as long as its test
COMMAND = (
    "mariadbd",
    "--log-bin=binlog",
    "--server-id=1",
    "--binlog-format=ROW",
    f"--max-binlog-size={FILE_MB}M",
)


@pytest.fixture
async def world(engine: str, cloud_name: str, tmp_path: Path) -> AsyncGenerator[Infrastructure]:
    async with real_world(engine, cloud_name, tmp_path) as world:
        yield world


class Archived:
    """A server and its log receiver, in a file system of a few megabytes."""

    def __init__(self, world: Infrastructure) -> None:
        self._world = world
        self._server, self._archive = world.id("db", "shop"), world.id("arc", "shop")
        self.archives = MariadbArchives(world.containers)

    async def start(self, engine: str) -> None:
        build_images("mariadb")
        small_volume(engine, self._world, self._archive, ROOM_MB)
        more: dict[str, Any] = {
            "image": "miniaws/mariadb:local",
            "memory_mb": 512,
            "mounts": (Mount(self._archive, ARCHIVE_PATH),),
            "keeps_files": False,
        }
        environment = {"MARIADB_ROOT_PASSWORD": PASSWORD}
        server = self._world.spec(resource_id=self._server, command=COMMAND, environment=environment, **more)
        await self._world.running(server)
        program = self.archives.follow(self._server, PASSWORD, synchronous=False)
        log = self._world.spec(
            resource_id=f"{self._archive}.log",
            command=program.command,
            environment={"KEPT_MB": str(KEPT_MB)},
            files=program.files,
            **more,
        )
        await self._world.running(log)

    async def sql(self, *statements: str) -> str:
        words = ["mariadb", "-uroot", f"-p{PASSWORD}", "-h127.0.0.1", "-N", "-e", ";".join(statements)]
        done = await self._world.containers.execute(self._server, words, 90)
        assert done.exit_code == 0, done.stderr
        return done.stdout.decode().strip()

    async def beside(self, command: str) -> None:
        done = await self._world.containers.execute(f"{self._archive}.log", ["bash", "-c", command], 30)
        assert done.exit_code == 0, done.stderr

    async def held(self) -> ArchiveContents:
        return await self.archives.contents(self._archive)

    async def prune(self, oldest: int) -> None:
        await self.archives.prune(self._archive, [Backup("b1", datetime.now(UTC), oldest)], None)

    async def held_since(self, moment: datetime) -> ArchiveContents:
        """Wait until what is committed after a moment is in the archive."""

        async def look() -> ArchiveContents | None:
            try:
                held = await self.held()
            except Refused:
                return None
            return held if any(mark.at >= moment for mark in held.marks) else None

        return await eventually(look, HEALED_S)

    async def kept_mb(self) -> int:
        """Return how much of its log the server retains."""
        sizes = [line.split()[1] for line in (await self.sql("show binary logs")).splitlines()]
        return sum(map(int, sizes)) >> 20


@pytest.mark.skipif(not TORTURE, reason="it takes minutes: `make torture` runs it")
async def test_an_archive_that_takes_nothing_costs_the_server_no_more_than_it_may_keep(
    world: Infrastructure, engine: str
) -> None:
    found = Archived(world)
    await found.start(engine)
    await found.held_since(datetime.min.replace(tzinfo=UTC))
    await found.beside("kill -STOP $(cat /tmp/receiver)")
    await found.sql("create database filled", "create table filled.written (filler longtext)")
    row = "insert into filled.written values (repeat('x', 1 << 20))"
    for _ in range(0, WRITTEN_MB, FILE_MB):
        await found.sql(*[row] * FILE_MB)
    assert await found.kept_mb() >= WRITTEN_MB

    async def bounded() -> bool | None:
        return await found.kept_mb() <= KEPT_MB + 2 * FILE_MB or None

    await eventually(bounded, HEALED_S)
    # Files that it was not sent are a gap. The receiver continues with the others, by itself, when there is room.
    held = await found.held_since(datetime.now(UTC))
    newest = max(held.files)
    assert set(range(min(held.files), newest + 1)) - set(held.files)
    await found.prune(newest)
    assert min((await found.held()).files) == newest
    await found.beside("dd if=/dev/zero of=/archive/filler bs=64k 2>/dev/null || true")
    for _ in range(2):
        await found.sql(*[row] * FILE_MB)
    await found.beside("rm /archive/filler")
    await found.held_since(datetime.now(UTC))
    await found.sql("flush binary logs")
    await found.held_since(datetime.now(UTC))
