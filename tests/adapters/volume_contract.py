"""The contract of every adapter of Volumes."""

import pytest

from domain.errors import Refused
from domain.ports import Found
from tests.adapters.world import ACCOUNT, Infrastructure


class VolumeContract:
    async def test_ensure_twice_gives_one(self, world: Infrastructure) -> None:
        volume_id = world.id("vol", "data")
        assert not await world.volumes.exists(volume_id)
        await world.volumes.ensure(volume_id, ACCOUNT, None)
        await world.volumes.ensure(volume_id, ACCOUNT, None)
        assert await world.volumes.exists(volume_id)
        assert await world.volumes.found() == [Found("volume", volume_id, 1)]

    async def test_lost_files_are_not_replaced_by_none(self, world: Infrastructure) -> None:
        volume_id = world.id("vol", "data")
        with pytest.raises(Refused, match=f"cannot find the files of {volume_id}"):
            await world.volumes.ensure(volume_id, ACCOUNT, None, fresh=False)
        assert not await world.volumes.exists(volume_id)
        await world.volumes.ensure(volume_id, ACCOUNT, None)
        await world.volumes.ensure(volume_id, ACCOUNT, None, fresh=False)

    async def test_remove_leaves_nothing(self, world: Infrastructure) -> None:
        volume_id = world.id("vol", "data")
        await world.volumes.ensure(volume_id, ACCOUNT, None)
        await world.volumes.remove(volume_id)
        await world.volumes.remove(volume_id)
        assert not await world.volumes.exists(volume_id)
        assert await world.volumes.found() == []
