"""What all commands share: help, completion, prompts, colours and errors."""

import socket
from pathlib import Path

import pytest

from tests.cli.conftest import CloudServer, Command
from tests.conftest import free_port

KEY = "miniaws_not-a-real-key"


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("instance",),
        ("instance", "launch"),
        ("vpc", "create"),
        ("volume", "attach"),
        ("key", "issue"),
        ("resource", "list"),
        ("up",),
        ("down",),
        ("status",),
        ("doctor",),
    ],
)
def test_everything_has_help(arguments: tuple[str, ...]) -> None:
    assert "Usage: " in Command({})(*arguments, "--help").stdout


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (("instnace",), "Did you mean 'instance'"),
        (("instances", "list"), "Did you mean 'instance'"),
        (("databases",), "Did you mean 'db'"),
        (("load-balancers", "list"), "Did you mean 'lb'"),
        (("list", "instances"), "Did you mean 'instance list'"),
        (("instance", "lst"), "Did you mean 'list'"),
        (("instance", "delete", "web-1"), "Did you mean 'terminate'"),
        (("asg", "change"), "Did you mean 'update'"),
        (("instance", "list", "--statu", "x"), "--status"),
    ],
)
def test_a_slip_is_corrected(typed: tuple[str, ...], meant: str) -> None:
    assert meant in Command({"COLUMNS": "200"})(*typed, exit_code=2).stderr


@pytest.mark.parametrize(
    "typed",
    ["asg update web", "lb change shop", "cache change c", "queue change q", "db change db", "db policy db"],
)
def test_a_change_without_an_option_is_wrong_usage(typed: str) -> None:
    assert (
        "cannot change nothing: give at least one option" in Command({})(*typed.split(), exit_code=2).stderr
    )


@pytest.mark.parametrize("typed", [("xyzzy",), ("lb", "metrics", "shop"), ("volume", "xyzzy", "data")])
def test_no_command_is_suggested_for_a_word_that_is_like_none(typed: tuple[str, ...]) -> None:
    assert "Did you mean" not in Command({})(*typed, exit_code=2).stderr


