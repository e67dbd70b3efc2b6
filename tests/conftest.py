"""Shared fixtures: a Postgres, an engine, and a cloud's name whose objects are removed."""

import contextlib
import functools
import gc
import os
import secrets
import socket
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from adapters.docker import engine_sweep
from adapters.embedded_postgres import ROLE, EmbeddedPostgres
from adapters.event_store import migrate
from miniaws.settings import Settings
from projections import rebuild
from tests import order

ROOT = Path(__file__).resolve().parent.parent
SPEED = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "max_connections": "300",
    "scram_iterations": "1",
}


# Most tests are about something else: what they delete is removed at once. Tests of the trash set their own hours.
os.environ.setdefault("MINIAWS_TRASH_HOURS", "0")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("numprocesses", None):
        config.pluginmanager.register(order.Recorder())


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if hasattr(config, "workerinput"):  # one of several processes
        order.slowest_first(items)


def pytest_collection_finish() -> None:
    """Exempt what was imported from garbage collection: the collector would look at it again and again."""
    gc.collect()
    gc.freeze()


def free_port() -> int:
    """Return a free port of 127.0.0.1."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def listening_port() -> int:
    """Return a free port outside the range of ephemeral ports.

    Under load, thousands of the other ports belong to connections that have just ended.
    """
    while True:
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", 12_000 + secrets.randbelow(18_000)))
            return probe.getsockname()[1]


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Generator[EmbeddedPostgres]:
    """A Postgres for the whole run. It is fast, not durable: tests of durability start their own."""
    server = EmbeddedPostgres(tmp_path_factory.mktemp("cloud"), free_port(), settings=SPEED)
    server.start()
    hash_password_quickly(server)
    yield server
    server.stop()


def hash_password_quickly(server: EmbeddedPostgres) -> None:
    """Hash the password again, with the server's own number of iterations.

    By the 4,096 iterations of ``initdb``, signing in is most of what a connection costs, and a cloud opens twenty.
    """
    url = server.url("postgres")
    with psycopg.connect(url, autocommit=True) as admin:
        password = sql.Literal(conninfo_to_dict(url)["password"])
        admin.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(ROLE), password))


@contextlib.contextmanager
def scratch_database(postgres: EmbeddedPostgres, template: str = "template0") -> Generator[str]:
    """A copy of a template, by default an empty database, dropped afterwards."""
    name = f"test_{secrets.token_hex(6)}"
    copied = (sql.Identifier(name), sql.Identifier(template))
    with psycopg.connect(postgres.url("postgres"), autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(*copied))
        yield postgres.url(name)
        admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def empty_database_url(postgres: EmbeddedPostgres) -> Generator[str]:
    """A database without tables, dropped after the test."""
    with scratch_database(postgres) as found:
        yield found


@pytest.fixture(scope="session")
def migrated(postgres: EmbeddedPostgres) -> str:
    """The name of a database with every table and no rows, to be copied: faster than creating the tables again."""
    with psycopg.connect(postgres.url("postgres"), autocommit=True) as admin:
        admin.execute("CREATE DATABASE migrated TEMPLATE template0")
    url = postgres.url("migrated")
    migrate(url)
    rebuild.ensure(url)
    return "migrated"


@pytest.fixture
def database_url(postgres: EmbeddedPostgres, migrated: str) -> Generator[str]:
    """A database with every table and no rows, dropped after the test."""
    with scratch_database(postgres, migrated) as found:
        yield found


@pytest.fixture(scope="session")
def _prepared(postgres: EmbeddedPostgres, migrated: str) -> Generator[str]:
    with scratch_database(postgres, migrated) as found:
        yield found


@pytest.fixture
def prepared_url(_prepared: str) -> str:
    """A database with every table and no rows, shared by tests in turn: faster still than a copy for each."""
    with psycopg.connect(_prepared, autocommit=True) as connection:
        tables = (
            "events, claims, secrets, work, followers, controllers, read_model.resources, read_model.versions"
        )
        connection.execute(sql.SQL("TRUNCATE {} RESTART IDENTITY").format(sql.SQL(tables)))
        connection.execute("UPDATE read_model.progress SET position = 0")
    return _prepared


@functools.cache
def build_images(*roles: str) -> None:
    """Build local images that are missing; wait for another process that is building them."""
    subprocess.run([sys.executable, ROOT / "scripts" / "images", *roles], check=True)


@pytest.fixture(scope="session")
def engine() -> str:
    """The URL of the container engine, which has the images that most tests use."""
    subprocess.run([ROOT / "scripts" / "engine"], check=True)
    build_images("hello", "restic")
    return Settings().docker_host


@pytest.fixture(scope="session")
def haproxy_image(engine: str) -> str:
    """The image of load balancers."""
    assert engine
    build_images("haproxy")
    return "miniaws/haproxy:local"


@pytest.fixture
def cloud_name(engine: str) -> Generator[str]:
    """A name for a cloud; all objects with this label are removed after the test."""
    name = f"mawtest-{secrets.token_hex(4)}"
    yield name
    engine_sweep.sweep(engine, name)
