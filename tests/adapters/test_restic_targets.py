"""Copies at targets, by restic: in a folder of the host and on an S3 server."""

import json
from collections.abc import AsyncGenerator, Generator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest
from docker import APIClient

from adapters.restic import TargetsFile
from adapters.system import SystemClock, SystemRandomSource
from domain.errors import Refused
from domain.server.certificate import Ingredients, issue
from domain.snapshot.copies import CopyResult, Source, Task
from domain.snapshot.offsite_copies import Target
from tests.adapters.copies_contract import KEY, Desk
from tests.adapters.s3_server import ACCESS_KEY, SECRET, s3_server
from tests.adapters.test_restic_copies import MIB, Files, fill, manifest
from tests.adapters.world import TARGETS, Infrastructure, real_world

FAR = "[far]\nlocation = 's3:https://host/bucket'\naccess_key_id = 'a'\nsecret_access_key = 'secret'\n"
OTHER_KEY = b"the-key-of-the-repository-elsewhere"


@pytest.fixture
async def world(engine: str, cloud_name: str, tmp_path: Path) -> AsyncGenerator[Infrastructure]:
    async with real_world(engine, cloud_name, tmp_path) as world:
        yield world


@pytest.fixture
def files(engine: str, cloud_name: str) -> Generator[Files]:
    api = APIClient(engine, version="auto")
    yield Files(api, cloud_name)
    api.close()


class Elsewhere(Desk):
    """Runs tasks of a repository at a target, copied from the local one."""

    def __init__(self, world: Infrastructure, here: Desk, target: str) -> None:
        super().__init__(world)
        self.repository_id = world.id("r", target)
        self.here, self.target = here, target

    def transfer(self, owner: str, copied: CopyResult) -> Task:
        source = Source(self.here.repository_id, KEY, self.world.id("snap", owner), copied.copy_id)
        return replace(self.at(f"{owner}-copy"), verb="transfer", source=source)

    def at(self, owner: str, **changes: object) -> Task:
        return replace(self.task(owner, **changes), target=self.target, key=OTHER_KEY)

    async def comes_back(self, files: Files, source: str, moved: CopyResult) -> None:
        """Verify it, restore it without the local repository, and delete it."""
        assert moved.added_bytes > 3 * MIB
        before = manifest(files.place(source))
        await self.world.copies.discard(self.here.repository_id)
        check = self.at("first-copy", verb="verify", copy_id=moved.copy_id)
        assert (await self.done(check)).state == "ended"
        into = await self.volume(f"from-{self.target}")
        restore = replace(check, verb="restore", kind="volume", owner_id=into, into=into, volumes=(source,))
        assert (await self.done(restore)).state == "ended"
        assert manifest(files.place(into)) == before
        forget = self.at("first-copy", verb="forget", is_last=True)
        assert (await self.done(forget)).state == "ended"
        assert (await self.done(check)).is_damage


async def taken(world: Infrastructure, files: Files) -> tuple[Desk, str, CopyResult]:
    """Return a repository with a snapshot of files of every kind."""
    here, source = Desk(world), world.id("vol", "data")
    await world.volumes.ensure(source, "acc-test", None)
    fill(files.place(source))
    return here, source, await here.copy("first", source)


def write_targets(directory: Path, **locations: str) -> None:
    """Name targets; those on S3 with the credentials of the server."""
    lines: list[str] = []
    for name, location in locations.items():
        lines += [f"[{name}]", f'location = "{location}"']
        if location.startswith("s3:"):
            lines += [f'access_key_id = "{ACCESS_KEY}"', f'secret_access_key = "{SECRET}"']
        if "https://127.0.0.1" in location:
            lines += ['ca = "ca.pem"']
    (directory / TARGETS).touch(mode=0o600)
    (directory / TARGETS).write_text("\n".join(lines))


async def test_a_copy_in_a_folder_needs_nothing_that_is_here(
    world: Infrastructure, files: Files, tmp_path: Path
) -> None:
    folder = tmp_path / "disk"
    write_targets(tmp_path, disk=f"file://{folder}")
    here, source, copied = await taken(world, files)
    elsewhere = Elsewhere(world, here, "disk")
    with pytest.raises(Refused, match="bind source path does not exist"):
        await world.copies.begin(elsewhere.transfer("first", copied))
    folder.mkdir()
    moved = await elsewhere.done(elsewhere.transfer("first", copied))
    assert moved.copied is not None, moved.reason
    again = await elsewhere.done(elsewhere.transfer("first", copied))
    assert again.copied == replace(moved.copied, added_bytes=0)
    await elsewhere.comes_back(files, source, moved.copied)
    assert list(folder.iterdir()) == []


