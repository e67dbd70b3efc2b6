"""A name cannot lead a call of the engine's API to another endpoint."""

import ast
from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path
from urllib.parse import unquote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.docker.client import path
from domain.errors import Refused
from tests.adapters.world import Infrastructure, real_world

ADAPTERS = Path(__file__).resolve().parents[2] / "adapters"
PLACES = (
    *(
        "../../_ping",
        "x/../../../_ping",
        "..",
        ".",
        "",
        "a//b",
        "./a",
        "x/../../containers/json?all=1",
        "a\r\nb",
    ),
    *("..%2f_ping", "%2e%2e", "a?b", "a#b"),
)


@pytest.fixture
async def world(engine: str, cloud_name: str, tmp_path: Path) -> AsyncGenerator[Infrastructure]:
    async with real_world(engine, cloud_name, tmp_path, allow_pull=False) as world:
        yield world


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text() | st.lists(st.sampled_from(["..", ".", "a", "%2e", "?x", "#", "\\", ""])).map("/".join))
def test_a_name_is_one_segment_or_is_refused(name: str) -> None:
    try:
        found = path("/images/{}/json", name)
    except Refused:
        return
    assert found.count("/") == 3
    assert not set("?#\\ ") & set(found)
    assert unquote(found) == f"/images/{name}/json"
    assert {".", "..", ""}.isdisjoint(name.split("/"))


@pytest.mark.parametrize("name", PLACES)
async def test_no_port_follows_a_name_elsewhere(world: Infrastructure, name: str) -> None:
    """Each call finds nothing or is refused, although the engine answers ``_ping`` and ``json`` with success."""
    ports: list[Callable[[str], Awaitable[object]]] = [
        world.containers.inspect,
        world.containers.start,
        lambda name: world.containers.resize(name, 0.1, 16),
        lambda name: world.containers.execute(name, ["true"]),
        world.networks.exists,
        world.volumes.exists,
        world.images.is_available,
    ]
    for call in ports:
        for resource_id in (name, f"/{name}", f"/../{name}"):
            try:
                assert not await call(resource_id)
            except Refused:
                continue


def test_paths_are_made_at_the_border_only() -> None:
    """No other code creates a docker-py client, or puts a name into a path without encoding it.

    Except for the program that builds our images, which uses no other names.
    """
    made: list[str] = []
    for file in set(ADAPTERS.rglob("*.py")) - set((ADAPTERS / "images").rglob("*.py")):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
        made += [f"{file.name}: APIClient" for call in calls if _called(call) == "APIClient"]
        made += [
            f"{file.name}:{call.lineno}: f-string"
            for call in calls
            if _called(call) in {"call", "stream"}
            and any(isinstance(each, ast.JoinedStr) for each in call.args[1:])
        ]
    assert made == []


def _called(call: ast.Call) -> str:
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""
