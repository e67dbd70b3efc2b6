"""The embedded Postgres: durable, private, and started after whatever an earlier one left."""

import os
import select
import signal
import stat
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

import psycopg
import pytest

from adapters import postgres_cleanup
from adapters.embedded_postgres import EmbeddedPostgres
from domain.errors import Refused
from tests.conftest import free_port

STAND_IN = """
import sys, threading
from pathlib import Path
from adapters.embedded_postgres import EmbeddedPostgres
server = EmbeddedPostgres(Path(sys.argv[1]), int(sys.argv[2]))
server.start()
print(server.process.pid, flush=True)
threading.Event().wait()
"""
"""A program that runs a server, for tests in which its owner dies."""


@pytest.fixture
def server(tmp_path: Path) -> Generator[EmbeddedPostgres]:
    embedded = EmbeddedPostgres(tmp_path / "cloud", free_port())
    embedded.start()
    yield embedded
    embedded.stop()


def count(server: EmbeddedPostgres) -> int:
    with psycopg.connect(server.url()) as connection:
        row = connection.execute("SELECT count(*) FROM note").fetchone()
    assert row is not None
    return row[0]


def write(server: EmbeddedPostgres) -> None:
    with psycopg.connect(server.url()) as connection:
        connection.execute("CREATE TABLE note AS SELECT generate_series(1, 1000) AS number")


def process_id(server: EmbeddedPostgres) -> int:
    assert server.process is not None
    return server.process.pid


def kill(server: EmbeddedPostgres) -> None:
    os.kill(process_id(server), signal.SIGKILL)
    os.waitid(os.P_PID, process_id(server), os.WEXITED | os.WNOWAIT)


def test_a_commit_survives_a_stop(server: EmbeddedPostgres) -> None:
    write(server)
    server.stop()
    server.start()
    assert count(server) == 1000


def test_a_commit_survives_a_kill_of_the_server(server: EmbeddedPostgres) -> None:
    write(server)
    kill(server)
    server.start()
    assert count(server) == 1000


def test_it_is_durable_and_checks_its_pages(server: EmbeddedPostgres) -> None:
    with psycopg.connect(server.url()) as connection:
        for name in ("fsync", "full_page_writes", "synchronous_commit", "data_checksums"):
            assert connection.execute("SELECT current_setting(%s)", [name]).fetchone() == ("on",)
        assert connection.execute("SHOW server_encoding").fetchone() == ("UTF8",)


def test_it_listens_on_the_loopback_only(server: EmbeddedPostgres) -> None:
    with psycopg.connect(server.url()) as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("127.0.0.1",)
        assert connection.execute("SHOW unix_socket_directories").fetchone() == ("",)


def test_nobody_gets_in_without_the_password(server: EmbeddedPostgres) -> None:
    for password in ("", "wrong"):
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(f"host=127.0.0.1 port={server.port} user=miniaws password='{password}'")


def test_the_password_is_for_the_owner_alone(server: EmbeddedPostgres) -> None:
    file = server.home / "postgres.password"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(server.home.stat().st_mode) == 0o700
    command_line = Path(f"/proc/{process_id(server)}/cmdline").read_text()
    environment = Path(f"/proc/{process_id(server)}/environ").read_text()
    log = server.log.read_text()
    for place in (command_line, environment, log):
        assert file.read_text() not in place


def test_it_does_not_run_as_root(server: EmbeddedPostgres) -> None:
    assert Path(f"/proc/{process_id(server)}").stat().st_uid != 0


def test_a_stale_pid_file_of_another_program_does_not_stop_it(server: EmbeddedPostgres) -> None:
    server.stop()
    # The number of a living process that is no Postgres, as after a restart of the machine.
    (server.home / "postgres" / "postmaster.pid").write_text(f"{os.getpid()}\n/nowhere\n1\n{server.port}\n")
    server.start()
    assert server.is_ready()


def test_an_empty_pid_file_does_not_stop_it(server: EmbeddedPostgres) -> None:
    server.stop()
    (server.home / "postgres" / "postmaster.pid").touch()
    server.start()
    assert server.is_ready()


def test_a_zombie_does_not_stop_it(server: EmbeddedPostgres) -> None:
    kill(server)
    # Not collected: the number in postmaster.pid is a zombie's now.
    server.start()
    assert server.is_ready()


def test_a_directory_half_made_is_made_again(tmp_path: Path) -> None:
    home = tmp_path / "cloud"
    (home / "postgres.new").mkdir(parents=True)
    (home / "postgres.new" / "PG_VERSION").write_text("18\n")
    embedded = EmbeddedPostgres(home, free_port())
    try:
        embedded.start()
        assert embedded.is_ready()
    finally:
        embedded.stop()


def test_two_owners_of_one_directory_are_refused(server: EmbeddedPostgres) -> None:
    with pytest.raises(Refused, match="another process runs"):
        EmbeddedPostgres(server.home, free_port()).start()
    assert server.is_ready()


def test_a_taken_port_is_named(server: EmbeddedPostgres, tmp_path: Path) -> None:
    with pytest.raises(Refused, match=f"another program listens on port {server.port}"):
        EmbeddedPostgres(tmp_path / "second", server.port).start()


def test_a_lost_password_file_is_named(server: EmbeddedPostgres) -> None:
    server.stop()
    (server.home / "postgres.password").unlink()
    with pytest.raises(Refused, match=r"postgres\.password is missing"):
        server.start()


def test_no_programs_is_a_clear_refusal(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="cannot find PostgreSQL's programs"):
        EmbeddedPostgres(tmp_path / "cloud", free_port(), bindir=tmp_path).start()


def test_it_ends_with_its_owner_and_another_takes_over(tmp_path: Path) -> None:
    home, port = tmp_path / "cloud", free_port()
    argv = [sys.executable, "-c", STAND_IN, str(home), str(port)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        postmaster = os.pidfd_open(int(owner.stdout.readline()))
        owner.kill()
    successor = EmbeddedPostgres(home, port)
    try:
        successor.start()
        assert successor.is_ready()
        assert select.select([postmaster], [], [], 0)[0], "the first server still runs"
    finally:
        os.close(postmaster)
        successor.stop()


def test_remains_of_nothing_are_nothing(tmp_path: Path) -> None:
    postgres_cleanup.clear(tmp_path / "absent")


def test_its_database_is_there_and_fresh_ones_are_apart(
    database_url: str, postgres: EmbeddedPostgres
) -> None:
    with psycopg.connect(database_url) as connection, psycopg.connect(postgres.url()) as other:
        assert other.execute("SELECT current_database()").fetchone() == ("miniaws",)
        connection.execute("CREATE TABLE apart ()")
        assert other.execute("SELECT to_regclass('apart')").fetchone() == (None,)
