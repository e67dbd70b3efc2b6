"""Plans from the command line."""

import json

from tests.cli.conftest import Command


def test_a_rewind_is_shown_applied_and_undone(cloud: Command) -> None:
    cloud("volume", "create", "data", "--tag", "env=test")
    then = json.loads(cloud("volume", "show", "data", "-o", "json").stdout)["position"]
    cloud("volume", "tag", "data", "env=live")
    planned = cloud("rewind", "--to", str(then), "--name", "data", "--plan")
    assert "~ volume data  change" in planned.stdout
    assert "1 to change" in planned.stderr
    (name,) = cloud("plan", "list", "-o", "name").stdout.split()
    assert f"cloud plan apply {name}" in planned.stderr
    assert f"{name} is applied" in cloud("plan", "apply", name, "--yes").stderr
    assert tags(cloud) == {"env": "test"}
    cloud("undo", name, "--yes")
    assert tags(cloud) == {"env": "live"}
    cloud("undo", "--yes")
    assert tags(cloud) == {"env": "test"}
    assert "nothing to do" in cloud("rewind", "--to", str(then), "--name", "data").stderr


def test_a_fork_is_created_and_deleted(cloud: Command) -> None:
    cloud("volume", "create", "data")
    created = cloud("fork", "create", "--name", "data", "--as", "debug", "--yes")
    assert "data-debug" in created.stdout
    cloud("fork", "delete", "debug", "--yes")
    assert cloud("volume", "list", "-o", "name").stdout.split() == ["data"]


def test_a_plan_is_not_applied_without_an_answer(cloud: Command) -> None:
    cloud("volume", "create", "data")
    refusal = cloud("fork", "create", "--as", "debug", exit_code=2).stderr
    assert "--yes" in refusal
    (name,) = cloud("plan", "list", "-o", "name").stdout.split()
    assert "cancelled" in cloud("plan", "cancel", name).stdout
    assert "was cancelled" in cloud("plan", "apply", name, "--yes", exit_code=1).stderr


def tags(cloud: Command) -> dict[str, str]:
    return json.loads(cloud("volume", "show", "data", "-o", "json").stdout)["tags"]
