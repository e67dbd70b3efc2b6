"""compose.yaml is valid, also with compose.sizes.yaml, binds to loopback, and sets only known settings."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from miniaws.settings import Settings

ROOT = Path(__file__).resolve().parents[2]


def compose() -> list[str]:
    """Return the command line of Compose: Docker's plug-in or the program that ``scripts/setup --dev`` installs."""
    plugin = subprocess.run(["docker", "compose", "version"], capture_output=True, check=False)
    if plugin.returncode == 0:
        return ["docker", "compose"]
    program = shutil.which("docker-compose")
    assert program is not None, "Compose is missing: run `scripts/setup --dev`"
    return [program]


@pytest.fixture
def services(plain: None) -> dict[str, Any]:
    """The parsed file."""
    del plain
    return made_of("compose.yaml")


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """No settings except the required one."""
    monkeypatch.setenv("MINIAWS_POSTGRES_PASSWORD", "secret")
    for name in (
        "MINIAWS_PORT",
        "MINIAWS_CLOUD",
        "MINIAWS_DATA_DIR",
        "MINIAWS_POSTGRES_PORT",
        "MINIAWS_IMAGE_POSTGRES",
    ):
        monkeypatch.delenv(name, raising=False)


def made_of(*files: str) -> dict[str, Any]:
    argv = [*compose(), *(f"--file={file}" for file in files), "config"]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return yaml.safe_load(done.stdout)["services"]


def test_it_runs_the_same_parts_as_the_supervisor(services: dict[str, Any]) -> None:
    assert set(services) == {"postgres", "first-key", "api", "controller"}


def test_its_control_plane_is_one_image_with_the_engine_at_hand(services: dict[str, Any]) -> None:
    ours = [services[name] for name in ("first-key", "api", "controller")]
    assert len({service["image"] for service in ours}) == 1
    for service in ours:
        assert "/var/run/docker.sock" in str(service["volumes"])


def test_its_data_directory_has_the_path_that_the_engine_knows(services: dict[str, Any]) -> None:
    for name in ("first-key", "api", "controller"):
        place = services[name]["environment"]["MINIAWS_DATA_DIR"]
        mounts = [_ends(each) for each in services[name]["volumes"]]
        assert (place, place) in mounts


def _ends(mount: str | dict[str, Any]) -> tuple[str, str]:
    """Return source and target, for both versions of Compose."""
    if isinstance(mount, str):
        source, target, *_ = mount.split(":")
        return source, target
    return mount["source"], mount["target"]


def test_for_sizes_whoever_answers_and_whoever_mounts_has_its_mounts_seen_by_the_host(plain: None) -> None:
    del plain
    services = made_of("compose.yaml", "compose.sizes.yaml")
    for name in ("api", "controller"):
        service, place = services[name], services[name]["environment"]["MINIAWS_DATA_DIR"]
        assert service["privileged"] is True
        (mount,) = [each for each in service["volumes"] if _ends(each) == (place, place)]
        assert "rshared" in str(mount)
        assert ("/dev", "/dev") in [_ends(each) for each in service["volumes"]]
    assert "privileged" not in services["first-key"]


def test_it_sets_only_what_the_settings_know(services: dict[str, Any]) -> None:
    known = {f"MINIAWS_{name.upper()}" for name in Settings.model_fields}
    for name in ("first-key", "api", "controller"):
        assert set(services[name]["environment"]) <= known


def test_it_publishes_on_the_loopback_only(services: dict[str, Any]) -> None:
    for service in services.values():
        for port in service.get("ports", []):
            address = port["host_ip"] if isinstance(port, dict) else port
            assert address.startswith("127.0.0.1"), port


def test_it_refuses_to_run_without_a_password(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("MINIAWS_POSTGRES_PASSWORD", raising=False)
    nothing = tmp_path / "empty.env"
    nothing.touch()
    argv = [*compose(), "--env-file", str(nothing), "config"]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "MINIAWS_POSTGRES_PASSWORD" in done.stderr
