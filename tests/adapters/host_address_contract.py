"""The contract of every adapter of HostAddresses."""

from dataclasses import dataclass, replace
from ipaddress import IPv4Network

import pytest

from domain.errors import InUse, Refused
from domain.ports import HostAddress, HostAddresses
from tests.adapters.world import ACCOUNT, Infrastructure


@dataclass
class Scene:
    """A network, and the addresses of the host in it."""

    addresses: HostAddresses
    world: Infrastructure

    def address(self, number: int) -> str:
        return str(IPv4Network(self.world.cidr)[number])

    def wanted(self, number: int = 70, word: str = "front") -> HostAddress:
        resource_id = self.world.id("lb", word)
        names = (word, f"{word}.shop.internal")
        return HostAddress(resource_id, ACCOUNT, self.world.network_id, self.address(number), names)

    async def remove(self, word: str = "front") -> None:
        await self.addresses.remove(self.world.id("lb", word), self.world.network_id)


class HostAddressContract:
    async def test_no_container_gets_the_address_of_the_host(self, scene: Scene) -> None:
        for _ in range(2):
            await scene.addresses.ensure(scene.wanted(70))
        spec = scene.world.spec(address=scene.address(70))
        await scene.world.containers.ensure(spec)
        with pytest.raises(InUse):
            await scene.world.containers.start(spec.resource_id)
        for _ in range(2):
            await scene.remove()
        seen = await scene.world.containers.start(spec.resource_id)
        assert seen.address == scene.address(70)

    async def test_the_host_gets_no_address_of_a_container(self, scene: Scene) -> None:
        await scene.world.running(scene.world.spec(address=scene.address(71)))
        with pytest.raises(InUse):
            await scene.addresses.ensure(scene.wanted(71))

    async def test_another_address_replaces_the_one_before(self, scene: Scene) -> None:
        for number in (72, 73):
            await scene.addresses.ensure(scene.wanted(number))
        seen = await scene.world.running(scene.world.spec(address=scene.address(72)))
        assert seen.address == scene.address(72)

    async def test_each_resource_has_its_own(self, scene: Scene) -> None:
        await scene.addresses.ensure(scene.wanted(74, "front"))
        await scene.addresses.ensure(scene.wanted(75, "back"))
        await scene.remove("front")
        with pytest.raises(InUse):
            await scene.world.running(scene.world.spec(address=scene.address(75)))

    async def test_there_is_no_address_without_a_network(self, scene: Scene) -> None:
        with pytest.raises(Refused, match=r"there is no .*network"):
            await scene.addresses.ensure(replace(scene.wanted(), network_id="vpc-never"))
        await scene.addresses.remove(scene.wanted().resource_id, "vpc-never")
