"""Instances from the command line."""

import json
import threading
from pathlib import Path

import pytest
import yaml

from domain.errors import Refused
from tests.cli.conftest import CloudServer, Command

LAUNCH = ("instance", "launch", "--image", "miniaws/hello:local")


def shown(cloud: Command, name: str) -> dict[str, object]:
    return json.loads(cloud("instance", "show", name, "-o", "json").stdout)


def test_a_launch_waits_until_it_runs(cloud: Command) -> None:
    result = cloud(*LAUNCH, "web-1", "--publish", "18081:8080", "--port", "9000", "--tag", "env=test")
    header, row = result.stdout.splitlines()
    assert header.split() == ["NAME", "STATUS", "TYPE", "IMAGE", "ADDRESS", "PORTS", "AGE", "ID"]
    assert row.split()[:4] == ["web-1", "running", "micro", "miniaws/hello:local"]
    assert "9000, 18081->8080" in row
    assert result.stderr == "web-1 is running\n"


def test_every_wish_reaches_the_cloud(cloud: Command, tmp_path: Path) -> None:
    file = tmp_path / "app.env"
    file.write_text("# a comment\n\nFROM_FILE=a b = c\nOVERRIDDEN=file\n")
    cloud("volume", "create", "data")
    variables = ("--env", "PLAIN=1", "-e", "TAKEN", "-e", "OVERRIDDEN=option", "--env-file", str(file))
    more = (
        "--volume",
        "data:/data",
        "--type",
        "nano",
        "--restart",
        "never",
        "--no-init",
        "--cap-add",
        "net_raw",
    )
    more = (*more, "--cap-add", "CAP_MKNOD", "--stop-grace", "0", "--stop-signal", "quit")
    arguments = ("--name", "web-1", *variables, *more, "--", "/hello", "--verbose", "-x", "--", "y")
    cloud(*LAUNCH, *arguments, TAKEN="from the shell")
    spec = shown(cloud, "web-1")["spec"]
    assert isinstance(spec, dict)
    assert spec["command"] == ["/hello", "--verbose", "-x", "--", "y"]
    assert spec["env"] == ["FROM_FILE", "OVERRIDDEN", "PLAIN", "TAKEN"]
    assert spec["volumes"][0]["path"] == "/data"
    assert (spec["type"], spec["restart"], spec["init"]) == ("nano", "never", False)
    assert spec["capabilities"] == ["NET_RAW", "MKNOD"]
    assert (spec["stop_grace_s"], spec["stop_signal"]) == (0, "SIGQUIT")


def test_variables_have_the_values_they_were_given(
    cloud: Command, cloud_server: CloudServer, tmp_path: Path
) -> None:
    file = tmp_path / "app.env"
    file.write_text("FROM_FILE=a b = c\n")
    variables = ("-e", "TAKEN", "-e", "EMPTY=", "--env-file", str(file))
    cloud(*LAUNCH, "web-1", *variables, "--user-data", f"@{file}", TAKEN="from the shell")
    (container,) = cloud_server.engine.containers.values()
    assert container.files["/var/lib/cloud/instance/user-data.txt"] == b"FROM_FILE=a b = c\n"
    spec = shown(cloud, "web-1")["spec"]
    assert isinstance(spec, dict)
    assert spec["user_data"] is True
    assert container.spec.environment == {"TAKEN": "from the shell", "EMPTY": "", "FROM_FILE": "a b = c"}


def test_the_whole_life(cloud: Command) -> None:
    cloud(*LAUNCH, "web-1")
    for verb, status in (("stop", "stopped"), ("start", "running"), ("reboot", "running")):
        result = cloud("instance", verb, "web-1", "-o", "json")
        assert json.loads(result.stdout)[0]["status"] == status
        assert result.stderr == f"web-1 is {status}\n"
    cloud("instance", "resize", "web-1", "--type", "small")
    assert cloud("instance", "terminate", "web-1", "--yes").stderr == "web-1 is terminated\n"
    assert cloud("instance", "list", "-o", "name").stdout == ""
    assert cloud("instance", "list", "--all", "-o", "name").stdout == "web-1\n"


def test_a_launch_that_fails_says_why(cloud: Command, cloud_server: CloudServer) -> None:
    cloud_server.accident("fail", "containers.start", Refused("cannot start: no space left"), None)
    result = cloud(*LAUNCH, "web-1", exit_code=1)
    assert "web-1 is error: cannot start: no space left; see `cloud instance show web-1`" in result.stderr
    assert "error" in result.stdout


