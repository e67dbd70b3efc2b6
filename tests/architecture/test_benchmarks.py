"""A benchmark that fails is named at the end, and the others still run."""

import sys

import pytest

from benchmarks import __main__ as benchmarks
from tests.architecture.test_scripts import ROOT


def broken() -> None:
    raise FileNotFoundError("cannot find wrk")


def refused() -> None:
    sys.exit("cannot measure here")


def test_the_others_are_measured_and_the_exit_code_tells(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    measured: list[str] = []
    some = {"broken": broken, "refused": refused, "sound": lambda: measured.append("sound")}
    monkeypatch.setattr(benchmarks, "ALL", some)
    monkeypatch.setattr(sys, "argv", ["benchmarks"])
    assert benchmarks.main() == 1
    assert measured == ["sound"]
    said = capsys.readouterr()
    assert "2 of 3 failed: broken, refused" in said.err
    assert "cannot find wrk" in said.err
    monkeypatch.setattr(sys, "argv", ["benchmarks", "sound"])
    assert benchmarks.main() == 0


def test_every_benchmark_is_run_by_name() -> None:
    files = {path.stem for path in (ROOT / "benchmarks").glob("*.py") if "\ndef run(" in path.read_text()}
    assert set(benchmarks.ALL) == files