def test_the_shell_completes_commands_names_and_choices(cloud: Command) -> None:
    cloud("vpc", "create", "front")

    def completed(line: str) -> list[str]:
        words = len(line.split()) - (0 if line.endswith(" ") else 1)
        variables = {"_CLOUD_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(words)}
        process = cloud.start(**variables)
        return process.communicate(timeout=30)[0].split()

    assert completed("cloud ins") == ["instance"]
    assert completed("cloud vpc cr") == ["create"]
    assert completed("cloud vpc show ") == ["default", "front"]
    assert completed("cloud vpc delete fr") == ["front"]
    assert completed("cloud instance show ") == []
    assert completed("cloud db replica create ") == []
    assert completed("cloud cache create --persistence a") == ["aof"]
    assert completed("cloud resource list --kind load") == ["load_balancer"]


def test_completion_is_silent_when_nothing_answers() -> None:
    command = Command({"MINIAWS_URL": f"http://127.0.0.1:{free_port()}", "MINIAWS_API_KEY": KEY})
    variables = {
        "_CLOUD_COMPLETE": "complete_bash",
        "COMP_WORDS": "cloud vpc show ",
        "COMP_CWORD": "3",
    }
    stdout, stderr = command.start(**variables).communicate(timeout=30)
    assert (stdout.strip(), stderr) == ("", "")


def test_nothing_is_lost_without_a_question(cloud: Command) -> None:
    cloud("volume", "create", "data")
    result = cloud("volume", "delete", "data", exit_code=2)
    assert "add `--yes`" in result.stderr
    code, shown = cloud.on_terminal("volume", "delete", "data", keys="n\n")
    assert code == 1
    assert "Delete volume data? It is kept in the trash" in shown
    assert "nothing was changed" in shown
    assert cloud("volume", "list", "-o", "name").stdout == "data\n"
    assert cloud.on_terminal("volume", "delete", "data", keys="y\n")[0] == 0
    assert cloud("volume", "list", "-o", "name").stdout == ""


def test_colours_are_for_terminals_that_want_them(cloud: Command) -> None:
    code, shown = cloud.on_terminal("vpc", "list")
    assert code == 0
    assert "\x1b[32mavailable" in shown
    assert "\x1b[3" not in cloud.on_terminal("vpc", "list", NO_COLOR="1")[1]
    assert "\x1b" not in cloud("vpc", "list").stdout


def test_a_pipe_gets_whole_lines(cloud: Command) -> None:
    cloud("vpc", "create", "n" * 60, "--tag", "note=" + "x" * 200)
    row = cloud("vpc", "list", COLUMNS="40").stdout.splitlines()[-1]
    assert row.split()[0] == "n" * 60
    assert row.split()[-1].startswith("vpc-")


def test_a_reader_that_goes_away_is_no_error(cloud: Command) -> None:
    process = cloud.start("vpc", "list", "-o", "json")
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert "Traceback" not in process.stderr.read()
    process.stderr.close()
    process.wait(30)


def test_no_cloud_is_said_with_a_remedy() -> None:
    command = Command({"MINIAWS_URL": f"http://127.0.0.1:{free_port()}", "MINIAWS_API_KEY": KEY})
    result = command("instance", "list", exit_code=5)
    assert "cannot reach the cloud at http://127.0.0.1:" in result.stderr
    assert "`cloud up`" in result.stderr
    assert KEY not in result.output


def test_somebody_else_on_the_port_is_not_believed() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        process = Command(
            {"MINIAWS_URL": f"http://127.0.0.1:{server.getsockname()[1]}", "MINIAWS_API_KEY": KEY}
        ).start("vpc", "list")
        connection, _ = server.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\n\r\n<html")
            stdout, stderr = process.communicate(timeout=30)
    assert (process.returncode, stdout) == (5, "")
    assert "is it a miniaws cloud?" in stderr


def test_nobody_signed_in_is_said_with_a_remedy(tmp_path: Path) -> None:
    result = Command({"MINIAWS_DATA_DIR": str(tmp_path)})("vpc", "list", exit_code=3)
    assert "run `cloud up`, or set MINIAWS_URL and MINIAWS_API_KEY" in result.stderr


@pytest.mark.parametrize("key", ["miniaws_ab cd", "miniaws_ü", "miniaws_\n"])
def test_a_key_that_cannot_be_one_is_not_repeated(key: str) -> None:
    result = Command({"MINIAWS_API_KEY": key})("vpc", "list", exit_code=3)
    assert "check MINIAWS_API_KEY" in result.stderr
    assert "miniaws_" not in result.stderr


def test_the_key_of_the_profile_is_for_its_own_cloud_only(cloud: Command, cloud_server: CloudServer) -> None:
    elsewhere = f"http://127.0.0.1:{free_port()}"
    assert "MINIAWS_API_KEY, too" in cloud("vpc", "list", MINIAWS_URL=elsewhere, exit_code=3).stderr
    cloud("vpc", "list", MINIAWS_URL=cloud_server.settings.url + "/")


@pytest.mark.parametrize("url", ["nonsense", "ftp://x", "http://", "http://[", "http://x:y"])
def test_a_url_that_cannot_be_one_is_said(url: str) -> None:
    result = Command({"MINIAWS_URL": url, "MINIAWS_API_KEY": KEY})("vpc", "list", exit_code=3)
    assert "`MINIAWS_URL` must be a URL" in result.stderr


def test_a_proxy_for_the_way_out_is_not_used_here(cloud: Command) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}"
    cloud("vpc", "list", HTTP_PROXY=nowhere, http_proxy=nowhere, ALL_PROXY=nowhere)


def test_a_setting_that_cannot_be_right_is_named() -> None:
    result = Command({"MINIAWS_PORT": "many"})("vpc", "list", exit_code=2)
    assert "MINIAWS_PORT" in result.stderr
    assert "Traceback" not in result.output


def test_an_empty_name_is_wrong_usage() -> None:
    assert "must be an id or a name" in Command({})("vpc", "show", "", exit_code=2).stderr


def test_a_name_leads_nowhere_else(cloud: Command) -> None:
    assert "cannot find" in cloud("vpc", "show", "../keys", exit_code=4).stderr


def test_text_of_every_language_is_shown_in_the_c_locale(cloud: Command) -> None:
    cloud("volume", "create", "data", "--tag", "place=Zürich 東京")
    said, complaint = cloud.start("volume", "show", "data", LC_ALL="C", LANG="C").communicate()
    assert "place=Zürich 東京" in said, complaint