def test_a_wait_that_times_out_has_an_exit_code_of_its_own(cloud: Command, cloud_server: CloudServer) -> None:
    cloud_server.accident("hold", "containers.start")
    result = cloud(*LAUNCH, "web-1", "--timeout", "1", exit_code=124)
    assert "web-1 is still pending after 1 s" in result.stderr


def test_nobody_has_to_wait(cloud: Command) -> None:
    result = cloud(*LAUNCH, "web-1", "--no-wait", "-o", "json")
    assert json.loads(result.stdout)[0]["status"] == "pending"
    assert result.stderr == ""


def test_an_unknown_image_is_refused_with_its_field(cloud: Command) -> None:
    result = cloud("instance", "launch", "web-1", "--image", "nosuch:1", exit_code=1)
    error, field, request = result.stderr.splitlines()
    assert error.startswith("error: cannot run `nosuch:1`: no such image")
    assert field == "  field: image"
    assert request.startswith("  request id: ")
    assert result.stdout == ""


def test_what_is_not_there_has_an_exit_code_of_its_own(cloud: Command) -> None:
    for arguments in (("show", "web-9"), ("stop", "web-9"), ("logs", "web-9"), ("history", "i-nonsense")):
        result = cloud("instance", *arguments, exit_code=4)
        assert "cannot find instance" in result.stderr
        assert result.stdout == ""


def test_a_list_is_narrowed(cloud: Command) -> None:
    for name, env in (("web-1", "test"), ("web-2", "test"), ("web-3", "live")):
        cloud(*LAUNCH, name, "--tag", f"env={env}")
    cloud("instance", "stop", "web-2")

    def names(*filters: str) -> list[str]:
        return cloud("instance", "list", "-o", "name", *filters).stdout.split()

    assert names() == ["web-1", "web-2", "web-3"]
    assert names("--tag", "env=test") == ["web-1", "web-2"]
    assert names("--tag", "env=test", "--status", "running") == ["web-1"]
    assert names("--name", "web-3") == ["web-3"]
    assert names("--limit", "2") == ["web-1", "web-2"]


def test_show_is_for_people_unless_asked_otherwise(cloud: Command) -> None:
    cloud(*LAUNCH, "web-1", "--tag", "env=test", "-p", "18081:8080")
    lines = cloud("instance", "show", "web-1").stdout.splitlines()
    rows = {label.strip(): value.strip() for label, _, value in (line.partition("  ") for line in lines)}
    assert rows["status"] == "running"
    assert rows["ports"] == "18081->8080"
    assert rows["vpc"].startswith("default (vpc-")
    assert rows["tags"] == "env=test"
    document = shown(cloud, "web-1")
    assert yaml.safe_load(cloud("instance", "show", "web-1", "-o", "yaml").stdout) == document
    assert cloud("instance", "show", "web-1", "-o", "name").stdout == "web-1\n"


def test_the_past_can_be_shown(cloud: Command) -> None:
    first = json.loads(cloud(*LAUNCH, "web-1", "-o", "json").stdout)[0]
    cloud("instance", "terminate", "web-1", "--yes")
    then = str(first["position"])
    assert cloud("instance", "list", "--as-of", then, "-o", "name").stdout == "web-1\n"
    shown_then = cloud("instance", "show", "web-1", "--as-of", first["updated_at"], "-o", "json").stdout
    assert json.loads(shown_then)["status"] == "running"
    assert cloud("instance", "list", "--as-of", "1 hour ago", "-o", "name").stdout == ""
    result = cloud("instance", "list", "--as-of", "soon", exit_code=2)
    assert "must be a moment such as" in result.stderr
    assert (
        "must be in the past" in cloud("instance", "list", "--as-of", "2099-01-01 00:00", exit_code=1).stderr
    )


def test_the_history_tells_what_changed(cloud: Command) -> None:
    cloud(*LAUNCH, "web-1", "--tag", "env=test")
    cloud("instance", "resize", "web-1", "--type", "small")
    cloud("instance", "tag", "web-1", "env=live", "team=a")
    lines = cloud("instance", "history", "web-1").stdout.splitlines()
    assert lines[0].split() == ["POSITION", "TIME", "STATUS", "WHO", "WHAT", "CHANGES"]
    assert "pending" in lines[1]
    assert "key admin (127.0.0.1)" in lines[1]
    assert "launch requested" in lines[1]
    assert "address: - → 10." in lines[2]
    assert any("running" in line and "started" in line for line in lines)
    assert any("type: micro → small" in line for line in lines)
    assert any("tags.env: test → live; tags.team: - → a" in line for line in lines)
    versions = json.loads(cloud("instance", "history", "web-1", "-o", "json").stdout)
    assert [version["version"] for version in versions] == list(range(1, len(lines)))
    until = str(versions[1]["position"])
    assert len(cloud("instance", "history", "web-1", "--as-of", until, "-o", "name").stdout.split()) == 2


