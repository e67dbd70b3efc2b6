"""Journeys share one cloud of real processes and leave it empty; those that kill processes get their own."""

import secrets
from collections.abc import Generator
from pathlib import Path

import psycopg
import pytest
from playwright.sync_api import Browser, Page
from psycopg import sql

from adapters.docker import engine_sweep
from adapters.embedded_postgres import EmbeddedPostgres
from tests.conftest import scratch_database
from tests.journeys import in_browser
from tests.journeys.running_cloud import RunningCloud, running_cloud


@pytest.fixture(scope="session")
def shared_cloud(
    tmp_path_factory: pytest.TempPathFactory, postgres: EmbeddedPostgres, engine: str
) -> Generator[RunningCloud]:
    """The cloud for all journeys that do not break it."""
    name = f"mawtest-{secrets.token_hex(4)}"
    with psycopg.connect(postgres.url("postgres"), autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            with running_cloud(tmp_path_factory.mktemp("cloud"), postgres.url(name), name, engine) as found:
                yield found
        finally:
            admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
            engine_sweep.sweep(engine, name)


@pytest.fixture
def cloud(shared_cloud: RunningCloud) -> Generator[RunningCloud]:
    """The shared cloud, emptied after the test."""
    yield shared_cloud
    shared_cloud.empty()


@pytest.fixture
def own_cloud(tmp_path: Path, database_url: str, cloud_name: str, engine: str) -> Generator[RunningCloud]:
    """A cloud for one test, which may break it."""
    with running_cloud(tmp_path, database_url, cloud_name, engine) as found:
        yield found


@pytest.fixture
def impatient(tmp_path: Path, database_url: str, cloud_name: str, engine: str) -> Generator[RunningCloud]:
    """A cloud for one test, in which a step of a plan has a few seconds."""
    with running_cloud(tmp_path, database_url, cloud_name, engine, MINIAWS_PLAN_STEP_S="8") as found:
        yield found


@pytest.fixture
def keeping(tmp_path: Path, database_url: str, cloud_name: str, engine: str) -> Generator[RunningCloud]:
    """A cloud for one test, which keeps what is deleted."""
    more = {"MINIAWS_TRASH_HOURS": "72", "MINIAWS_TRASH_MIN_FREE_GB": "0"}
    with running_cloud(tmp_path, database_url, cloud_name, engine, **more) as found:
        yield found


@pytest.fixture(scope="module")
def pretended_url(postgres: EmbeddedPostgres, migrated: str) -> Generator[str]:
    """The database of the simulated cloud."""
    with scratch_database(postgres, migrated) as found:
        yield found


@pytest.fixture(scope="module")
def pretended(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, pretended_url: str, engine: str
) -> Generator[RunningCloud]:
    """A cloud with simulated containers, and with the ``SETTINGS`` of the module."""
    own: dict[str, str] = getattr(request.module, "SETTINGS", {})
    settings = {"MINIAWS_ENGINE": "memory", "MINIAWS_RESYNC_S": "600", **own}
    home = tmp_path_factory.mktemp("cloud")
    with running_cloud(home, pretended_url, "mawtest-pretended", engine, **settings) as found:
        yield found


@pytest.fixture(scope="module")
def browser() -> Generator[Browser]:
    """Debian's Chromium."""
    with in_browser.chromium() as found:
        yield found


@pytest.fixture
def page(browser: Browser) -> Generator[Page]:
    """A page in a new browser context; an error in its console fails the test."""
    with in_browser.new_page(browser) as found:
        yield found
