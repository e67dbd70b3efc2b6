"""The order of tests in parallel runs, so that all processes are busy until the end.

What is slow comes first, and what is slow without an engine before what needs one: on a fresh machine the images are
still being built. How slow a test is stands in ``tests/durations.json``, written by ``scripts/durations``.
"""

import json
from collections import defaultdict
from pathlib import Path

import pytest

KNOWN: dict[str, float] = json.loads(Path(__file__).with_name("durations.json").read_text(encoding="utf-8"))
"""The seconds of each test that took a second or more."""
QUICK_S, QUICK_WITH_ENGINE_S = 0.1, 2.0
"""The assumed duration of any other test."""
SLOW_S = 5.0
RECORD = Path(__file__).parent.parent / "build" / "durations.json"
"""The seconds of every test of the last run by several processes."""


def slowest_first(items: list[pytest.Item]) -> None:
    """Sort the files of tests, for ``--dist=loadfile``; the order inside a file stays."""
    files: dict[str, list[pytest.Item]] = defaultdict(list)
    for item in items:
        files[item.nodeid.split("::")[0]].append(item)
    items[:] = [item for file in sorted(files.values(), key=_rank) for item in file]


def seconds(item: pytest.Item) -> float:
    """Return how long a test is expected to take."""
    return KNOWN.get(item.nodeid, QUICK_WITH_ENGINE_S if _needs_engine(item) else QUICK_S)


def _rank(file: list[pytest.Item]) -> tuple[int, float]:
    total = sum(seconds(item) for item in file)
    return (2 if total < SLOW_S else int(any(map(_needs_engine, file))), -total)


def _needs_engine(item: pytest.Item) -> bool:
    return "engine" in getattr(item, "fixturenames", ())


class Recorder:
    """Records the duration of each test."""

    def __init__(self) -> None:
        self._took: dict[str, float] = defaultdict(float)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if isinstance(report, pytest.SubtestReport):
            return  # its test's own report counts it
        self._took[report.nodeid] += report.duration

    def pytest_sessionfinish(self) -> None:
        RECORD.parent.mkdir(exist_ok=True)
        RECORD.write_text(json.dumps(self._took, indent=0, sort_keys=True), encoding="utf-8")
