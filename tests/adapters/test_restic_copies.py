"""What restic preserves of real files, and its errors."""

import hashlib
import json
import os
import stat
from collections.abc import AsyncGenerator, Generator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from docker import APIClient

from adapters.restic import copies
from domain.ports import LogLine
from domain.snapshot.copies import Task
from tests.adapters.copies_contract import KEY, Desk
from tests.adapters.world import ACCOUNT, Infrastructure, real_world

MIB = 2**20


@pytest.fixture
async def world(engine: str, cloud_name: str, tmp_path: Path) -> AsyncGenerator[Infrastructure]:
    async with real_world(engine, cloud_name, tmp_path) as world:
        yield world


@pytest.fixture
def api(engine: str) -> Generator[APIClient]:
    client = APIClient(engine, version="auto")
    yield client
    client.close()


@pytest.fixture
def desk(world: Infrastructure) -> Desk:
    return Desk(world)


class Files:
    """Files of volumes, accessed from the host."""

    def __init__(self, api: APIClient, cloud: str) -> None:
        self._api = api
        self._cloud = cloud

    def place(self, volume: str) -> Path:
        found: dict[str, Any] = self._api.inspect_volume(f"{self._cloud}-{volume}")
        return Path((found["Options"] or {}).get("device") or found["Mountpoint"])


@pytest.fixture
def files(api: APIClient, cloud_name: str) -> Files:
    return Files(api, cloud_name)


def fill(place: Path) -> None:
    """Write files of every kind."""
    (place / "random").write_bytes(os.urandom(3 * MIB))
    (place / "empty").touch()
    (place / "naïve name\nof two lines").write_text("x")
    inner = place / "inner"
    inner.mkdir()
    os.link(place / "random", inner / "linked")
    (inner / "pointing").symlink_to("../random")
    os.mkfifo(inner / "pipe")
    with (place / "sparse").open("wb") as file:
        file.truncate(64 * MIB)
        file.seek(40 * MIB)
        file.write(b"an island")
    (inner / "script").write_text("#!/bin/sh\n")
    (inner / "script").chmod(0o6751)
    os.setxattr(place / "empty", "user.colour", b"blue")
    os.chown(inner, 1234, 555)
    os.chown(place / "empty", 77, 88)
    inner.chmod(0o2750)
    os.chown(inner / "pointing", 9, 9, follow_symlinks=False)
    os.utime(place / "random", ns=(10**18, 10**18 + 7))
    place.chmod(0o1777)
    os.chown(place, 70, 71)


def manifest(place: Path) -> dict[str, tuple[Any, ...]]:
    """Return everything that must be restored, by path."""
    found: dict[str, tuple[Any, ...]] = {}
    for path in [place, *sorted(place.rglob("*"))]:
        seen = path.lstat()
        is_file = stat.S_ISREG(seen.st_mode)
        content = hashlib.sha256(path.read_bytes()).hexdigest() if is_file else None
        names = [] if path.is_symlink() else os.listxattr(path)
        found[str(path.relative_to(place))] = (
            *(stat.filemode(seen.st_mode), seen.st_uid, seen.st_gid, seen.st_mtime_ns),
            *(seen.st_nlink, seen.st_size if is_file else 0, content),
            path.readlink() if path.is_symlink() else None,
            [(name, os.getxattr(path, name)) for name in names],
        )
    return found


def restoring(desk: Desk, copy_id: str, source: str, target: str) -> Task:
    task = desk.task("restored", verb="restore", kind="volume", volumes=(source,), copy_id=copy_id)
    return replace(task, owner_id=target, into=target)


async def test_files_come_back_byte_for_byte_with_all_that_is_said_of_them(
    world: Infrastructure, desk: Desk, files: Files, api: APIClient
) -> None:
    source, target = world.id("vol", "data"), world.id("vol", "new")
    for volume_id in (source, target):
        await world.volumes.ensure(volume_id, ACCOUNT, 1)
    fill(files.place(source))
    before = manifest(files.place(source))
    copied = await desk.copy("first", source)
    assert copied.files == len([row for row in before.values() if row[6]])
    assert copied.added_bytes > 3 * MIB
    (files.place(target) / "half").write_text("left by a restore that was cut off")
    assert await world.copies.begin(restoring(desk, copied.copy_id, source, target))
    name = f"{world.cloud}-copies-{desk.repository_id}"
    assert KEY.decode() not in json.dumps(api.inspect_container(name)) + str(api.top(name))
    assert (await desk.seen(restoring(desk, "", source, target), "ended", "failed")).state == "ended"
    assert manifest(files.place(target)) == before
    assert (files.place(target) / "sparse").stat().st_blocks * 512 < MIB
    (files.place(source) / "more").write_bytes(os.urandom(MIB))
    await world.copies.end(desk.repository_id, target)
    again = await desk.done(replace(desk.task("second", volumes=(source,)), parent_id=copied.copy_id))
    assert again.copied is not None
    assert MIB < again.copied.added_bytes < 2 * MIB
    await world.copies.discard(desk.repository_id)


