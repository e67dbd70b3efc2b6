"""Images in memory and on a Docker engine fulfil the same contract."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from tests.adapters.image_contract import ImageContract
from tests.adapters.world import IMAGE, Infrastructure, pretended_world, real_world


class TestMemory(ImageContract):
    @pytest.fixture
    async def world(self) -> AsyncGenerator[Infrastructure]:
        async with pretended_world({f"docker.io/{IMAGE}"}) as world:
            yield world


class TestDocker(ImageContract):
    @pytest.fixture
    async def world(self, engine: str, cloud_name: str, tmp_path: Path) -> AsyncGenerator[Infrastructure]:
        # Without pulls, so that no registry is asked for the names below.
        async with real_world(engine, cloud_name, tmp_path, allow_pull=False) as world:
            yield world
