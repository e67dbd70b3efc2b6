"""Journeys share one cloud of real processes, unless they kill parts of it."""

from collections.abc import Generator
from pathlib import Path

import pytest

from tests.journeys.running_cloud import RunningCloud, running_cloud


@pytest.fixture
def cloud(tmp_path: Path, database_url: str, cloud_name: str, engine: str) -> Generator[RunningCloud]:
    """A cloud of this test's own."""
    with running_cloud(tmp_path, database_url, cloud_name, engine) as found:
        yield found
