"""`cloud status`, `cloud doctor` and `cloud down` on an installation."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

import docker
import pytest
import typer
from typer.testing import CliRunner

from adapters.docker import docker_ports, engine_sweep
from adapters.embedded_postgres import EmbeddedPostgres
from miniaws.cli.doctor import CHECKS, doctor
from miniaws.cli.status import status
from miniaws.cli.up import down, up
from miniaws.settings import Settings
from miniaws.supervisor import control_plane
from tests.conftest import free_port

STAND_IN = [sys.executable, str(Path(__file__).with_name("stand_in.py"))]
IMAGE = "miniaws/hello:local"


@pytest.fixture
def settings(tmp_path: Path, cloud_name: str, monkeypatch: pytest.MonkeyPatch) -> Generator[Settings]:
    """The settings of a cloud that is not running yet, also in the environment."""
    for name, value in (
        ("DATA_DIR", str(tmp_path / "cloud")),
        ("CLOUD", cloud_name),
        ("PORT", str(free_port())),
        ("POSTGRES_PORT", str(free_port())),
    ):
        monkeypatch.setenv(f"MINIAWS_{name}", value)
    yield Settings()
    control_plane.stop(tmp_path / "cloud")


def cloud(*words: str) -> tuple[int, str]:
    """Return the exit code and the output of the command."""
    app = typer.Typer()
    for command in (up, down, status, doctor):
        app.command()(command)
    result = CliRunner().invoke(app, words, env={"NO_COLOR": "1", "COLUMNS": "200"})
    return result.exit_code, result.output


def ask(*words: str) -> tuple[int, Any]:
    code, output = cloud(*words, "-o", "json")
    return code, json.loads(output)


def start(settings: Settings) -> None:
    control_plane.detach(settings, [*STAND_IN, "up"])


def container(settings: Settings, cloud: str, network: str = "none") -> str:
    engine = docker.DockerClient(base_url=settings.docker_host, version="auto")
    labels = {engine_sweep.LABEL: cloud}
    try:
        return engine.containers.run(IMAGE, detach=True, labels=labels, network=network).id or ""
    finally:
        engine.close()


def test_the_status_of_a_running_cloud_names_its_parts(settings: Settings) -> None:
    start(settings)
    code, found = ask("status")
    assert code == 0
    assert found["is_healthy"]
    assert found["data_dir"] == str(settings.home)
    assert {part["name"]: part["status"] for part in found["parts"]} == {
        "postgres": "ready",
        "first-key": "done",
        "api": "ready",
        "controller": "leading",
    }
    assert {loop["part"] for loop in found["loops"]} == {"api", "controller"}
    assert {loop["state"] for loop in found["loops"]} == {"running"}
    assert set(found["versions"]) == {"miniaws", "python", "postgres", "engine"}
    code, text = cloud("status")
    assert code == 0
    assert "healthy" in text
    assert "controller" in text


def test_the_status_of_a_cloud_whose_controller_is_silent_is_a_failure_and_says_so(
    settings: Settings,
) -> None:
    start(settings)
    (settings.home / "orders").write_text("controller silent\n")
    code, found = ask("status")
    assert (code, found["is_running"], found["is_healthy"]) == (1, True, False)
    assert {part["name"]: part["status"] for part in found["parts"]}["controller"] == "not responding"
    code, text = cloud("status")
    assert "cannot serve" in text
    assert "not responding" in text


def test_the_status_of_a_cloud_whose_api_is_frozen_is_a_failure_and_says_so(settings: Settings) -> None:
    start(settings)
    api = next(part["pid"] for part in ask("status")[1]["parts"] if part["name"] == "api")
    os.kill(api, signal.SIGSTOP)
    try:
        code, found = ask("status")
    finally:
        os.kill(api, signal.SIGCONT)
    assert (code, found["is_healthy"], found["why_not"]) == (1, False, "the API does not answer")
    assert {part["name"]: part["status"] for part in found["parts"]}["api"] == "not responding"
    assert found["loops"] == []


def test_the_status_of_a_stopped_cloud_is_a_failure(settings: Settings) -> None:
    code, found = ask("status")
    assert code == 1
    assert not found["is_running"]
    assert found["url"] == settings.url


def test_the_doctor_finds_nothing_amiss_before_and_after_the_start(settings: Settings) -> None:
    for _ in range(2):
        code, findings = ask("doctor")
        assert [finding for finding in findings if finding["verdict"] == "bad"] == []
        assert code == 0
        start(settings)
    code, text = cloud("doctor")
    assert code == 0
    assert f"{len(CHECKS)} ok" in text


def test_the_doctor_has_a_remedy_for_everything_that_is_amiss(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.home.mkdir(mode=0o755)
    settings.credentials.touch(mode=0o644)
    monkeypatch.setenv("MINIAWS_DOCKER_HOST", "unix:///nowhere.sock")
    code, findings = ask("doctor")
    amiss = {finding["title"]: finding["remedy"] for finding in findings if finding["verdict"] == "bad"}
    assert code == 1
    assert {"Docker engine", "Images", "Data directory", "Credentials"} <= set(amiss)
    assert all(amiss.values())
    assert amiss["Credentials"] == f"chmod 600 {settings.credentials}"


def test_the_doctor_names_a_port_that_another_program_has(
    settings: Settings, postgres: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    del settings
    monkeypatch.setenv("MINIAWS_POSTGRES_PORT", str(postgres.port))
    _, findings = ask("doctor")
    finding = next(finding for finding in findings if finding["title"] == "Postgres")
    assert finding["verdict"] == "bad"
    assert "MINIAWS_POSTGRES_PORT" in finding["remedy"]


def test_down_leaves_what_runs_in_containers(settings: Settings) -> None:
    start(settings)
    ours = container(settings, settings.cloud)
    code, text = cloud("down")
    assert code == 0
    assert "stopped" in text
    assert control_plane.running(settings.home) is None
    assert engine_sweep.find(settings.docker_host, settings.cloud).containers == (ours,)


def test_down_all_removes_what_carries_the_label_and_nothing_else(settings: Settings) -> None:
    engine = docker.DockerClient(base_url=settings.docker_host, version="auto")
    labels = {engine_sweep.LABEL: settings.cloud}
    foreign = f"{settings.cloud}x"
    theirs = engine.networks.create(foreign, labels={engine_sweep.LABEL: foreign})
    other = container(settings, foreign, theirs.name or "")
    try:
        container(settings, settings.cloud)
        network = engine.networks.create(f"{settings.cloud}-net", labels=labels)
        network.connect(other)  # a stranger on our network does not keep it
        engine.volumes.create(f"{settings.cloud}-volume", labels=labels)
        code, text = cloud("down", "--all", "--yes")
        assert code == 0
        assert "removed 1 container, 1 network, 1 volume" in text
        assert engine_sweep.find(settings.docker_host, settings.cloud).is_empty
        assert engine_sweep.find(settings.docker_host, foreign).containers == (other,)
        assert foreign in engine_sweep.clouds(settings.docker_host)
    finally:
        engine_sweep.sweep(settings.docker_host, foreign)
        engine.close()


async def test_down_all_removes_the_file_system_of_a_sized_volume(settings: Settings, tmp_path: Path) -> None:
    world = docker_ports(settings.docker_host, settings.cloud, tmp_path / "volumes")
    try:
        assert await world.volumes.can_limit_size(), "needs root and a loop device"
        await world.volumes.ensure("vol-1", "acc-1", 1)
    finally:
        await world.close()
    assert [path.name for path in (tmp_path / "volumes").glob("*.img")] == [f"{settings.cloud}-vol-1.img"]
    code, _ = await asyncio.to_thread(cloud, "down", "--all", "--yes")
    assert code == 0
    assert list((tmp_path / "volumes").iterdir()) == []


def test_down_all_asks_first(settings: Settings) -> None:
    ours = container(settings, settings.cloud)
    code, text = cloud("down", "--all")
    assert code == 1
    assert "add `--yes`" in text
    assert engine_sweep.find(settings.docker_host, settings.cloud).containers == (ours,)


@pytest.mark.parametrize("words", [("up",), ("up", "--detach")])
def test_up_of_a_running_cloud_says_so(settings: Settings, words: tuple[str, ...]) -> None:
    start(settings)
    before = control_plane.running(settings.home)
    code, text = cloud(*words)
    assert code == 0
    assert f"already running at {settings.url}" in text
    assert control_plane.running(settings.home) == before


def test_down_of_a_stopped_cloud_is_fine(settings: Settings) -> None:
    assert settings.home.exists() is False
    code, text = cloud("down")
    assert code == 0
    assert "was not running" in text
