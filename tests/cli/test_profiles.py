"""``cloud config``: several clouds and keys."""

import json
import stat
from pathlib import Path

import pytest
from typer.testing import CliRunner

from miniaws.cli import app
from tests.cli.conftest import CloudServer, Command
from tests.conftest import free_port

KEY = "miniaws_not-a-real-key"


def save(command: Command, name: str, url: str, key: str, exit_code: int = 0) -> str:
    """Save a profile, and return what is printed."""
    words = ["config", "set", name, "--url", url]
    result = CliRunner().invoke(app, words, input=f"{key}\n", env=command.variables)
    assert result.exit_code == exit_code, result.output
    return result.output


def test_the_credentials_that_the_cloud_writes_are_the_default_profile(
    cloud: Command, cloud_server: CloudServer
) -> None:
    (row,) = json.loads(cloud("config", "list", "-o", "json").stdout)
    assert row == {
        "name": "default",
        "url": cloud_server.settings.url,
        "has_key": True,
        "is_current": True,
    }


def test_a_command_uses_the_profile_of_the_option_the_variable_or_the_file(cloud: Command) -> None:
    elsewhere = f"http://127.0.0.1:{free_port()}"
    save(cloud, "prod", elsewhere, KEY)
    cloud("vpc", "list")
    unreachable = f"cannot reach the cloud at {elsewhere}"
    assert unreachable in cloud("--profile", "prod", "vpc", "list", exit_code=5).stderr
    assert unreachable in cloud("vpc", "list", MINIAWS_PROFILE="prod", exit_code=5).stderr
    cloud("config", "use", "prod")
    assert unreachable in cloud("vpc", "list", exit_code=5).stderr
    cloud("--profile", "default", "vpc", "list", MINIAWS_URL=elsewhere, MINIAWS_API_KEY=KEY)
    cloud("config", "remove", "prod")
    cloud("vpc", "list")
    assert "see `cloud config list`" in cloud("--profile", "prod", "vpc", "list", exit_code=4).stderr


def test_the_key_of_a_profile_is_never_printed_and_never_sent_elsewhere(tmp_path: Path) -> None:
    command = Command({"MINIAWS_DATA_DIR": str(tmp_path)})
    shown = save(command, "prod", "http://127.0.0.1:9", KEY)
    command("config", "use", "prod")
    for words in (("list",), ("list", "-o", "json"), ("show",), ("show", "prod", "-o", "yaml")):
        shown += command("config", *words).output
    refused = command("vpc", "list", MINIAWS_URL="http://127.0.0.1:10", exit_code=3)
    assert "is for another cloud than MINIAWS_URL" in refused.stderr
    assert KEY not in shown + refused.output
    assert KEY in (tmp_path / "profiles.json").read_text()


def test_only_its_owner_can_read_the_file(tmp_path: Path) -> None:
    command = Command({"MINIAWS_DATA_DIR": str(tmp_path)})
    for name in ("prod", "staging"):
        save(command, name, "https://cloud.example", KEY)
        assert stat.S_IMODE((tmp_path / "profiles.json").stat().st_mode) == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["profiles.json"]


@pytest.mark.parametrize(
    ("name", "url", "key", "reason"),
    [
        ("default", "https://cloud.example", KEY, "another than `default`"),
        ("Prod!", "https://cloud.example", KEY, "lower-case letters"),
        ("prod", "cloud.example", KEY, "must be a URL without a user"),
        ("prod", "https://user:secret@cloud.example", KEY, "must be a URL without a user"),
        ("prod", "https://cloud.example", "", "the API key must have"),
    ],
)
def test_a_profile_that_cannot_work_is_not_saved(
    tmp_path: Path, name: str, url: str, key: str, reason: str
) -> None:
    assert reason in save(Command({"MINIAWS_DATA_DIR": str(tmp_path)}), name, url, key, exit_code=2)
    assert not (tmp_path / "profiles.json").exists()


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "profiles.json").write_text("{}")
    refused = Command({"MINIAWS_DATA_DIR": str(tmp_path)})("config", "list", exit_code=1)
    assert "profiles.json: it is not a file of profiles" in refused.stderr
