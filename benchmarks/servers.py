"""The processes under test: the three of miniaws, and those it is compared to."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import psycopg

from adapters.embedded_postgres import EmbeddedPostgres
from benchmarks import machine

_PATIENCE_S = 60
_LEADS = "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND classid = 7203 AND granted)"


@dataclass(frozen=True, slots=True)
class Server:
    """Something that answers on a port, and the processes that work for it."""

    port: int
    processes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Cloud:
    """A miniaws that runs; ``processes`` has the id of each process by name."""

    port: int
    key: str
    url: str
    processes: dict[str, int]
    environment: dict[str, str]


@contextmanager
def cloud(place: Path, **settings: str) -> Generator[Cloud]:
    """Run Postgres, the API and the controller, as the supervisor would; durable."""
    port = machine.free_port()
    with machine.postgres(place) as server, ExitStack() as stack:
        environment = {
            **os.environ,
            "MINIAWS_DATA_DIR": str(place),
            "MINIAWS_POSTGRES_PORT": str(server.port),
            "MINIAWS_PORT": str(port),
            "MINIAWS_RATE_LIMIT": "1000000",
            "MINIAWS_RATE_BURST": "1000000",
            **settings,
        }
        part = [sys.executable, "-m", "miniaws"]
        subprocess.run([*part, "first-key"], env=environment, check=True, stderr=subprocess.DEVNULL)
        api = stack.enter_context(running([*part, "api"], environment, port, "/health/live"))
        controller = stack.enter_context(running([*part, "controller"], environment))
        profile = dict(line.split("=", 1) for line in (place / "credentials").read_text().splitlines())
        wait_until_ready(port, "/health/ready")
        with psycopg.connect(server.url(), autocommit=True) as connection:
            poll(lambda: connection.execute(_LEADS).fetchone() == (True,), "a controller that leads")
        yield Cloud(
            port, profile["MINIAWS_API_KEY"], server.url(), _ids(server, api, controller), environment
        )


def _ids(server: EmbeddedPostgres, api: int, controller: int) -> dict[str, int]:
    assert server.process is not None  # noqa: S101 - it runs
    return {"postgres": server.process.pid, "api": api, "controller": controller}


@contextmanager
def plain(database_url: str) -> Generator[Server]:
    """Run the FastAPI that miniaws is compared to."""
    port = machine.free_port()
    options = ["--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning"]
    command = [sys.executable, "-m", "uvicorn", "benchmarks.plain_api:app", "--port", str(port), *options]
    with running(command, {**os.environ, "PLAIN_DATABASE_URL": database_url}, port, "/docs") as process:
        yield Server(port, (process,))


@contextmanager
def moto() -> Generator[Server]:
    """Run moto's server."""
    port = machine.free_port()
    command = [sys.executable, "-m", "moto.server", "-p", str(port)]
    with running(command, {**os.environ}, port, "/moto-api/") as process:
        yield Server(port, (process,))


@contextmanager
def running(command: list[str], environment: dict[str, str], port: int = 0, path: str = "") -> Generator[int]:
    """Run a program until the block ends, and give its process id once it answers."""
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        if port:
            wait_until_ready(port, path)
        yield process.pid
    finally:
        process.terminate()
        process.wait(_PATIENCE_S)


def wait_until_ready(port: int, path: str) -> None:
    """Return when a server answers 200. Raises TimeoutError."""

    def answers() -> bool:
        connection = HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", path)
            return connection.getresponse().status == 200
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()

    poll(answers, f"an answer on port {port}")


def poll(condition: Callable[[], bool], what: str) -> None:
    """Return once a condition holds. Raises TimeoutError."""
    ends = time.monotonic() + _PATIENCE_S
    while not condition():
        if time.monotonic() > ends:
            raise TimeoutError(f"waited in vain for {what}")
        time.sleep(0.02)
