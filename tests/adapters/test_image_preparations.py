"""Missing images: progress, one build or pull for all callers, and failures."""

import threading
from collections.abc import Generator

import pytest
from docker import APIClient

from adapters.docker.preparations import Preparations
from adapters.images import lock, recipe
from domain.errors import ImageMissing, ImagePending

NOWHERE = "nosuch.invalid/nosuch:1"


@pytest.fixture
def api(engine: str) -> Generator[APIClient]:
    opened = APIClient(engine, version="auto")
    yield opened
    opened.close()


@pytest.fixture
def preparations(engine: str) -> Generator[Preparations]:
    found = Preparations(engine)
    yield found
    found.close()


def ended(preparations: Preparations, api: APIClient, *images: str) -> str:
    """Ask until it is no longer pending."""
    asked = threading.Event()
    for _ in range(600):
        try:
            return preparations.ready(api, images)
        except ImagePending:
            asked.wait(0.1)
    raise AssertionError("it never ended")


def test_what_is_here_is_ready_at_once(api: APIClient, preparations: Preparations) -> None:
    full = "docker.io/miniaws/hello:local"
    assert preparations.ready(api, ["miniaws/hello:local"]) == full
    assert preparations.ready(api, [NOWHERE, "miniaws/hello:local"]) == full


def test_what_cannot_be_had_says_why_and_what_helps(api: APIClient, preparations: Preparations) -> None:
    with pytest.raises(
        ImageMissing, match=r"cannot find the image nosuch.invalid/nosuch:1: .* failed: .*; check its name"
    ):
        ended(preparations, api, NOWHERE)


@pytest.mark.parametrize("role", recipe.roles())
def test_every_recipe_is_found_by_the_name_of_its_image(role: str) -> None:
    assert recipe.role_of(recipe.tag(role)) == role
    assert recipe.role_of(f"{recipe.tag(role)}x") is None
    assert (recipe.RECIPES / role / "Dockerfile").is_file()


def test_a_build_is_one_at_a_time_whoever_asks(engine: str) -> None:
    waited: list[str] = []
    with lock.locked(engine, "trial", lambda: waited.append("first")):
        second = threading.Thread(target=_hold, args=(engine, waited))
        second.start()
        while not waited:
            second.join(0.01)
    second.join(10)
    assert waited == ["waits", "has it"]


def _hold(engine: str, waited: list[str]) -> None:
    with lock.locked(engine, "trial", lambda: waited.append("waits")):
        waited.append("has it")
