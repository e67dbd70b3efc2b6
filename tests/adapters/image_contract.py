"""The contract of every adapter of Images, and which images containers can be created from."""

from dataclasses import replace

import pytest

from domain.errors import ImageMissing
from domain.ports import ContainerSpec
from tests.adapters.image_spellings import spellings
from tests.adapters.world import IMAGE, Infrastructure


class ImageContract:
    async def test_an_image_is_known_by_each_form_of_its_reference(self, world: Infrastructure) -> None:
        for image in (IMAGE, f"docker.io/{IMAGE}"):
            assert await world.images.is_available(image)

    async def test_a_container_shows_the_content_of_its_image(self, world: Infrastructure) -> None:
        seen = await world.running(world.spec("web"))
        assert seen.image_digest is not None
        assert seen.image_digest == await world.images.digest(IMAGE)
        assert await world.images.digest("nosuch.invalid/nosuch:1") is None

    async def test_a_container_from_files_that_were_kept_shows_none(self, world: Infrastructure) -> None:
        owner = await self._kept(world)
        seen = await world.containers.inspect(owner.resource_id)
        assert seen is not None
        assert seen.image_digest is None

    async def test_what_is_nowhere_is_not_available(self, world: Infrastructure) -> None:
        assert not await world.images.is_available("nosuch.invalid/nosuch:1")

    async def test_kept_files_are_not_launched_by_any_name(self, world: Infrastructure) -> None:
        victim, attacker = await self._kept(world), world.spec("attacker")
        [(name, image_id)] = await world.accidents.kept_images(victim.resource_id)
        for image in spellings(name, image_id):
            assert not await world.images.is_available(image), image
            with pytest.raises(ImageMissing):
                await world.containers.ensure(replace(attacker, image=image))
        assert await world.containers.inspect(attacker.resource_id) is None

    async def test_a_replacement_does_not_take_the_kept_files_of_another(self, world: Infrastructure) -> None:
        victim, attacker = await self._kept(world), world.spec("attacker")
        await world.running(attacker)
        [(name, _)] = await world.accidents.kept_images(victim.resource_id)
        with pytest.raises(ImageMissing):
            await world.containers.ensure(replace(attacker, image=name, generation=2))
        seen = await world.containers.inspect(attacker.resource_id)
        assert seen is not None
        assert (seen.state, seen.generation) == ("running", 1)

    async def test_their_owner_does_not_launch_them_either(self, world: Infrastructure) -> None:
        victim = await self._kept(world)
        [(name, _)] = await world.accidents.kept_images(victim.resource_id)
        with pytest.raises(ImageMissing):
            await world.containers.ensure(replace(victim, image=name, generation=3))

    async def _kept(self, world: Infrastructure) -> ContainerSpec:
        """A running container that was replaced, so that an image preserves the files of its first generation."""
        first = world.spec("victim")
        await world.running(first)
        await world.running(replace(first, generation=2))
        return first
