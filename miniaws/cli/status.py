"""``cloud status``: the processes and loops of the control plane."""

import json
import platform
import sys
import time
from dataclasses import asdict, dataclass
from http import HTTPStatus
from typing import Annotated, Any, Literal

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from adapters.docker import engine_facts
from domain.errors import PortError
from miniaws.cli import profiles, target
from miniaws.settings import Settings
from miniaws.supervisor import control_plane, programs
from miniaws.supervisor.state import ChildState, State

Json = dict[str, Any]
Output = Annotated[Literal["table", "json"], typer.Option("--output", "-o", help="Output format.")]


@dataclass(frozen=True, slots=True)
class Part:
    """A child of the supervisor. ``uptime_s`` is None while it does not run."""

    name: str
    status: str
    """``ready``, ``starting``, ``down``, ``not responding``, or ``done`` for a one-time task.

    The controller is ``leading`` or ``standby``.
    """
    pid: int | None
    uptime_s: float | None
    restarts: int
    reason: str | None


@dataclass(frozen=True, slots=True)
class LoopStatus:
    """A background loop of the API or of the controller that leads."""

    part: str
    name: str
    state: str
    restarts: int
    last_error: str | None


@dataclass(frozen=True, slots=True)
class Status:
    """The control plane of one data directory."""

    is_running: bool
    is_healthy: bool
    why_not: str | None
    """The reason that the API gives for not being ready."""
    url: str
    cloud: str
    data_dir: str
    supervisor_pid: int | None
    uptime_s: float | None
    parts: list[Part]
    loops: list[LoopStatus]
    """Empty if the API does not answer."""
    versions: dict[str, str]


def status(output: Output = "table") -> None:
    """Show the state of the control plane. Exits with 0 if the cloud is ready."""
    found = look(Settings())
    if output == "json":
        sys.stdout.write(json.dumps(asdict(found), indent=2) + "\n")
    else:
        _show(found)
    raise typer.Exit(0 if found.is_healthy else 1)


def look(settings: Settings) -> Status:
    """Return the current state of the control plane."""
    running = control_plane.running(settings.home)
    answer = programs.ask(control_plane.ready_url(settings)) if running else None
    health: Json = answer[1] if answer else {}
    return Status(
        is_running=running is not None,
        is_healthy=answer is not None and answer[0] == HTTPStatus.OK,
        why_not=health.get("detail") if answer else "the API does not answer" if running else None,
        url=running.url if running else settings.url,
        cloud=settings.cloud,
        data_dir=str(settings.home),
        supervisor_pid=running.pid if running else None,
        uptime_s=_since(running.started_at) if running else None,
        parts=[_part(child, health if answer else None) for child in running.children] if running else [],
        loops=_loops(health),
        versions=_versions(settings, running),
    )


def _part(child: ChildState, health: Json | None) -> Part:
    names = {(True, True): "ready", (True, False): "starting", (False, True): "done", (False, False): "down"}
    state = names[child.pid is not None, child.is_ready]
    if child.name == "api" and state == "ready" and health is None:
        state = "not responding"
    if child.name == "controller" and child.pid is not None and health is not None:
        state = _controller(health, child.pid)
    return Part(child.name, state, child.pid, _since(child.started_at), child.restarts, child.reason)


def _controller(health: Json, pid: int) -> str:
    """Return the state of the controller in a process; it is starting until its first heartbeat."""
    states = [each["state"] for each in health.get("controllers", []) if each["pid"] == pid]
    return str(states[0]).replace("-", " ") if states else "starting"


def _loops(health: Json) -> list[LoopStatus]:
    leading = [each for each in health.get("controllers", []) if each["state"] == "leading"]
    of_controller = leading[0]["loops"] if leading else []
    parts = [("api", health.get("loops", [])), ("controller", of_controller)]
    return [LoopStatus(part, **loop) for part, loops in parts for loop in loops]


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
    if found.why_not:
        console.print(found.why_not, style="red", markup=False)
    if found.loops:
        console.print(_table_of_loops(found.loops))
    console.print("versions: " + ", ".join(f"{name} {value}" for name, value in found.versions.items()))
    console.print(f"data: {found.data_dir}", markup=False)
    console.print(f"profile: {profiles.selected(target.home())}", markup=False)


def _table_of_loops(loops: list[LoopStatus]) -> Table:
    table = Table(box=None, pad_edge=False)
    for title in ("LOOP", "PART", "STATE", "RESTARTS", "LAST ERROR"):
        table.add_column(title, overflow="fold" if title == "LAST ERROR" else "ellipsis")
    for loop in loops:
        table.add_row(loop.name, loop.part, loop.state, str(loop.restarts), Text(loop.last_error or ""))
    return table


def _clock(seconds: float | None) -> str:
    if seconds is None:
        return "-"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}"
