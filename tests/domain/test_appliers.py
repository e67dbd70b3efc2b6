"""Appliers never refuse: every stored event can be loaded, whatever the current rules."""

import ast
import inspect
import sys
import zoneinfo
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, NoReturn

import cronsim
import pytest

import domain
from domain.aggregate import Aggregate
from domain.archive import Policy
from domain.scaling_group import ScalingGroup
from domain.scaling_group.policies import Scheduled
from domain.snapshot.schedule import SnapshotPolicy
from tests.domain.groups import NOW, spec
from tests.projections.histories import History, by_chance

ROOT = Path(domain.__file__).parent
SOUND = {
    "trigger_event": "of the library: appliers do not trigger",
}
"""Functions that appliers may call although they, or others with that name, raise; with the reason."""


def functions() -> Iterator[tuple[str, ast.FunctionDef]]:
    """Yield every function of the domain with its location."""
    for path in sorted(ROOT.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                yield f"{path.relative_to(ROOT.parent)}:{node.lineno}", node


def constructors() -> dict[str, set[str]]:
    """Return the functions that the constructor of each class calls."""
    found: dict[str, set[str]] = {}
    for path in ROOT.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                inside = [each for each in node.body if isinstance(each, ast.FunctionDef)]
                called = {each.name for each in inside if each.name in {"__post_init__", "__new__"}}
                found.setdefault(node.name, set()).update(f"{node.name}.{name}" for name in called)
    return found


def is_applier(function: ast.FunctionDef) -> bool:
    """Return whether the function runs when events are loaded: ``apply`` of an event, or a constructor."""
    is_event = [each.arg for each in function.args.args] == ["self", "aggregate"]
    return function.name == "__init__" or (function.name == "apply" and is_event)


def called(function: ast.FunctionDef) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(function):
        if isinstance(node, ast.Call):
            match node.func:
                case ast.Name(id=name) | ast.Attribute(attr=name):
                    names.add(name)
                case _:
                    pass
    return names


def raises(function: ast.FunctionDef) -> bool:
    return any(isinstance(node, ast.Raise) for node in ast.walk(function))


def refusing() -> set[str]:
    """Return the names of functions that raise, or call one that does: too many rather than too few."""
    everything = [function for _, function in functions() if not is_applier(function)]
    found = {function.name for function in everything if raises(function)}
    while True:
        more = {each.name for each in everything if called(each) & (found - SOUND.keys())} - found
        if not more:
            return found - SOUND.keys()
        found |= more


def test_no_applier_raises_or_calls_what_does() -> None:
    refusals = refusing()
    appliers = [(where, each) for where, each in functions() if is_applier(each)]
    assert len(appliers) > 100
    made = constructors()
    wrong = [
        f"{where} {each.name} calls {', '.join(sorted(called(each) & refusals))}"
        for where, each in appliers
        if raises(each) or called(each) & refusals
    ]
    assert wrong == [], "an applier only assigns: check in the command"
    built = [
        f"{where} {each.name} constructs {name}"
        for where, each in appliers
        for name in called(each)
        if made.get(name)
    ]
    assert built == [], "a constructor that checks refuses old events"


def refuse(*_: Any, **__: Any) -> NoReturn:
    raise AssertionError("a check was called while events were applied")


@pytest.fixture
def nothing_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make every check of the domain fail, and every time zone and cron expression invalid."""
    names = refusing() - {"__init__"}
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] != "domain":
            continue
        for attribute, value in list(vars(module).items()):
            if attribute in names and inspect.isfunction(value) and value.__module__.startswith("domain"):
                monkeypatch.setattr(module, attribute, refuse)
            if isinstance(value, type) and value.__module__ == name:
                for method in names & {key for key, each in vars(value).items() if inspect.isfunction(each)}:
                    monkeypatch.setattr(value, method, refuse)
    monkeypatch.setattr(zoneinfo, "ZoneInfo", refuse)
    monkeypatch.setattr(cronsim, "CronSim", refuse)
    monkeypatch.setattr("domain.cron.ZoneInfo", refuse)
    monkeypatch.setattr("domain.cron.CronSim", refuse)


def scheduled() -> ScalingGroup:
    found = ScalingGroup.create(spec(), {})
    found.put_policy(
        "nightly", {"type": "scheduled", "cron": "0 22 * * *", "timezone": "Europe/Berlin", "min": 0}, NOW
    )
    found.put_policy("cpu", {"type": "target-tracking", "metric": "cpu", "target": 50.0}, NOW)
    return found


@pytest.fixture(scope="module")
def stored() -> list[list[Any]]:
    """Events of many resources, as they were made when every check passed."""
    history, events = History(by_chance(20261129)), dict[Any, list[Any]]()
    for changed in history.steps(1500):
        events.setdefault(changed.id, []).extend(changed.collect_events())
    events["group"] = list(scheduled().collect_events())
    return list(events.values())


@pytest.mark.usefixtures("nothing_passes")
def test_what_is_stored_loads_when_no_check_passes_any_more(stored: list[list[Any]]) -> None:
    assert {type(events[0]).__qualname__.partition(".")[0] for events in stored} >= {
        "Instance",
        "ScalingGroup",
        "Volume",
    }
    for events in stored:
        loaded: Aggregate | None = None
        for each in events:
            loaded = each.mutate(loaded)
        assert loaded is not None


def test_a_group_whose_time_zone_is_gone_loads_and_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    events = list(scheduled().collect_events())

    def missing(name: str) -> NoReturn:
        raise zoneinfo.ZoneInfoNotFoundError(name)

    monkeypatch.setattr("domain.cron.ZoneInfo", missing)
    loaded: Any = None
    for each in events:
        loaded = each.mutate(loaded)
    nightly = loaded.policies["nightly"]
    assert isinstance(nightly, Scheduled)
    loaded.apply_schedules(NOW + timedelta(days=30))
    assert loaded.pending_events == []
    assert nightly.next_at(NOW) is None


def test_a_policy_of_another_version_is_left_out() -> None:
    found = scheduled()
    found.trigger_event(
        ScalingGroup.PolicyChanged, policy_name="new", policy={"type": "predictive"}, changed_at=NOW
    )
    assert set(found.policies) == {"nightly", "cpu"}


@pytest.mark.parametrize("schedule", ["0 3 15W * *", "@daily", "0 0 3 * * *", "nonsense", "0 0 31 2 *"])
def test_schedules_that_cannot_be_read_any_more_are_values_all_the_same(schedule: str) -> None:
    assert SnapshotPolicy(schedule).as_json()["schedule"] == schedule
    assert Policy(schedule).as_json()["schedule"] == schedule
