"""The imports of a CLI call; its duration would depend on the load of the machine."""

import json
import subprocess
import sys

import pytest

from tests.cli.conftest import CloudServer, Command
from tests.conftest import ROOT

PROGRAM = """
import json, sys
from miniaws.cli import app
try:
    app(json.loads(sys.argv[1]))
except SystemExit as end:
    print(json.dumps([end.code, sorted(sys.modules)]), file=sys.stderr)
"""
SERVER = {
    "adapters",
    "docker",
    "eventsourcing",
    "fastapi",
    "orjson",
    "projections",
    "psycopg",
    "pydantic_settings",
    "starlette",
    "structlog",
    "uvicorn",
    "yaml",
}
OURS = {
    "domain",
    "domain.moments",
    "domain.status",
    "miniaws",
    "miniaws.environment",
}


def imported(command: Command, *arguments: str) -> set[str]:
    """Run a command that succeeds in a process of its own, and return the modules it has imported."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, json.dumps(arguments)],
        cwd=ROOT,
        env=command.environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    code, modules = json.loads(done.stderr.splitlines()[-1])
    assert code == 0, done.stderr
    return set(modules)


def foreign(modules: set[str]) -> set[str]:
    """Return those of the control plane and its libraries."""
    ours = {name for name in modules if name.split(".")[0] in {"domain", "miniaws"}}
    return {name for name in modules if name.split(".")[0] in SERVER} | {
        name for name in ours - OURS if not name.startswith("miniaws.cli")
    }


@pytest.mark.parametrize("arguments", [[], ["instance"], ["instance", "launch"], ["db", "create"], ["lb"]])
def test_help_imports_neither_the_server_nor_http(arguments: list[str]) -> None:
    modules = imported(Command({}), *arguments, "--help")
    assert foreign(modules) == set()
    assert "httpx" not in modules


@pytest.mark.parametrize(
    "arguments",
    [
        ["instance", "list"],
        ["vpc", "show", "default"],
        ["vpc", "tag", "default", "a=b"],
        ["timeline"],
        ["events"],
        ["usage"],
        ["why", "default"],
        ["dashboard", "open", "--no-browser"],
        ["db", "list", "-o", "json"],
        ["asg", "list"],
        ["top", "--once"],
    ],
)
def test_a_call_imports_nothing_of_the_server(
    cloud: Command, cloud_server: CloudServer, arguments: list[str]
) -> None:
    assert cloud_server.settings.url
    assert foreign(imported(cloud, *arguments)) == set()


def test_the_same_look_finds_the_weight_of_a_command_that_carries_it(cloud: Command) -> None:
    assert {"adapters", "pydantic_settings", "docker"} <= foreign(imported(cloud, "up", "--help"))
