"""Servers that are run by hand, as those of miniaws are compared to: on a network of their own, like ours."""

import subprocess
from collections.abc import Generator
from contextlib import contextmanager


@contextmanager
def network(environment: dict[str, str], name: str) -> Generator[None]:
    """Have a network of this name until the block ends."""
    docker(environment, "network", "create", name)
    try:
        yield
    finally:
        docker(environment, "network", "rm", "--force", name)


def address(environment: dict[str, str], name: str) -> str:
    """Return where a container listens."""
    found = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
    return docker(environment, "inspect", "--format", found, name)


def remove(environment: dict[str, str], name: str) -> None:
    """Remove a container with its volumes."""
    docker(environment, "rm", "--force", "--volumes", name)


def docker(environment: dict[str, str], *arguments: str) -> str:
    """Run docker, and return what it prints."""
    done = subprocess.run(["docker", *arguments], env=environment, check=True, capture_output=True, text=True)
    return done.stdout.strip()
