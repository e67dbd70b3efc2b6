"""Builds an image from its recipe, unless it exists."""

import shlex
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from docker import APIClient
from docker.errors import APIError, ImageNotFound

from adapters.images import packages
from adapters.images.lock import locked
from adapters.images.recipe import BASE, LABEL, RECIPES, command, digest, stands_on_base, tag
from domain.errors import Refused

Say = Callable[[str], None]
_TAIL = 40
"""Number of lines of a failed build that are shown."""


def ensure(api: APIClient, docker_host: str, role: str, say: Say) -> None:
    """Build the image of a role unless it is current; ``say`` gets each step. Raises Refused with the remedy."""
    if is_current(api, role):
        return
    if stands_on_base(role):
        ensure(api, docker_host, BASE, say)
    with locked(
        docker_host, tag(role), lambda: say(f"waiting until {tag(role)} is built by another process")
    ):
        if not is_current(api, role):
            _build(api, role, say)


def is_current(api: APIClient, role: str) -> bool:
    """Return whether the image exists and was built from this recipe."""
    try:
        found: dict[str, Any] = api.inspect_image(tag(role))
    except ImageNotFound:
        return False
    return (found["Config"].get("Labels") or {}).get(LABEL) == digest(role)


def _build(api: APIClient, role: str, say: Say) -> None:
    say(f"building {tag(role)}")
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="miniaws-image-") as place:
        context = Path(place)
        shutil.copytree(RECIPES / role, context, dirs_exist_ok=True)
        try:
            _prepare(role, context, say)
            _send(api, role, place, say)
        except Refused as error:
            raise Refused(f"cannot build {tag(role)}: {error}") from None
        except APIError as error:
            raise Refused(f"cannot build {tag(role)}: {error.explanation}") from None
    # The replaced image would otherwise remain, without a name.
    api.prune_images(filters={"dangling": True, "label": LABEL})
    say(f"built {tag(role)} in {time.monotonic() - started:.1f} s")


def _prepare(role: str, context: Path, say: Say) -> None:
    """Call the recipe's ``prepare``, with the packages it needs."""
    script = context / "prepare"
    if not script.exists():
        return
    remedy = f"sudo {shlex.join(command(role))}"
    needed = (context / "packages").read_text().split() if (context / "packages").exists() else []
    if needed and (lacking := packages.missing(needed)):
        say(f"installing {' '.join(lacking)}")
        packages.install(lacking, remedy)
    say(f"preparing the files of {tag(role)}")
    script.chmod(0o755)
    done = subprocess.run(  # noqa: S603 - a script of ours
        [script, context], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode:
        said = done.stderr.strip().splitlines() or ["no reason given"]
        raise Refused(f"{said[-1].removeprefix('error: ')}; try `{remedy}`")


def _send(api: APIClient, role: str, place: str, say: Say) -> None:
    """Build the image on the engine, and report each step."""
    said: list[str] = []
    labels = {LABEL: digest(role)}
    build = api.build(
        path=place,
        tag=tag(role),
        rm=True,
        forcerm=True,
        labels=labels,
        decode=True,
        # Packages come from the repositories of this machine, which the engine's bridge may not reach.
        network_mode="host",
    )
    for each in build:
        line = str(each.get("stream") or each.get("error") or "").strip()
        if line.startswith("Step "):
            say(f"{line.partition(' : ')[0].lower().replace('/', ' of ')} of {tag(role)}")
        said += [line] if line else []
        if each.get("error"):
            raise Refused("\n".join([*said[-_TAIL:], f"the build stopped: {each['error']}"]))
