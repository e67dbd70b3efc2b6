"""The contract of every adapter of Networks."""

import pytest

from domain.errors import RangeInUse, Refused
from domain.ports import Found
from tests.adapters.world import ACCOUNT, Infrastructure


class NetworkContract:
    async def test_it_is_there(self, world: Infrastructure) -> None:
        assert await world.networks.exists(world.network_id)
        assert not await world.networks.exists("vpc-never")
        assert await world.networks.found() == [Found("vpc", world.network_id, 1)]

    async def test_ensure_twice_gives_one(self, world: Infrastructure) -> None:
        await world.networks.ensure(world.network_id, ACCOUNT, world.cidr)
        assert len(await world.networks.found()) == 1

    async def test_a_range_that_overlaps_is_refused(self, world: Infrastructure) -> None:
        within = world.cidr.replace("/24", "/26")
        with pytest.raises(RangeInUse, match=within):
            await world.networks.ensure(world.id("vpc", "other"), ACCOUNT, within)
        assert len(await world.networks.found()) == 1

    async def test_a_range_of_the_host_is_refused(self, world: Infrastructure) -> None:
        taken = (await world.networks.occupied())[0]
        with pytest.raises(RangeInUse, match=taken):
            await world.networks.ensure(world.id("vpc", "other"), ACCOUNT, taken)

    async def test_addresses_of_the_host_are_in_use(self, world: Infrastructure) -> None:
        assert "127.0.0.0/8" in await world.networks.occupied()
        with pytest.raises(RangeInUse, match=r"127\.0\.0\.0/8"):
            await world.networks.ensure(world.id("vpc", "other"), ACCOUNT, "127.0.0.0/24")

    async def test_another_range_for_the_same_network_is_refused(self, world: Infrastructure) -> None:
        with pytest.raises(Refused, match=r"192\.168\.254\.0/24"):
            await world.networks.ensure(world.network_id, ACCOUNT, "192.168.254.0/24")

    async def test_its_own_range_is_not_occupied(self, world: Infrastructure) -> None:
        assert world.cidr not in await world.networks.occupied()

    async def test_remove_leaves_nothing(self, world: Infrastructure) -> None:
        await world.networks.remove(world.network_id)
        await world.networks.remove(world.network_id)
        assert not await world.networks.exists(world.network_id)
        assert await world.networks.found() == []
