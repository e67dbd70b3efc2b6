"""The control plane starts in order, survives a crash of each process, and leaves nothing behind."""

import os
import signal
import socket
import stat
import sys
import time
from collections.abc import Callable, Generator
from pathlib import Path

import psycopg
import pytest

from adapters.embedded_postgres import EmbeddedPostgres
from domain.errors import Refused
from miniaws.settings import Settings
from miniaws.supervisor import control_plane, processes, programs, state
from miniaws.supervisor.state import ChildState, State
from tests.conftest import free_port

STAND_IN = [sys.executable, str(Path(__file__).with_name("stand_in.py"))]
DEADLINE_S = 30.0


@pytest.fixture
def settings(tmp_path: Path) -> Generator[Settings]:
    chosen = Settings(data_dir=tmp_path / "cloud", port=free_port(), postgres_port=free_port())
    yield chosen
    control_plane.stop(chosen.home)
    assert remains(chosen) == []


def start(settings: Settings) -> State:
    control_plane.detach(settings, [*STAND_IN, "up"], timeout_s=DEADLINE_S)
    return now(settings)


def now(settings: Settings) -> State:
    found = control_plane.running(settings.home)
    assert found is not None
    return found


def child(found: State, name: str) -> ChildState:
    return next(part for part in found.children if part.name == name)


def process_id(settings: Settings, name: str) -> int:
    pid = child(now(settings), name).pid
    assert pid is not None
    return pid


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.02)


def remains(settings: Settings) -> list[str]:
    """Return the command lines of living processes that were started for this data directory."""
    found: list[str] = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and entry.name != str(os.getpid()):
            try:
                words = (entry / "environ").read_text(errors="replace"), str((entry / "cwd").readlink())
                if any(str(settings.home) in word for word in words):
                    found.append((entry / "cmdline").read_text().replace("\0", " "))
            except OSError:
                continue
    return found


def restarted(settings: Settings, name: str, before: int) -> bool:
    found = control_plane.running(settings.home)
    return found is not None and found.is_ready and child(found, name).pid != before


def test_it_starts_in_order_and_is_ready(settings: Settings) -> None:
    found = start(settings)
    assert found.is_ready
    assert [part.name for part in found.children] == ["postgres", "first-key", "api", "controller"]
    assert programs.answers(control_plane.ready_url(settings))
    assert stat.S_IMODE(settings.credentials.stat().st_mode) == 0o600


def test_the_database_address_is_in_no_command_line(settings: Settings) -> None:
    found = start(settings)
    password = (settings.home / "postgres.password").read_text()
    for pid in [found.pid, *(part.pid for part in found.children if part.pid)]:
        assert password not in Path(f"/proc/{pid}/cmdline").read_text()
    for log in (settings.home / "logs").iterdir():
        assert password not in log.read_text()


@pytest.mark.parametrize("name", ["postgres", "api", "controller"])
def test_a_part_that_is_killed_is_started_again(settings: Settings, name: str) -> None:
    start(settings)
    before = process_id(settings, name)
    os.kill(before, signal.SIGKILL)
    until(lambda: restarted(settings, name, before))
    found = now(settings)
    assert child(found, name).restarts == 1
    assert programs.answers(control_plane.ready_url(settings))
    log = (settings.home / "logs" / "supervisor.log").read_text()
    assert f"{name} was ended by SIGKILL" in log
    assert f"{name} is started again" in log


def test_nothing_outlives_a_supervisor_that_is_killed(settings: Settings) -> None:
    found = start(settings)
    os.kill(found.pid, signal.SIGKILL)
    until(lambda: remains(settings) == [])
    assert control_plane.running(settings.home) is None


def test_a_new_one_takes_over_from_one_that_was_killed(settings: Settings) -> None:
    first = start(settings)
    with psycopg.connect(EmbeddedPostgres(settings.home, settings.postgres_port).url()) as connection:
        connection.execute("CREATE TABLE kept ()")
    key = settings.credentials.read_text()
    os.kill(first.pid, signal.SIGKILL)
    second = start(settings)
    assert second.pid != first.pid
    with psycopg.connect(EmbeddedPostgres(settings.home, settings.postgres_port).url()) as connection:
        assert connection.execute("SELECT to_regclass('kept')").fetchone() == ("kept",)
    assert settings.credentials.read_text() == key


def test_a_part_that_outlived_its_supervisor_is_ended_first(settings: Settings) -> None:
    settings.home.mkdir()
    (settings.home / "orders").write_text("controller stubborn\n")
    found = start(settings)
    left = process_id(settings, "controller")
    until((settings.home / "controller.stubborn").exists)
    os.kill(found.pid, signal.SIGKILL)
    until(lambda: processes.birth(found.pid) is None)
    assert processes.birth(left) is not None
    (settings.home / "orders").unlink()
    start(settings)
    assert processes.birth(left) is None
    assert (
        "ended the controller that an earlier run left" in (settings.home / "logs/supervisor.log").read_text()
    )


def test_asking_twice_does_not_wait_for_a_part_that_is_stubborn(settings: Settings) -> None:
    settings.home.mkdir()
    (settings.home / "orders").write_text("controller stubborn\n")
    found = start(settings)
    api = process_id(settings, "api")
    until((settings.home / "controller.stubborn").exists)
    os.kill(found.pid, signal.SIGTERM)
    until(lambda: processes.birth(api) is None)
    os.kill(found.pid, signal.SIGTERM)
    until(lambda: processes.birth(found.pid) is None)
    assert "controller did not end by itself" in (settings.home / "logs" / "supervisor.log").read_text()
    assert remains(settings) == []


def test_a_second_one_finds_the_first_and_changes_nothing(settings: Settings) -> None:
    first = start(settings)
    assert control_plane.take_over(settings, timeout_s=DEADLINE_S) is None
    control_plane.detach(settings, [*STAND_IN, "up"], timeout_s=DEADLINE_S)
    assert now(settings) == first


def test_stopping_ends_every_part_and_can_be_repeated(settings: Settings) -> None:
    found = start(settings)
    assert control_plane.stop(settings.home)
    assert processes.birth(found.pid) is None
    assert remains(settings) == []
    assert state.read(settings.home) is None
    assert not control_plane.stop(settings.home)


def test_it_starts_again_after_a_stop(settings: Settings) -> None:
    first = start(settings)
    control_plane.stop(settings.home)
    assert start(settings).pid != first.pid


def test_a_part_that_cannot_start_is_named_with_its_reason(settings: Settings) -> None:
    settings.home.mkdir()
    (settings.home / "orders").write_text("api fail\n")
    with pytest.raises(Refused, match="cannot start api: ended with code 1: api was set to fail"):
        start(settings)
    assert control_plane.running(settings.home) is None
    assert remains(settings) == []


def test_a_taken_port_is_named_with_a_remedy(settings: Settings) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", settings.port))
        other.listen()
        with pytest.raises(Refused, match=f"cannot listen on 127.0.0.1:{settings.port}.*set MINIAWS_PORT"):
            start(settings)


def test_a_database_of_ones_own_is_used_instead(
    tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINIAWS_DATABASE_URL", database_url)
    settings = Settings(data_dir=tmp_path / "cloud", port=free_port())
    try:
        found = start(settings)
        assert [part.name for part in found.children] == ["first-key", "api", "controller"]
        assert not (settings.home / "postgres").exists()
    finally:
        control_plane.stop(settings.home)
    assert remains(settings) == []
