"""Images are built at first use on an empty engine: once for all callers, and again after a kill."""

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Generator
from pathlib import Path

import docker
import pytest
from docker import APIClient

from adapters.docker.preparations import Preparations
from adapters.images import recipe
from domain.errors import ImageMissing, ImagePending
from tests.journeys.private_engine import PrivateEngine, private_engine
from tests.journeys.running_cloud import running_cloud, wait_until

HELLO = recipe.tag("hello")


@pytest.fixture
def bare_engine() -> Generator[PrivateEngine]:
    """An engine without any image."""
    with private_engine(None) as found:
        yield found


@pytest.fixture
def api(bare_engine: PrivateEngine) -> Generator[APIClient]:
    with contextlib.closing(APIClient(bare_engine.host, version="auto")) as opened:
        yield opened


@pytest.fixture
def preparations(bare_engine: PrivateEngine) -> Generator[Preparations]:
    with contextlib.closing(Preparations(bare_engine.host)) as found:
        yield found


def builders() -> list[int]:
    """Return the processes below this one that build images."""
    found: list[int] = []
    for listed in Path("/proc/self/task").glob("*/children"):
        for child in listed.read_text().split():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                if b"adapters.images" in Path(f"/proc/{child}/cmdline").read_bytes():
                    found.append(int(child))
    return found


def is_ready(preparations: Preparations, api: APIClient, told: list[str]) -> bool:
    """Request the image once; record the progress."""
    try:
        preparations.ready(api, [HELLO])
    except (ImagePending, ImageMissing) as error:
        told.append(str(error))
        return False
    return True


def test_a_build_that_is_killed_is_a_failure_that_is_repeated(
    api: APIClient, preparations: Preparations
) -> None:
    told: list[str] = []
    asking = threading.Thread(target=is_ready, args=(preparations, api, told))
    asking.start()
    wait_until(lambda: bool(builders()), "it is being built", 10)
    for process in builders():
        os.kill(process, signal.SIGKILL)
    asking.join()
    wait_until(lambda: is_ready(preparations, api, told), "it is built after all", 60)
    assert any("cannot build miniaws/hello:local: the build was ended" in each for each in told), told


def test_those_who_ask_at_once_share_one_build(
    bare_engine: PrivateEngine, api: APIClient, preparations: Preparations
) -> None:
    told: list[str] = []
    # As `make run` does in the background, or a person by hand.
    with subprocess.Popen(
        recipe.command("--engine", bare_engine.host, "hello"), stderr=subprocess.PIPE, text=True
    ) as other:
        wait_until(lambda: is_ready(preparations, api, told), "it is built", 60)
        said = other.communicate(timeout=60)[1]
    assert other.returncode == 0, said
    assert not any("cannot" in each for each in told), told
    events = api.events(
        since=0, until=int(time.time()) + 1, decode=True, filters={"type": "image", "event": "tag"}
    )
    assert [each["Actor"]["Attributes"]["name"] for each in events] == [HELLO]


def test_an_instance_of_an_image_that_is_not_built_yet_is_pending_and_then_runs(
    tmp_path: Path, database_url: str, bare_engine: PrivateEngine
) -> None:
    with running_cloud(tmp_path, database_url, "mawtest-images", bare_engine.host) as cloud:
        launched = cloud.http.post("/api/instances", json={"name": "web-1", "image": HELLO, "type": "nano"})
        assert launched.json()["status"] == "pending"
        wait_until(lambda: cloud.instance("web-1")["status"] == "running", "it runs", 120)
        assert cloud.instance("web-1")["status_reason"] is None
        assert "failed" not in cloud.types(launched.json()["id"])
        with contextlib.closing(docker.DockerClient(base_url=bare_engine.host)) as client:
            assert client.images.get(HELLO).labels[recipe.LABEL] == recipe.digest("hello")
        cloud.delete("/api/instances/web-1")
