"""The "Five minutes" of README.md, on an engine without our images and without a registry."""

import contextlib
import os
import re
import secrets
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

import docker
import pytest

from adapters.images import recipe
from miniaws.settings import Settings
from tests.conftest import ROOT, build_images, free_port
from tests.journeys.private_engine import PrivateEngine, forwarded, private_engine

SETUP = ("make run", "source .venv/bin/activate")
"""Commands that prepare a machine, which the tests have already done."""
PASTE = """
set -euo pipefail
while IFS= read -r line; do
    printf '\n$ %s\n' "$line" >&2
    eval "$line" </dev/null
done
"""


def five_minutes() -> list[str]:
    """Return the commands that README.md tells people to paste."""
    part = (ROOT / "README.md").read_text().partition("## Five minutes")[2].partition("\n## ")[0]
    lines = [
        line.partition("  #")[0].strip()
        for block in re.findall(r"```bash\n(.*?)```", part, re.DOTALL)
        for line in block.splitlines()
    ]
    assert lines[:2] == list(SETUP)
    return lines[2:]


@pytest.fixture
def bare_engine(engine: str) -> Generator[PrivateEngine]:
    """An engine that only has Debian, which `make test` has built from its packages on the other engine."""
    build_images(recipe.BASE)
    with private_engine(engine, recipe.BASE_TAG) as found:
        with contextlib.closing(docker.DockerClient(base_url=found.host)) as client:
            assert [image.tags for image in client.images.list()] == [[recipe.BASE_TAG]]
        yield found


@pytest.fixture
def environment(tmp_path: Path, bare_engine: PrivateEngine) -> Generator[dict[str, str]]:
    """The variables of a shell with a cloud that runs, as after `make run`."""
    pool = f"10.{100 + secrets.randbelow(96)}.0.0/16"
    variables = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "DOCKER_HOST": bare_engine.host,
        "MINIAWS_DOCKER_HOST": bare_engine.host,
        "MINIAWS_DATA_DIR": str(tmp_path / "cloud"),
        "MINIAWS_PORT": str(free_port()),
        "MINIAWS_POSTGRES_PORT": str(free_port()),
        "MINIAWS_VPC_POOL": pool,
        "MINIAWS_TRASH_HOURS": str(Settings.model_fields["trash_hours"].default),
        "BROWSER": "true %s",
    }
    with forwarded(pool):
        subprocess.run(["cloud", "up", "--detach"], env=variables, check=True)
        try:
            yield variables
        finally:
            subprocess.run(["cloud", "down", "--all", "--yes"], env=variables, check=True)


@pytest.mark.timeout(1200)
def test_the_five_minutes_can_be_pasted_on_an_engine_without_our_images(environment: dict[str, str]) -> None:
    port = str(free_port())
    lines = [line.replace("8081", port) for line in five_minutes()]
    assert Settings.model_fields["image_source"].default == "auto"
    pasted = subprocess.run(
        ["bash", "-c", PASTE],
        input="\n".join(lines) + "\n",
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert pasted.returncode == 0, pasted.stdout + pasted.stderr
    assert "building the image miniaws/postgres:local" in pasted.stderr
    assert "1000" in pasted.stdout
    assert pasted.stderr.count("\n$ ") == len(lines)
