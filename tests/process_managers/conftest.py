"""Fixtures for process managers."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from tests.process_managers.stage import Stage, open_stage


@pytest.fixture
async def stage(prepared_url: str, tmp_path: Path) -> AsyncGenerator[Stage]:
    async with open_stage(prepared_url, tmp_path) as opened:
        yield opened
