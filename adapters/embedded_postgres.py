"""An embedded PostgreSQL server: created at the first start, a child of this process, stopped with it.

``<home>/postgres`` holds the data, ``<home>/postgres.password`` (mode 0600) the password of the only role.
It only listens on 127.0.0.1. Commits are durable. A lock ensures that one process at a time runs it.

The server may run as an account that cannot enter ``home``. It inherits an open descriptor of its data
directory and accesses it as ``/proc/self/fd/<n>``, so that all files of the cloud stay in one private
directory.
"""

import fcntl
import os
import secrets
import shutil
import signal
import subprocess
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import psycopg
from psycopg import sql

from adapters import postgres_binaries, postgres_cleanup
from adapters.setpriv import Identity, ending_with_us
from domain.errors import Refused, Unreachable

ROLE = "miniaws"
DATABASE = "miniaws"

SETTINGS: Mapping[str, str] = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "max_wal_size": "1GB",
    "checkpoint_timeout": "5min",
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "password_encryption": "scram-sha-256",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # A statement or a row in the server's log could hold a secret.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}
"""Settings for a machine that is shared with other work; tests may trade durability for speed."""

_ENVIRONMENT = {"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"}
_POLL_S = 0.02
_ABORT_S = 10


class EmbeddedPostgres:
    """A server with its data directory."""

    def __init__(
        self,
        home: Path,
        port: int,
        *,
        bindir: Path | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.home = home
        self.port = port
        self.log = home / "logs" / "postgres.log"
        self.process: subprocess.Popen[bytes] | None = None
        self._data = home / "postgres"
        self._password_file = home / "postgres.password"
        self._bindir = bindir
        self._settings = {**SETTINGS, **(settings or {}), "port": str(port)}
        self._log_start = 0
        self._lock: IO[bytes] | None = None

    def url(self, database: str = DATABASE) -> str:
        """Return the URL for clients, including the password: never print it, never pass it in argv.

        Raises Refused when the password file is missing.
        """
        return f"postgresql://{ROLE}:{self._password()}@127.0.0.1:{self.port}/{database}"

    def start(self, timeout_s: float = 60) -> None:
        """Start the server, after cleaning up what an earlier one left. A running server is not changed.

        The server stops with the calling thread. Raises Refused when it cannot be started, with
        the server's own reason.
        """
        if self.process is not None and self.process.poll() is None and self.is_ready():
            return
        try:
            self.prepare()
            self._wait_until_ready(self.spawn(), timeout_s)
            self.ensure_database()
        except BaseException:
            self.stop()
            raise

    def prepare(self) -> None:
        """Take the lock, end processes of an earlier server, create the data directory if it is missing.

        Raises Refused when another process runs this server, the directory cannot be created, or it has no password.
        """
        self.log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.home.chmod(0o700)
        self._take_lock()
        postgres_cleanup.clear(self._data)
        if not self._data.exists():
            self._initialise()
        self._password()  # without it the readiness of the server would be unknown

    def spawn(self) -> "subprocess.Popen[bytes]":
        """Start the server's process after ``prepare``; it accepts connections shortly after."""
        options = [word for name, value in self._settings.items() for word in ("-c", f"{name}={value}")]
        runs_as = postgres_binaries.identity(self._data)
        with self._log_end() as log, _opened(self._data) as data:
            argv = [self._program("postgres", runs_as), "-D", f"/proc/self/fd/{data}", *options]
            self.process = subprocess.Popen(  # noqa: S603 (our own words only)
                ending_with_us(argv, signal="INT", runs_as=runs_as),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                env=_ENVIRONMENT,
                pass_fds=(data,),
                start_new_session=True,
            )
        return self.process

    def is_ready(self) -> bool:
        """Return whether the server answers a query."""
        try:
            with psycopg.connect(self.url("postgres"), connect_timeout=2) as connection:
                connection.execute("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    def ensure_database(self) -> None:
        """Create the database ``miniaws`` if it is missing. Raises Unreachable when the server does not answer."""
        try:
            with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
                found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
                if found.fetchone() is None:
                    connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
        except psycopg.OperationalError as error:
            raise Unreachable(f"cannot reach Postgres on port {self.port}") from error

    def stop(self, timeout_s: float = 30) -> None:
        """Stop the server and disconnect its sessions. Does nothing when it is not running."""
        if self.process is not None:
            for number, wait_s in (
                (signal.SIGINT, timeout_s),
                (signal.SIGQUIT, _ABORT_S),
                (signal.SIGKILL, _ABORT_S),
            ):
                if _ended(self.process, number, wait_s):
                    break
            self.process = None
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def why_it_ended(self) -> str:
        """Return the last lines of the server's log, as an error message."""
        with self.log.open("rb") as log:
            log.seek(self._log_start)
            lines = log.read().decode(errors="replace").splitlines()
        grave = [line.split(": ", 1)[1].strip() for line in lines if " FATAL: " in line or " PANIC: " in line]
        if any("could not create any TCP/IP sockets" in reason for reason in grave):
            return (
                f"cannot start Postgres: another program listens on port {self.port}; "
                "stop it, or set MINIAWS_POSTGRES_PORT to a free port"
            )
        return f"cannot start Postgres: {grave[-1] if grave else 'it ended'}; see {self.log}"

    def _wait_until_ready(self, process: "subprocess.Popen[bytes]", timeout_s: float) -> None:
        for _ in range(int(timeout_s / _POLL_S)):
            if self.is_ready():
                return
            try:
                process.wait(_POLL_S)
            except subprocess.TimeoutExpired:
                continue
            raise Refused(self.why_it_ended())
        raise Refused(f"cannot start Postgres: no answer within {timeout_s:g} s; see {self.log}")

    def _program(self, name: str, runs_as: Identity | None) -> str:
        return str(postgres_binaries.find(self._bindir, runs_as) / name)

    def _take_lock(self) -> None:
        if self._lock is not None:
            return
        lock = (self.home / "postgres.lock").open("ab")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            raise Refused(f"cannot start Postgres: another process runs the one in {self.home}") from None
        self._lock = lock

    def _initialise(self) -> None:
        # Created under another name, so that a directory called `postgres` is always complete.
        fresh = self._data.with_name("postgres.new")
        shutil.rmtree(fresh, ignore_errors=True)
        runs_as = postgres_binaries.identity(fresh)
        fresh.mkdir(mode=0o700)
        if runs_as is not None:
            os.chown(fresh, runs_as.uid, runs_as.gid)
        self._write_password()
        with _opened(fresh) as data, _in_memory(self._password()) as password:
            argv = [self._program("initdb", runs_as), f"--pgdata=/proc/self/fd/{data}", f"--username={ROLE}"]
            argv += [f"--pwfile=/proc/self/fd/{password}", "--auth=scram-sha-256", "--encoding=UTF8"]
            argv += ["--locale=C.UTF-8", "--data-checksums"]
            done = subprocess.run(  # noqa: S603 (our own words only)
                ending_with_us(argv, signal="KILL", runs_as=runs_as),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                cwd="/",
                env=_ENVIRONMENT,
                pass_fds=(data, password),
                check=False,
            )
        if done.returncode != 0:
            reason = done.stderr.decode(errors="replace").strip()
            raise Refused(f"cannot create the data directory of Postgres in {self.home}: {reason}")
        fresh.rename(self._data)

    def _write_password(self) -> None:
        if not self._password_file.exists():
            fresh = self._password_file.with_suffix(".fresh")
            fresh.unlink(missing_ok=True)
            with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(secrets.token_urlsafe(32))
                file.flush()
                os.fsync(file.fileno())
            fresh.rename(self._password_file)

    def _password(self) -> str:
        try:
            return self._password_file.read_text().strip()
        except FileNotFoundError:
            raise Refused(
                f"cannot connect to the database: {self._password_file} is missing; restore it from a backup"
            ) from None

    @contextmanager
    def _log_end(self) -> Generator[IO[bytes]]:
        with self.log.open("ab") as log:
            self._log_start = log.tell()
            yield log


@contextmanager
def _opened(directory: Path) -> Generator[int]:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def _in_memory(secret: str) -> Generator[int]:
    """Yield a descriptor from which a process of another account can read the secret."""
    descriptor = os.memfd_create("password")
    try:
        os.write(descriptor, secret.encode())
        yield descriptor
    finally:
        os.close(descriptor)


def _ended(process: "subprocess.Popen[bytes]", number: signal.Signals, timeout_s: float) -> bool:
    process.send_signal(number)
    try:
        process.wait(timeout_s)
    except subprocess.TimeoutExpired:
        return False
    return True
