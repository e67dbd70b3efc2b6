"""Builds images from recipes on an engine: ``python -m adapters.images [--engine URL] ROLE...``.

Every step is a line on stderr; the last line of a failure starts with ``error:`` and contains the remedy. Safe to
repeat, to kill, and to run several times in parallel.
"""

import argparse
import os
import signal
import sys

from docker import APIClient
from docker.errors import DockerException

from adapters.images.build import ensure
from adapters.images.recipe import roles
from domain.errors import Refused

_TIMEOUT_S = 600


def main() -> int:
    """Build the images that the arguments name, base images first; return the exit code."""
    arguments = argparse.ArgumentParser(prog="images", description="Builds local images.")
    arguments.add_argument("--engine", default=_engine(), help="where the Docker engine answers")
    arguments.add_argument(
        "role", nargs="+", choices=["all", *roles()], metavar="ROLE", help=f"all, {', '.join(roles())}"
    )
    given = arguments.parse_args()
    # A build that is terminated removes its temporary files.
    signal.signal(signal.SIGTERM, _end)
    try:
        api = APIClient(given.engine, version="auto", timeout=_TIMEOUT_S)
        for role in roles() if "all" in given.role else given.role:
            ensure(api, given.engine, role, _say)
    except Refused as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    except DockerException:
        sys.stderr.write(f"error: cannot reach the Docker engine at {given.engine}: run `scripts/engine`\n")
        return 1
    return 0


def _end(signal_number: int, frame: object) -> None:
    del frame
    sys.exit(128 + signal_number)


def _say(step: str) -> None:
    sys.stderr.write(f"  {step}\n")
    sys.stderr.flush()


def _engine() -> str:
    # A separate program, which starts without settings.
    return os.environ.get("MINIAWS_DOCKER_HOST", "unix:///var/run/docker.sock")  # noqa: TID251


if __name__ == "__main__":
    sys.exit(main())
