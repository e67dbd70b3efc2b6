"""The specification of an instance, and refusals."""

from typing import Any

import pytest

from domain.errors import Invalid
from domain.instance import PortSpec, VolumeSpec
from tests.domain.pretended import spec
from tests.domain.refusals import refused

BAD: list[tuple[dict[str, Any], str, str]] = [
    ({"name": "Web"}, "name", "`Web`"),
    ({"image": ""}, "image", "`nginx:1.27`"),
    ({"type": "huge"}, "type", "must be one of nano"),
    ({"tags": {"": ""}}, "tags", "must have keys of 1 to 128 letters"),
    (
        {"restart": "sometimes"},
        "restart",
        "must be one of always, on-failure, never; not `sometimes`",
    ),
    ({"command": ["a"] * 101}, "command", "at most 100 arguments"),
    ({"command": ["a\0"]}, "command", "without NUL characters"),
    ({"environment": {f"E{n}": "" for n in range(201)}}, "env", "at most 200 variables, not 201"),
    ({"environment": {"1A": ""}}, "env", "`1A`"),
    ({"environment": {"A": "\0"}}, "env", "no NUL character in the value of `A`"),
    ({"user_data": "ä" * 8192 + "a"}, "user_data", "at most 16384 bytes, not 16385"),
    ({"user_data": "#!/bin/sh\n"}, "user_data", "let the command run the file"),
    ({"user_data": "#cloud-config\n"}, "user_data", "only written to a file"),
    ({"ports": [PortSpec(0)]}, "ports.0.port", "must be from 1 to 65535, not 0"),
    ({"ports": [PortSpec(80, 65536)]}, "ports.0.publish", "must be from 1 to 65535, not 65536"),
    ({"ports": [PortSpec(80), PortSpec(80)]}, "ports", "distinct ports: `80` is given twice"),
    ({"ports": [PortSpec(80, 81), PortSpec(81, 81)]}, "ports", "distinct host ports: `81` is given twice"),
    ({"volumes": [VolumeSpec("vol-1", "data")]}, "volumes.0.path", "`data`"),
    (
        {"volumes": [VolumeSpec("v1", "/a"), VolumeSpec("v2", "/a")]},
        "volumes",
        "distinct paths: `/a` is given twice",
    ),
    (
        {"volumes": [VolumeSpec("v1", "/a"), VolumeSpec("v1", "/b")]},
        "volumes",
        "distinct names: `v1` is given twice",
    ),
]


def test_a_full_launch_is_accepted() -> None:
    spec(
        type="large",
        restart="never",
        command=["a"] * 100,
        environment={"A": "ä\n"},
        user_data="ä" * 8192,
        ports=[PortSpec(1), PortSpec(65535, 65535)],
        volumes=[VolumeSpec("v1", "/a"), VolumeSpec("v2", "/b")],
        tags={"env": "test"},
    ).check()


@pytest.mark.parametrize(("changes", "field", "words"), BAD, ids=[words for _, _, words in BAD])
def test_what_can_never_be_right_is_refused(changes: dict[str, Any], field: str, words: str) -> None:
    with refused(Invalid, words, field=field):
        spec(**changes).check()


def test_a_value_of_the_environment_is_in_no_message() -> None:
    with refused(Invalid, "`TOKEN`", field="env") as it:
        spec(environment={"TOKEN": "canary\0"}).check()
    assert "canary" not in str(it.value)
