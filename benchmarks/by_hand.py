"""Servers that are run by hand, as those of miniaws are compared to: on a network of their own, like ours."""

import secrets
import subprocess
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field


@contextmanager
def network(environment: dict[str, str], name: str) -> Generator[None]:
    """Create a network of this name, and remove it after the block."""
    docker(environment, "network", "create", name)
    try:
        yield
    finally:
        docker(environment, "network", "rm", "--force", name)


@dataclass(frozen=True, slots=True)
class Program:
    """What is run, with the limits that ours has; ``data_path`` is where its volume is, if it has one."""

    words: tuple[str, ...]
    """Image and arguments."""
    memory_mb: int
    data_path: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict[str, str])


@contextmanager
def server(environment: dict[str, str], network: str, program: Program) -> Generator[tuple[str, int]]:
    """Run a program in a container on a network; give its address, where it may not answer yet, and its process."""
    name = f"{network}-{secrets.token_hex(3)}"
    limits = ["--cpus", "1", "--memory", f"{program.memory_mb}m", "--memory-swap", f"{program.memory_mb}m"]
    place = ["--network", network, *(["--volume", program.data_path] if program.data_path else [])]
    variables = [word for key, value in program.variables.items() for word in ("--env", f"{key}={value}")]
    docker(environment, "run", "--detach", "--name", name, *limits, *place, *variables, *program.words)
    try:
        yield _address(environment, name), process(environment, name)
    finally:
        docker(environment, "rm", "--force", "--volumes", name)


def process(environment: dict[str, str], name: str) -> int:
    """Return the id of a container's first process."""
    return int(docker(environment, "inspect", "--format", "{{.State.Pid}}", name))


def _address(environment: dict[str, str], name: str) -> str:
    found = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
    return docker(environment, "inspect", "--format", found, name)


def docker(environment: dict[str, str], *arguments: str) -> str:
    """Run docker, and return what it prints."""
    done = subprocess.run(["docker", *arguments], env=environment, check=True, capture_output=True, text=True)
    return done.stdout.strip()
