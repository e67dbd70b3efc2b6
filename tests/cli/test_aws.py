"""What AWS clients need in order to use a cloud."""

import stat
from pathlib import Path
from typing import Any

import pytest
from botocore.session import Session

from tests.cli.conftest import Command


def exported(command: Command, *options: str) -> dict[str, str]:
    """Return what a shell would export."""
    lines = command("aws", "env", *options).stdout.splitlines()
    assert all(line.startswith("export AWS_") for line in lines)
    return dict(line.removeprefix("export ").split("=", 1) for line in lines)


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """The files of AWS clients, in a folder of the test."""
    credentials, config = tmp_path / "aws" / "credentials", tmp_path / "aws" / "config"
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(credentials))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    return credentials, config


def caller(profile: str | None = None) -> dict[str, Any]:
    """Ask who signs, with botocore."""
    client: Any = Session(profile=profile).create_client("sts")
    return client.get_caller_identity()


@pytest.mark.usefixtures("files")
def test_a_client_signs_with_what_env_prints(cloud: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    found = exported(cloud, "--region", "eu-west-1")
    assert found["AWS_REGION"] == "eu-west-1"
    for name, value in found.items():
        monkeypatch.setenv(name, value)
    assert caller()["Arn"].endswith(":user/admin")


def test_env_of_a_moment_leads_to_the_past(cloud: Command) -> None:
    found = exported(cloud, "--at", "2026-11-23T05:03:01Z")
    assert found["AWS_ENDPOINT_URL"].endswith("/at/2026-11-23T05:03:01Z")


def test_a_client_uses_the_profile_that_was_written(cloud: Command, files: tuple[Path, Path]) -> None:
    cloud("aws", "profile", "local")
    assert caller(profile="local")["Arn"].endswith(":user/admin")
    assert stat.S_IMODE(files[0].stat().st_mode) == 0o600


def test_a_profile_leaves_others_as_they_are(cloud: Command, files: tuple[Path, Path]) -> None:
    credentials, config = files
    credentials.parent.mkdir()
    before = (
        "# mine\n[default]\naws_access_key_id = A\n\n[miniaws]\naws_access_key_id = old\n\n[other]\nx = 1\n"
    )
    credentials.write_text(before)
    cloud("aws", "profile")
    cloud("aws", "profile")
    written = credentials.read_text()
    assert written.startswith("# mine\n[default]\naws_access_key_id = A\n\n[other]\nx = 1\n\n[miniaws]\n")
    assert "old" not in written
    assert config.read_text().count("[profile miniaws]") == 1
