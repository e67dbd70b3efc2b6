"""The log of a real Postgres, and an archive that cannot take it: its receiver hangs, and its disk is full."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from adapters.database.postgres_archive import FOLDER, PostgresArchives
from adapters.database.programs import script
from domain.archive import ARCHIVE_PATH, ArchiveContents, Backup
from domain.errors import Refused
from domain.ports import File, Mount
from tests.adapters.world import Infrastructure, eventually, real_world, small_volume
from tests.conftest import build_images
from tests.samples import TORTURE

ROOM_MB, KEPT_MB, WRITTEN_MB, MOST_MB = 64, 48, 112, 96
"""Sizes: the archive, the log that the server retains for it, the data written, the limit of the server."""
HEALED_S = 120
"""A receiver that hangs is restarted within this time."""
ACCESS = b"local all all trust\nhost all all all trust\nhost replication all all trust\n"
LIMITS = {
    "hba_file": "/miniaws/pg_hba.conf",
    "archive_mode": "on",
    "archive_command": f"bash /miniaws/archive_fallback.sh %p %f {KEPT_MB}",
    "max_slot_wal_keep_size": f"{KEPT_MB}MB",
    "wal_keep_size": "0",
    "max_wal_size": "32MB",
    "min_wal_size": "32MB",
}
FILL = (
    "create table written (filler text)",
    "alter table written alter filler set storage external",
    f"insert into written select repeat('x', 1 << 20) from generate_series(1, {WRITTEN_MB})",  # noqa: S608 - a number
)


@pytest.fixture
async def world(engine: str, cloud_name: str, tmp_path: Path) -> AsyncGenerator[Infrastructure]:
    async with real_world(engine, cloud_name, tmp_path) as world:
        yield world


class Archived:
    """A server and its log receiver, in a file system of a few megabytes."""

    def __init__(self, world: Infrastructure) -> None:
        self._world = world
        self._server, self._archive = world.id("db", "orders"), world.id("arc", "orders")
        self._archives = PostgresArchives(world.containers)

    async def start(self, engine: str) -> None:
        build_images("postgres")
        small_volume(engine, self._world, self._archive, ROOM_MB)
        limits = [word for item in LIMITS.items() for word in ("-c", "=".join(item))]
        mounts = (Mount(self._archive, ARCHIVE_PATH),)
        more: dict[str, Any] = {
            "image": "miniaws/postgres:local",
            "memory_mb": 512,
            "mounts": mounts,
            "keeps_files": False,
        }
        server = self._world.spec(
            resource_id=self._server,
            command=("postgres", *limits),
            environment={"POSTGRES_USER": "miniaws", "POSTGRES_HOST_AUTH_METHOD": "trust"},
            files={"/miniaws/pg_hba.conf": File(ACCESS, 0o444), **script(FOLDER, "archive_fallback.sh")},
            **more,
        )
        await self._world.running(server)
        program = self._archives.follow(self._server, "unused", synchronous=False)
        log = self._world.spec(
            resource_id=f"{self._archive}.log",
            command=program.command,
            environment=program.environment,
            files=program.files,
            **more,
        )
        await self._world.running(log)

    async def sql(self, *statements: str) -> str:
        words = ["psql", "-U", "miniaws", "-h", "127.0.0.1", "-qAtX", "postgres"]
        words += [f"--command={each}" for each in statements]
        done = await self._world.containers.execute(self._server, words, 90)
        assert done.exit_code == 0, done.stderr
        return done.stdout.decode().strip()

    async def beside(self, command: str) -> None:
        done = await self._world.containers.execute(f"{self._archive}.log", ["bash", "-c", command], 30)
        assert done.exit_code == 0, done.stderr

    async def beat(self) -> None:
        await self._archives.heartbeat(self._archive)

    async def held_since(self, moment: datetime) -> ArchiveContents:
        """Wait until what is committed after a moment is in the archive."""

        async def look() -> ArchiveContents | None:
            try:
                held = await self._archives.contents(self._archive)
            except Refused:
                return None
            return held if any(mark.at >= moment for mark in held.marks) else None

        return await eventually(look, HEALED_S)

    async def kept_mb(self) -> int:
        """Return how much of its log the server retains after a checkpoint."""
        return int(await self.sql("checkpoint", "select sum(size)::bigint >> 20 from pg_ls_waldir()"))

    async def drop_all_but_the_newest(self) -> None:
        """Remove the log before its newest file, and check that another one follows."""
        newest = max((await self._archives.contents(self._archive)).files)
        await self._archives.prune(self._archive, [Backup("b1", datetime.now(UTC), newest)], None)
        assert min((await self._archives.contents(self._archive)).files) == newest
        await self.sql("select pg_logical_emit_message(true, '', '')", "select pg_switch_wal()")
        await self.held_since(datetime.now(UTC))

    async def room_mb(self) -> int:
        held = await self._archives.contents(self._archive)
        assert held.room_bytes is not None
        return held.room_bytes >> 20


async def test_an_archive_that_takes_nothing_costs_the_server_no_more_than_it_may_keep(
    world: Infrastructure, engine: str
) -> None:
    found = Archived(world)
    await found.start(engine)
    await found.held_since(datetime.min.replace(tzinfo=UTC))
    assert ROOM_MB - 32 <= await found.room_mb() < ROOM_MB
    await found.beside("kill -STOP $(cat /tmp/receiver)")
    await found.sql(*FILL)

    async def bounded() -> bool | None:
        # A hung receiver holds a checkpoint up, but not for long.
        return await found.kept_mb() <= MOST_MB or None

    await eventually(bounded)
    assert await found.room_mb() < 32
    if not TORTURE:  # which waits until the archive does this by itself
        await found.beside("kill -KILL $(cat /tmp/receiver)")
    await found.beside("rm -f /archive/second/*")
    # Nobody does anything else.
    await found.held_since(datetime.now(UTC))
    await found.drop_all_but_the_newest()


async def test_a_receiver_of_an_earlier_version_can_be_queried(world: Infrastructure, engine: str) -> None:
    """It has the scripts under their former names."""
    found = Archived(world)
    await found.start(engine)
    await found.held_since(datetime.min.replace(tzinfo=UTC))
    await found.beside("cd /miniaws && mv heartbeat.sh beat.sh && mv restorable_range.sh window.sh")
    began_at = datetime.now(UTC)
    await found.beat()
    await found.held_since(began_at)