async def test_one_flipped_byte_is_found(world: Infrastructure, desk: Desk, files: Files) -> None:
    source = await desk.volume("data")
    (files.place(source) / "random").write_bytes(os.urandom(2 * MIB))
    copied = await desk.copy("first", source)
    check = desk.task("first", verb="verify", copy_id=copied.copy_id, is_thorough=True)
    repository = files.place(f"copies-{desk.repository_id}")
    pack = max(
        (path for path in (repository / "data").rglob("*") if path.is_file()), key=lambda p: p.stat().st_size
    )
    pack.chmod(0o600)
    content = bytearray(pack.read_bytes())
    # At the end is the list of what the pack holds, which reading a single copy does not need.
    for place in (len(content) // 2, len(content) - 10):
        content[place] ^= 1
        pack.write_bytes(content)
        found = await desk.done(check)
        assert (found.state, found.is_damage) == ("failed", True), found
        content[place] ^= 1
    pack.write_bytes(content)
    assert (await desk.done(check)).state == "ended"
    await world.copies.discard(desk.repository_id)


async def test_a_task_that_was_killed_is_begun_again(
    world: Infrastructure, desk: Desk, files: Files, api: APIClient
) -> None:
    source = await desk.volume("data")
    (files.place(source) / "random").write_bytes(os.urandom(MIB))
    task = desk.task("first", volumes=(source,), waits=True)
    assert await world.copies.begin(task)
    await desk.seen(task, "ready")
    name = f"{world.cloud}-copies-{desk.repository_id}"
    repository = files.place(f"copies-{desk.repository_id}")
    assert list((repository / "locks").iterdir())
    api.kill(name)
    found = await desk.seen(task, "failed")
    assert (found.reason, found.is_damage) == ("it ended with code 137", False)
    await world.copies.end(desk.repository_id, task.owner_id)
    copied = await desk.copy("first", source)
    assert (await desk.done(desk.task("first", verb="verify", copy_id=copied.copy_id))).state == "ended"
    assert (await desk.done(desk.task("first", verb="forget"))).state == "ended"
    assert not list((repository / "locks").iterdir())
    assert not [path for path in (repository / "data").rglob("*") if path.is_file()]
    await world.copies.discard(desk.repository_id)


async def test_a_container_that_is_not_ours_is_seen_and_never_paused(
    world: Infrastructure, desk: Desk, api: APIClient, cloud_name: str
) -> None:
    source = await desk.volume("data")
    binds = api.create_host_config(binds=[f"{cloud_name}-{source}:/data"])
    stranger = api.create_container("miniaws/hello:local", host_config=binds, name=f"{cloud_name}-stranger")
    try:
        api.start(stranger)
        (user,) = await world.copies.users((source,))
        assert (user.name, user.state, user.is_ours) == (f"{cloud_name}-stranger", "running", False)
        assert await world.copies.pause((source,)) == []
        assert api.inspect_container(stranger)["State"]["Status"] == "running"
    finally:
        api.remove_container(stranger, force=True)


async def test_a_task_that_is_removed_while_it_is_looked_at_is_no_error(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = desk.task("first", volumes=(await desk.volume("data"),))
    assert await desk.world.copies.begin(task)
    await desk.seen(task, "ended")
    logs = copies.output.logs

    async def removed_first(*arguments: Any, **more: Any) -> AsyncGenerator[LogLine]:
        await desk.world.copies.end(desk.repository_id, task.owner_id)
        async for line in logs(*arguments, **more):
            yield line

    monkeypatch.setattr(copies.output, "logs", removed_first)
    assert await desk.world.copies.look(desk.repository_id, task.owner_id) is None