async def test_a_copy_on_s3_is_signed_with_credentials_that_nobody_sees(
    world: Infrastructure, files: Files, engine: str, tmp_path: Path
) -> None:
    """Its certificate is signed only by the authority in the target."""
    with s3_server() as server:
        server.show(certified(tmp_path))
        write_targets(tmp_path, offsite=f"{server.location}/folder")
        here, source, copied = await taken(world, files)
        elsewhere = Elsewhere(world, here, "offsite")
        task = elsewhere.transfer("first", copied)
        assert await world.copies.begin(task)
        assert SECRET not in shown(engine, f"{world.cloud}-copies-{elsewhere.repository_id}")
        moved = await elsewhere.seen(task, "ended", "failed")
        assert moved.copied is not None, moved.reason
        kept = {key.partition("/")[0] for key in server.objects}
        assert kept == {"folder"}
        await world.copies.end(elsewhere.repository_id, task.owner_id)
        await elsewhere.comes_back(files, source, moved.copied)
        # An empty repository, which restic cannot remove.
        assert not {key.split("/")[2] for key in server.objects} & {"data", "snapshots", "locks"}
        assert server.refused == 0


def certified(directory: Path) -> Path:
    """Create an authority, and return a file with a certificate signed by it and its key."""
    chance = SystemRandomSource()
    found = Ingredients(chance.private_key(), chance.private_key(), (uuid4(), uuid4()), uuid4())
    certificate, key = issue("s3", ["127.0.0.1"], found, SystemClock().now())
    (directory / "ca.pem").write_text(certificate.authority)
    shown = directory / "shown.pem"
    shown.write_bytes(certificate.pem.encode() + key)
    return shown


async def test_a_server_that_refuses_or_is_gone_is_no_damage(
    world: Infrastructure, files: Files, tmp_path: Path
) -> None:
    here, _, copied = await taken(world, files)
    elsewhere = Elsewhere(world, here, "offsite")
    with s3_server() as server:
        write_targets(tmp_path, offsite=server.location)
        path = tmp_path / TARGETS
        path.write_text(path.read_text().replace(SECRET, "another"))
        found = await elsewhere.done(elsewhere.transfer("first", copied))
        assert (found.state, found.is_damage) == ("failed", False)
        assert "Access Denied" in (found.reason or "")
        assert SECRET not in (found.reason or "")
    await here.done(here.task("first", verb="forget"))
    await world.copies.discard(here.repository_id)


def shown(engine: str, container: str) -> str:
    """Return everything that the engine shows of a container: its configuration and its processes."""
    api = APIClient(engine, version="auto")
    try:
        return json.dumps(api.inspect_container(container)) + str(api.top(container))
    finally:
        api.close()


async def test_without_the_file_there_are_no_targets(tmp_path: Path) -> None:
    assert await TargetsFile(tmp_path / TARGETS).known() == []


async def test_targets_are_told_by_name_and_kind_alone(tmp_path: Path) -> None:
    write_targets(tmp_path, offsite="s3:https://s3.example.com/bucket", disk="file:///backup")
    known = await TargetsFile(tmp_path / TARGETS).known()
    assert known == [Target("disk", "folder"), Target("offsite", "s3")]
    assert SECRET not in repr(TargetsFile(tmp_path / TARGETS).location("offsite"))


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("[disk", "is no TOML"),
        ("disk = 1", "holds something else than tables"),
        ("[DISK]\nlocation = 'file:///a'", "holds something else than tables"),
        ("[disk]", "has no location for disk"),
        ("[disk]\nlocation = '/a'", "has no location for disk"),
        ("[disk]\nlocation = 's3:https://user:secret@host/bucket'", "has no location for disk"),
        ("[disk]\nlocation = 'file:///a'\nregion = 'x'", "must have texts for disk: `location`"),
        ("[far]\nlocation = 's3:https://host/bucket'", "must have texts for far: `access_key_id`"),
        (FAR + "ca = 'nosuch.pem'", "names a `ca` for far that cannot be read"),
        (FAR + "ca = 'copy-targets.toml'", "names a `ca` for far that holds no certificate"),
    ],
)
async def test_a_file_that_cannot_be_used_says_what_is_wrong(content: str, why: str, tmp_path: Path) -> None:
    path = tmp_path / TARGETS
    path.touch(mode=0o600)
    path.write_text(content)
    with pytest.raises(Refused, match=why) as refused:
        await TargetsFile(path).known()
    assert "user:secret" not in str(refused.value)


async def test_a_file_that_others_may_read_is_not_used(tmp_path: Path) -> None:
    write_targets(tmp_path, disk="file:///backup")
    (tmp_path / TARGETS).chmod(0o640)
    with pytest.raises(Refused, match="may be read by others; `chmod 600` it"):
        await TargetsFile(tmp_path / TARGETS).known()
