"""Names and fields of events are frozen, because stored events must stay readable."""

import importlib
import json
import pkgutil
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import domain
from domain.aggregate import Aggregate, snake_case, upcast

ROOT = Path(__file__).resolve().parents[2]
FROZEN: dict[str, dict[str, Any]] = json.loads((ROOT / "docs" / "events.json").read_text())
SAMPLES = ROOT / "tests" / "architecture" / "samples"
WHAT_TO_DO = "see `Change an event` in CONTRIBUTING.md"

SECRET = re.compile(r"password|secret|token|credential|authorization|api_?key|hash|private|value")
ALLOWED = {
    "access_key.issued.hash": "the SHA-256 of 256 random bits opens nothing, and revocation needs to find it",
    "access_key.secret_replaced.hash": "as above",
}

for module in pkgutil.walk_packages(domain.__path__, "domain."):
    importlib.import_module(module.name)  # which registers its events


def test_the_pages_that_follow_from_the_code_are_up_to_date() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / "reference", "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_every_event_is_frozen_and_every_frozen_event_is_known() -> None:
    assert set(Aggregate.events) == set(FROZEN), f"names of events have changed: {WHAT_TO_DO}"


def test_a_name_is_a_kind_and_what_happened() -> None:
    for name, event in Aggregate.events.items():
        kind, _, happened = name.partition(".")
        assert kind in Aggregate.kinds, name
        assert happened == snake_case(event.__name__), name
        assert re.search(r"ed$|became_|_run$|_sent$|found$|taken$", happened), (
            f"{name} is not in past tense: {WHAT_TO_DO}"
        )


def test_no_field_is_named_like_a_secret() -> None:
    found = {
        f"{name}.{field}"
        for name, event in FROZEN.items()
        for field in event["fields"]
        if SECRET.search(field)
    }
    assert found == set(ALLOWED), "an event keeps no secret: seal it, and let the event refer to it by id"


def test_every_older_version_has_a_sample_that_upcasts_to_the_newest_fields() -> None:
    for name, event in FROZEN.items():
        for version in range(1, event["version"]):
            sample = SAMPLES / f"{name}.v{version}.json"
            assert sample.exists(), f"store a payload of {name} as it was in {sample}: {WHAT_TO_DO}"
            payload = upcast(name, json.loads(sample.read_text()))
            assert set(payload) - {"timestamp"} == set(event["fields"]), f"{name} v{version}: {WHAT_TO_DO}"
