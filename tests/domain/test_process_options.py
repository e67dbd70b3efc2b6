"""Process options of instances, and instances launched before they existed."""

import json
from pathlib import Path
from typing import Any

import pytest

from domain.aggregate import upcast
from domain.errors import Invalid
from domain.instance import ProcessOptions
from domain.ports import OPTIONAL_CAPABILITIES
from tests.domain.pretended import instance, spec
from tests.domain.refusals import refused

SAMPLES = Path(__file__).resolve().parents[1] / "architecture" / "samples"
OLD = {"init": False, "capabilities": list(OPTIONAL_CAPABILITIES), "stop_grace_s": 10, "stop_signal": None}


@pytest.mark.parametrize(
    ("options", "field", "words"),
    [
        ({"capabilities": ["SYS_ADMIN"]}, "capabilities", "must be one of AUDIT_WRITE"),
        ({"capabilities": ["ALL"]}, "capabilities", "`ALL`"),
        ({"capabilities": ["CAP_NET_RAW"]}, "capabilities", "`CAP_NET_RAW`"),
        ({"capabilities": ["MKNOD", "MKNOD"]}, "capabilities", "`MKNOD` is given twice"),
        ({"stop_grace_s": -1}, "stop_grace_s", "from 0 to 600"),
        ({"stop_grace_s": 601}, "stop_grace_s", "from 0 to 600"),
        ({"stop_signal": "SIGSTOP"}, "stop_signal", "must be one of SIGHUP"),
        ({"stop_signal": "15"}, "stop_signal", "`15`"),
    ],
)
def test_what_can_never_be_right_is_refused(options: dict[str, Any], field: str, words: str) -> None:
    with refused(Invalid, words, field=field):
        spec(process=ProcessOptions(**options)).check()


def test_options_at_their_bounds_are_accepted() -> None:
    for grace in (0, 600):
        chosen = ProcessOptions(
            init=False, capabilities=["NET_RAW"], stop_grace_s=grace, stop_signal="SIGQUIT"
        )
        assert instance(process=chosen).process == chosen


def test_a_program_runs_under_init_with_few_capabilities_unless_told_otherwise() -> None:
    assert instance().process.as_json() == {
        "init": True,
        "capabilities": [],
        "stop_grace_s": 10,
        "stop_signal": None,
    }


@pytest.mark.parametrize("version", [1, 2])
def test_an_instance_of_before_keeps_what_its_container_has(version: int) -> None:
    stored = json.loads((SAMPLES / f"instance.launch_requested.v{version}.json").read_text())
    found = upcast("instance.launch_requested", {**stored, "class_version": version})
    assert {name: found[name] for name in OLD} == OLD


@pytest.mark.parametrize("event", ["create_requested", "template_changed", "refresh_failed"])
def test_a_template_of_before_launches_as_before(event: str) -> None:
    stored = json.loads((SAMPLES / f"scaling_group.{event}.v1.json").read_text())
    found = upcast(f"scaling_group.{event}", stored)["template"]
    assert {name: found[name] for name in OLD} == OLD
