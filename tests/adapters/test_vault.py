"""The master key is created atomically, and an invalid one is refused."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from adapters.vault import Vault
from domain.errors import Refused


def test_what_is_derived_follows_from_the_key_the_purpose_and_the_text() -> None:
    derived = {
        Vault(bytes([key]) * 32).derive(purpose, text)
        for key in (1, 2)
        for purpose in ("one", "two")
        for text in ("a", "b")
        for _ in range(2)
    }
    assert {len(each) for each in derived} == {32}
    assert len(derived) == 8


DYING = """
import os, sys
from pathlib import Path
from adapters.vault import Vault

class Kill:
    def __init__(self, at):
        self.at = at
        self.step = 0

    def __call__(self, event, args):
        if not any(isinstance(arg, (str, bytes)) and b"master.key" in os.fsencode(arg) for arg in args):
            return
        self.step += 1
        if self.step == self.at:
            os.kill(os.getpid(), 9)

sys.addaudithook(Kill(int(sys.argv[2])))
Vault.at(Path(sys.argv[1]))
"""
"""Fails immediately before the n-th access to a file of that name."""


def vaults_are_the_same(one: Vault, other: Vault) -> bool:
    return other.open(one.seal(b"canary")) == b"canary"


def test_a_key_is_made_once_and_only_we_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "master.key"
    assert vaults_are_the_same(Vault.at(path), Vault.at(path))
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_whenever_a_process_is_killed_the_next_one_finds_a_whole_key_or_none(tmp_path: Path) -> None:
    killed = 0
    for step in range(1, 100):
        home = tmp_path / str(step)
        home.mkdir()
        path = home / "master.key"
        command = [sys.executable, "-c", DYING, str(path), str(step)]
        ended = subprocess.run(command, check=False)
        if path.exists():
            assert len(path.read_bytes()) == 32
        assert vaults_are_the_same(Vault.at(path), Vault.at(path))
        assert list(home.iterdir()) == [path], "a draft is left"
        if ended.returncode == 0:
            break
        assert ended.returncode == -9
        killed += 1
    else:
        pytest.fail("it never lived to the end")
    assert killed >= 4, "creation, link and the removal of the draft were not reached"


def test_processes_that_start_together_have_one_key(tmp_path: Path) -> None:
    for round_ in range(20):
        home = tmp_path / str(round_)
        home.mkdir()
        with ThreadPoolExecutor(8) as pool:
            made = list(pool.map(Vault.at, [home / "master.key"] * 8))
        assert all(vaults_are_the_same(made[0], other) for other in made)
        assert [each.name for each in home.iterdir()] == ["master.key"]


@pytest.mark.parametrize("content", [b"", b"\0", bytes(31), bytes(33), b"a" * 64])
def test_a_key_of_another_length_is_refused_with_the_remedy(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "master.key"
    path.touch(mode=0o600)
    path.write_bytes(content)
    with pytest.raises(
        Refused, match=f"it has {len(content)} bytes instead of 32; restore the file from a backup"
    ):
        Vault.at(path)
    assert path.read_bytes() == content


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o644, 0o777])
def test_a_key_that_others_can_use_is_refused_with_the_remedy(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "master.key"
    Vault.at(path)
    path.chmod(mode)
    with pytest.raises(Refused, match=f"mode {mode:04o}.*chmod 600"):
        Vault.at(path)
    path.chmod(0o400)
    Vault.at(path)


def test_a_key_that_cannot_be_read_or_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "master.key").mkdir(mode=0o700)
    with pytest.raises(Refused, match="cannot read the master key"):
        Vault.at(tmp_path / "master.key")
    full = Path("/proc") / str(os.getpid()) / "master.key"
    with pytest.raises(Refused, match="cannot create the master key"):
        Vault.at(full)
