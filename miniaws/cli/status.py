"""``cloud status``: what of the control plane runs, since when, and how it is."""

import json
import platform
import sys
import time
from dataclasses import asdict, dataclass
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.table import Table

from adapters import engine_facts
from domain.errors import PortError
from miniaws.settings import Settings
from miniaws.supervisor import control_plane, programs
from miniaws.supervisor.state import ChildState, State

Output = Annotated[Literal["table", "json"], typer.Option("--output", "-o", help="How it is shown.")]


@dataclass(frozen=True, slots=True)
class Part:
    """A child of the supervisor. ``uptime_s`` is None while it does not run."""

    name: str
    status: str
    """``ready``, ``starting``, ``down``, or ``done`` for what has one thing to do."""
    pid: int | None
    uptime_s: float | None
    restarts: int
    reason: str | None


@dataclass(frozen=True, slots=True)
class Status:
    """The control plane of one data directory."""

    is_running: bool
    is_healthy: bool
    url: str
    cloud: str
    data_dir: str
    supervisor_pid: int | None
    uptime_s: float | None
    parts: list[Part]
    versions: dict[str, str]


def status(output: Output = "table") -> None:
    """Show the parts of the control plane. The exit code is 0 when the cloud can be used."""
    found = look(Settings())
    if output == "json":
        sys.stdout.write(json.dumps(asdict(found), indent=2) + "\n")
    else:
        _show(found)
    raise typer.Exit(0 if found.is_healthy else 1)


def look(settings: Settings) -> Status:
    """Return how the control plane is now."""
    running = control_plane.running(settings.home)
    return Status(
        is_running=running is not None,
        is_healthy=running is not None and programs.answers(control_plane.ready_url(settings)),
        url=running.url if running else settings.url,
        cloud=settings.cloud,
        data_dir=str(settings.home),
        supervisor_pid=running.pid if running else None,
        uptime_s=_since(running.started_at) if running else None,
        parts=[_part(child) for child in running.children] if running else [],
        versions=_versions(settings, running),
    )


def _part(child: ChildState) -> Part:
    names = {(True, True): "ready", (True, False): "starting", (False, True): "done", (False, False): "down"}
    state = names[child.pid is not None, child.is_ready]
    return Part(child.name, state, child.pid, _since(child.started_at), child.restarts, child.reason)


def _since(instant: float | None) -> float | None:
    return None if instant is None else round(max(0.0, time.time() - instant), 1)


def _versions(settings: Settings, running: State | None) -> dict[str, str]:
    versions = {"miniaws": running.version if running else control_plane.version()}
    versions["python"] = platform.python_version()
    database = settings.home / "postgres" / "PG_VERSION"
    if settings.database_url is None and database.exists():
        versions["postgres"] = database.read_text().strip()
    try:
        versions["engine"] = engine_facts.learn(settings.docker_host).version
    except PortError:
        versions["engine"] = "does not answer"
    return versions


def _show(found: Status) -> None:
    console = Console(highlight=False)
    health = "healthy" if found.is_healthy else "not healthy" if found.is_running else "stopped"
    console.print(f"cloud {found.cloud}: {health}, {found.url}", style="green" if found.is_healthy else "red")
    if found.parts:
        table = Table(box=None, pad_edge=False)
        for title in ("PART", "STATUS", "PID", "UPTIME", "RESTARTS", "REASON"):
            table.add_column(title, overflow="fold" if title == "REASON" else "ellipsis")
        for part in found.parts:
            pid = str(part.pid or "-")
            table.add_row(
                part.name, part.status, pid, _clock(part.uptime_s), str(part.restarts), part.reason or ""
            )
        console.print(table)
    console.print("versions: " + ", ".join(f"{name} {value}" for name, value in found.versions.items()))
    console.print(f"data: {found.data_dir}", markup=False)


def _clock(seconds: float | None) -> str:
    if seconds is None:
        return "-"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}"
