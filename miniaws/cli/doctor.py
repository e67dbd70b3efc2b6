"""``cloud doctor``: checks the requirements of the cloud on this machine, with a remedy for each problem."""

import asyncio
import json
import os
import platform
import shutil
import socket
import stat
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import typer
from rich.console import Console

from adapters.docker import DockerEngine, engine_facts
from adapters.embedded_postgres import EmbeddedPostgres
from adapters.host_network import HostCommands
from adapters.nftables import NftablesFirewall
from domain.errors import PortError
from miniaws.cli.status import Output
from miniaws.settings import ROLES, Settings
from miniaws.supervisor import control_plane

LEAST_DISK_GB = 2
MOST_DRIFT_S = 2.0
OLDEST_ENGINE = (1, 41)


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of a check; ``remedy`` says how to fix a problem."""

    title: str
    verdict: Literal["ok", "note", "bad"]
    detail: str
    remedy: str = ""


def doctor(output: Output = "table") -> None:
    """Check this machine and this installation. Exits with 0 if there is no problem."""
    settings = Settings()
    if output == "json":
        findings = [check(settings) for check in CHECKS]
        sys.stdout.write(json.dumps([asdict(finding) for finding in findings], indent=2) + "\n")
    else:
        console = Console(highlight=False)
        findings: list[Finding] = []
        for number, check in enumerate(CHECKS, start=1):
            with Console(stderr=True).status(f"check {number} of {len(CHECKS)}"):
                findings.append(check(settings))
            _show(console, number, findings[-1])
    raise typer.Exit(1 if any(finding.verdict == "bad" for finding in findings) else 0)


def _show(console: Console, number: int, finding: Finding) -> None:
    style = {"ok": "green", "note": "yellow", "bad": "red"}[finding.verdict]
    console.print(f"{number:2} [{style}]{finding.verdict:4}[/] {finding.title}: ", end="")
    console.print(finding.detail, markup=False, soft_wrap=True)
    if finding.remedy:
        console.print(f"        remedy: {finding.remedy}", markup=False, soft_wrap=True)


def _python(settings: Settings) -> Finding:
    del settings
    version = platform.python_version()
    if sys.version_info < (3, 11):  # noqa: UP036 (the installation may have bypassed the check of pip)
        return Finding("Python", "bad", version, "use Python 3.11 or newer and run `scripts/setup`")
    return Finding("Python", "ok", version)


def _engine(settings: Settings) -> Finding:
    try:
        facts = engine_facts.learn(settings.docker_host)
    except PortError as error:
        remedy = (
            "run `scripts/engine`; if it says permission denied, log in again or use `scripts/with-engine`"
        )
        return Finding("Docker engine", "bad", str(error), remedy)
    detail = (
        f"{facts.version}, API {facts.api_version}, storage {facts.storage}, cgroup v{facts.cgroup_version}"
    )
    if tuple(int(part) for part in facts.api_version.split(".")) < OLDEST_ENGINE:
        return Finding("Docker engine", "bad", detail, "update the engine to 20.10 or newer")
    if not facts.has_init:
        remedy = "install the package tini on the engine's host, or launch instances with `--no-init`"
        return Finding("Docker engine", "bad", f"{detail}, no init process (docker-init)", remedy)
    return Finding("Docker engine", "ok", detail)


def _images(settings: Settings) -> Finding:
    wanted = {role: settings.images(role) for role in ROLES}
    try:
        asked = [image for images in wanted.values() for image in images]
        there = engine_facts.learn(settings.docker_host, asked).images
    except PortError:
        return Finding("Images", "bad", "the engine does not answer", "see the check of the Docker engine")
    sources: list[str] = []
    for role, images in wanted.items():
        found = next((image for image in images if image in there), "built on demand")
        sources.append(f"{role}: {found}")
    detail = f"source {settings.image_source}; {', '.join(sources)}"
    return Finding("Images", "ok", detail)


def _firewall(settings: Settings) -> Finding:
    async def look() -> tuple[str | None, bool]:
        engine = DockerEngine(settings.docker_host, settings.cloud)
        host = HostCommands(engine)
        try:
            return await NftablesFirewall(engine, host).why_unavailable(), host.program("nft") is not None
        finally:
            await engine.close()

    why, is_here = asyncio.run(look())
    if why is not None:
        detail, _, remedy = why.rpartition("; ")
        return Finding("Security groups", "bad", f"cannot be enforced: {detail}", remedy)
    return Finding(
        "Security groups", "ok", f"enforced by nftables, {'here' if is_here else 'in a container'}"
    )


def _api_port(settings: Settings) -> Finding:
    running = control_plane.running(settings.home)
    if running is not None and running.url == settings.url:
        return Finding("Port of the API", "ok", f"{settings.port}, used by this cloud")
    if (taken := _why_taken(settings.host, settings.port)) is not None:
        remedy = "stop the program that listens there, or set MINIAWS_PORT"
        return Finding("Port of the API", "bad", f"{settings.port}: {taken}", remedy)
    return Finding("Port of the API", "ok", f"{settings.port}, free")


def _postgres(settings: Settings) -> Finding:
    title, remedy = "Postgres", "run `cloud up`, and read logs/postgres.log in the data directory"
    if settings.database_url is not None:
        return Finding(title, "ok", "external, set by MINIAWS_DATABASE_URL")
    server = EmbeddedPostgres(settings.home, settings.postgres_port)
    if control_plane.running(settings.home) is not None:
        if server.is_ready():
            return Finding(title, "ok", f"embedded, ready on port {settings.postgres_port}")
        return Finding(title, "bad", f"no answer on port {settings.postgres_port}", remedy)
    if (taken := _why_taken("127.0.0.1", settings.postgres_port)) is not None:
        remedy = "stop the program that listens there, or set MINIAWS_POSTGRES_PORT"
        return Finding(title, "bad", f"port {settings.postgres_port}: {taken}", remedy)
    return Finding(title, "ok", f"embedded, stopped; port {settings.postgres_port} is free")


def _why_taken(host: str, port: int) -> str | None:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            return (error.strerror or str(error)).lower()
    return None


def _data_dir(settings: Settings) -> Finding:
    return _private(settings.home, 0o700, "Data directory", "`cloud up` creates it")


def _credentials(settings: Settings) -> Finding:
    return _private(settings.credentials, 0o600, "Credentials", "`cloud up` writes them")


def _private(path: Path, mode: int, title: str, absent: str) -> Finding:
    try:
        found = path.stat()
    except FileNotFoundError:
        return Finding(title, "note", f"no {path} yet", absent)
    if stat.S_IMODE(found.st_mode) & ~mode:
        detail = f"{path} has mode {stat.S_IMODE(found.st_mode):o}: others may read it"
        return Finding(title, "bad", detail, f"chmod {mode:o} {path}")
    if found.st_uid != os.geteuid():
        return Finding(title, "bad", f"{path} belongs to another user", f"chown {os.geteuid()} {path}")
    return Finding(title, "ok", f"{path}, mode {mode:o}")


def _disk(settings: Settings) -> Finding:
    place = next(path for path in (settings.home, *settings.home.parents) if path.exists())
    free_gb = shutil.disk_usage(place).free / 1024**3
    detail = f"{free_gb:.1f} GiB free at {place}"
    if free_gb < LEAST_DISK_GB:
        return Finding("Disk", "bad", detail, "free some space, or set MINIAWS_DATA_DIR to a larger disk")
    return Finding("Disk", "ok", detail)


def _control_groups(settings: Settings) -> Finding:
    del settings
    root = Path("/sys/fs/cgroup")
    unified = root / "cgroup.controllers"
    found = unified.read_text().split() if unified.exists() else [path.name for path in root.glob("*/")]
    missing = {"cpu", "memory"} - {name for entry in found for name in entry.split(",")}
    if missing:
        detail = f"no controller for {' and '.join(sorted(missing))}: instances would have no limits"
        return Finding("Control groups", "bad", detail, "run `scripts/engine`, which mounts them, as root")
    return Finding("Control groups", "ok", f"version {2 if unified.exists() else 1}, cpu and memory")


def _loop_devices(settings: Settings) -> Finding:
    del settings
    title = "Sized volumes"
    if not Path("/dev/loop-control").exists():
        return Finding(
            title, "note", "no loop devices: the size of volumes cannot be limited", "modprobe loop"
        )
    if shutil.which("mkfs.ext4", path="/usr/sbin:/sbin:/usr/bin:/bin") is None:
        return Finding(title, "note", "no mkfs.ext4", "apt-get install e2fsprogs")
    return Finding(title, "ok", "loop devices and mkfs.ext4 are available")


def _clock(settings: Settings) -> Finding:
    try:
        drift_s = abs(engine_facts.learn(settings.docker_host).clock.timestamp() - time.time())
    except PortError:
        return Finding(
            "Clock", "note", "not compared: the engine does not answer", "see the check of the Docker engine"
        )
    if drift_s > MOST_DRIFT_S:
        detail = f"{drift_s:.1f} s between this machine and the engine's"
        return Finding("Clock", "bad", detail, "synchronize both clocks, e.g. by `apt-get install chrony`")
    return Finding("Clock", "ok", "in sync with the engine")


CHECKS: tuple[Callable[[Settings], Finding], ...] = (
    _python,
    _engine,
    _images,
    _firewall,
    _api_port,
    _postgres,
    _data_dir,
    _credentials,
    _disk,
    _control_groups,
    _loop_devices,
    _clock,
)
