"""Options from the fields of request bodies."""

from typing import Any

import pytest

from miniaws.cli.bodies import Body, Option
from tests.cli.conftest import Command
from tests.conftest import free_port


def defaults(body: Body) -> dict[str, Any]:
    """Return what is given for the options of a body when no option is typed."""
    return {each.name: each.default for each in body.parameters()}


def test_an_option_shows_bounds_choices_and_default_of_its_field() -> None:
    shown = Command({"COLUMNS": "300", "TERM": "dumb"})("cache", "create", "--help").stdout
    lines = {line.split()[1]: line for line in shown.splitlines() if line.startswith("│ --")}
    assert "MIB [1<=x<=1048576]" in lines["--memory"]
    assert "[default: 64]" in lines["--memory"]
    assert "<none|aof|snapshots>" in lines["--persistence"]
    assert "Repeat for more." in lines["--parameter"]


@pytest.mark.parametrize(
    ("option", "value", "reason"),
    [
        ("--cpus", "0.01", "greater than or equal to 0.1"),
        ("--publish", "70000", "less than or equal to 65535"),
        ("--memory", "0", "greater than or equal to 1"),
        ("--memory", "much", "valid integer"),
        ("--persistence", "often", "not one of 'none', 'aof'"),
        ("--parameter", "nonsense", "must be KEY=VALUE"),
    ],
)
def test_a_value_that_its_field_does_not_take_is_wrong_usage(option: str, value: str, reason: str) -> None:
    result = Command({"COLUMNS": "300"})("cache", "create", "sessions", option, value, exit_code=2)
    assert reason in result.stderr
    assert option in result.stderr


def test_a_field_that_is_not_given_is_left_out() -> None:
    body = Body("ChangeCache", without=("tags",))
    given = defaults(body)
    assert body.value(dict(given)) == {}
    assert body.value({**given, "field_cpus": 2.0, "field_parameters": ["a=b"]}) == {
        "cpus": 2.0,
        "parameters": {"a": "b"},
    }


def test_fields_of_an_object_are_options_of_their_own() -> None:
    body = Body("CreateDatabase")
    given = {**defaults(body), "field_name": "orders", "field_backup_retention_days": 3}
    assert body.value(given)["backup"]["retention_days"] == 3


def test_a_required_field_comes_first() -> None:
    names = [each.name for each in Body("CreateQueue").parameters()]
    assert set(names[:2]) == {"field_name", "field_engine"}


def test_an_option_for_a_field_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(ValueError, match="no field colour"):
        Body("CreateVpc", {"colour": Option()})


def test_a_list_of_objects_needs_a_parser() -> None:
    with pytest.raises(ValueError, match="ports is an object: say how it is parsed"):
        Body("LaunchInstance")


@pytest.mark.parametrize(
    "words",
    [
        ("volume", "schedule", "data"),
        ("asg", "policy", "schedule", "web", "nights"),
        ("db", "policy", "orders"),
        ("db", "create", "orders"),
    ],
)
@pytest.mark.parametrize("option", ["--cron", "--schedule"])
def test_every_command_takes_a_cron_expression_by_either_name(words: tuple[str, ...], option: str) -> None:
    command = Command({"MINIAWS_URL": f"http://127.0.0.1:{free_port()}", "MINIAWS_API_KEY": "miniaws_key"})
    assert "cannot reach the cloud" in command(*words, option, "0 3 * * *", exit_code=5).stderr
