"""What tests of the real world share: a Postgres, an engine, and a cloud's name that is swept."""

import contextlib
import secrets
import socket
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from adapters import engine_sweep
from adapters.embedded_postgres import EmbeddedPostgres
from adapters.event_store import migrate
from miniaws.settings import Settings
from projections import rebuild

ROOT = Path(__file__).resolve().parent.parent
SPEED = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off", "max_connections": "300"}


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def listening_port() -> int:
    """Return a port that nobody listens on now, and that no connection is given by chance.

    Under load, thousands of the other ports belong to connections that have just ended.
    """
    while True:
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", 12_000 + secrets.randbelow(18_000)))
            return probe.getsockname()[1]


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Generator[EmbeddedPostgres]:
    """A Postgres for the whole run. Quick, not durable: a test of durability starts its own."""
    server = EmbeddedPostgres(tmp_path_factory.mktemp("cloud"), free_port(), settings=SPEED)
    server.start()
    yield server
    server.stop()


@contextlib.contextmanager
def scratch_database(postgres: EmbeddedPostgres) -> Generator[str]:
    """An empty database, dropped afterwards."""
    name = sql.Identifier(f"test_{secrets.token_hex(6)}")
    with psycopg.connect(postgres.url("postgres"), autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(name))
        yield postgres.url(name.as_string().strip('"'))
        admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


@pytest.fixture
def database_url(postgres: EmbeddedPostgres) -> Generator[str]:
    """An empty database, dropped after the test."""
    with scratch_database(postgres) as found:
        yield found


@pytest.fixture(scope="session")
def _prepared(postgres: EmbeddedPostgres) -> str:
    with psycopg.connect(postgres.url("postgres"), autocommit=True) as admin:
        admin.execute("CREATE DATABASE prepared TEMPLATE template0")
    url = postgres.url("prepared")
    migrate(url)
    rebuild.ensure(url)
    return url


@pytest.fixture
def prepared_url(_prepared: str) -> str:
    """A database with every table and no row: quicker than one of its own for each test."""
    with psycopg.connect(_prepared, autocommit=True) as connection:
        tables = "events, claims, secrets, work, followers, read_model.resources, read_model.versions"
        connection.execute(sql.SQL("TRUNCATE {} RESTART IDENTITY").format(sql.SQL(tables)))
        connection.execute("UPDATE read_model.progress SET position = 0")
    return _prepared


@pytest.fixture(scope="session")
def engine() -> str:
    """Where the container engine answers; the images that tests run are there."""
    subprocess.run([ROOT / "scripts" / "engine"], check=True)
    subprocess.run([sys.executable, ROOT / "scripts" / "images", "hello", "restic"], check=True)
    return Settings().docker_host


@pytest.fixture(scope="session")
def haproxy_image(engine: str) -> str:
    """The image of load balancers, which is there."""
    assert engine
    subprocess.run([sys.executable, ROOT / "scripts" / "images", "haproxy"], check=True)
    return "miniaws/haproxy:local"


@pytest.fixture
def cloud_name(engine: str) -> Generator[str]:
    """A name for a cloud; whatever carries it as its label is removed after the test."""
    name = f"mawtest-{secrets.token_hex(4)}"
    yield name
    engine_sweep.sweep(engine, name)