def test_tags_are_set_and_taken_away(cloud: Command) -> None:
    cloud(*LAUNCH, "web-1", "--tag", "env=test", "--tag", "owner=ann")
    document = json.loads(
        cloud("instance", "tag", "web-1", "env-", "team=a", "note=x=y", "-o", "json").stdout
    )
    assert document["tags"] == {"owner": "ann", "team": "a", "note": "x=y"}
    assert "KEY=VALUE" in cloud("instance", "tag", "web-1", "nonsense", exit_code=2).stderr


def test_two_who_tag_at_once_lose_nothing(cloud: Command) -> None:
    cloud(*LAUNCH, "web-1")
    # Each command runs in a process of its own: one process has one standard output.
    running = [cloud.start("instance", "tag", "web-1", f"key-{number}=x") for number in range(4)]
    for process in running:
        _, stderr = process.communicate(timeout=60)
        assert process.returncode == 0, stderr
    assert shown(cloud, "web-1")["tags"] == {f"key-{number}": "x" for number in range(4)}


def test_a_program_inside_has_its_streams_and_its_exit_code(cloud: Command) -> None:
    cloud(*LAUNCH, "web-1")
    result = cloud("instance", "exec", "web-1", "--", "echo", "-n", "hello")
    assert (result.stdout, result.stderr) == ("-n hello\n", "")
    result = cloud("instance", "exec", "web-1", "--", "nosuch", exit_code=127)
    assert (result.stdout, result.stderr) == ("", "nosuch: not found\n")
    assert "add `-- PROGRAM" in cloud("instance", "exec", "web-1", exit_code=2).stderr


def test_logs_are_shown(cloud: Command, cloud_server: CloudServer) -> None:
    cloud(*LAUNCH, "web-1")
    (resource_id,) = cloud_server.engine.containers
    for text in ("one", "two", "three"):
        cloud_server.accident("say", resource_id, text)
    assert cloud("instance", "logs", "web-1").stdout == "one\ntwo\nthree\n"
    assert cloud("instance", "logs", "web-1", "--tail", "1").stdout == "three\n"
    stamped = cloud("instance", "logs", "web-1", "-n", "1", "--timestamps").stdout
    assert stamped.startswith("2026-01-01T")


@pytest.mark.timeout(60)
def test_logs_are_followed_until_the_end(cloud: Command, cloud_server: CloudServer) -> None:
    cloud(*LAUNCH, "web-1", "--restart", "never")
    (resource_id,) = cloud_server.engine.containers
    cloud_server.accident("say", resource_id, "before")
    process = cloud.start("instance", "logs", "web-1", "--follow")
    assert process.stdout is not None
    assert process.stdout.readline() == "before\n"
    cloud_server.accident("say", resource_id, "after")
    assert process.stdout.readline() == "after\n"
    ending = threading.Timer(0, cloud_server.accident, ("crash", resource_id, 0))
    ending.start()
    assert process.communicate(timeout=30) == ("", "")
    assert process.returncode == 0
    ending.join()


def test_the_types_are_listed(cloud: Command) -> None:
    assert "micro" in cloud("instance", "types", "-o", "name").stdout.split()
    assert cloud("instance", "types").stdout.splitlines()[0].split()[:2] == ["NAME", "CPUS"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("a", "--name", "b"),
        (),
        ("a", "--publish", "x:80"),
        ("a", "--publish", "80:"),
        ("a", "--publish", "81:80", "--publish", "82:80"),
        ("a", "--volume", "data"),
        ("a", "--tag", "x"),
        ("a", "--env", "MISSING_IN_THIS_SHELL"),
        ("a", "--env-file", "/nonexistent"),
        ("a", "--restart", "sometimes"),
    ],
)
def test_wrong_usage_is_told_before_anything_is_asked(arguments: tuple[str, ...]) -> None:
    Command({"MINIAWS_URL": "http://127.0.0.1:1", "MINIAWS_API_KEY": "x"})(*LAUNCH, *arguments, exit_code=2)
