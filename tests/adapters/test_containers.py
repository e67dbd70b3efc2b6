"""Containers in memory and on a Docker engine fulfil the same contract."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from tests.adapters.container_contract import ContainerContract
from tests.adapters.world import Infrastructure, pretended_world, real_world


class TestMemory(ContainerContract):
    @pytest.fixture
    async def world(self) -> AsyncGenerator[Infrastructure]:
        async with pretended_world() as world:
            yield world


class TestDocker(ContainerContract):
    @pytest.fixture
    async def world(self, engine: str, cloud_name: str, tmp_path: Path) -> AsyncGenerator[Infrastructure]:
        async with real_world(engine, cloud_name, tmp_path) as world:
            yield world
