"""``cloud up`` and ``cloud down``: start and stop the control plane. Instances keep running without it."""

import logging
import sys
from typing import Annotated

import typer
from rich.console import Console

from adapters.docker import engine_sweep
from domain.errors import DomainError, PortError, Refused
from miniaws.settings import Settings
from miniaws.supervisor import control_plane

NEXT_STEPS = """
[bold]Next steps[/]
  cloud instance launch --name web-1 --image miniaws/hello:local --publish 8081:8080
  cloud instance list
  cloud instance history web-1
  cloud dashboard open
"""


def up(
    *,
    detach: Annotated[
        bool, typer.Option("--detach", "-d", help="Run in the background; return when the cloud is ready.")
    ] = False,
) -> None:
    """Start the cloud: the database, the API and the controller. Stop it with Ctrl-C or `cloud down`."""
    settings = Settings()
    console = Console(stderr=True, highlight=False)
    try:
        done = _in_background(settings, console) if detach else _in_foreground(settings, console)
    except (DomainError, PortError, OSError) as error:
        console.print(f"error: {error}", style="red", markup=False)
        done = False
    raise typer.Exit(0 if done else 1)


def start(settings: Settings) -> bool:
    """Start the cloud in the background unless it runs; return whether it is ready, and print the reason if not."""
    found = control_plane.running(settings.home)
    if found is not None and found.is_ready:
        return True
    console = Console(stderr=True, highlight=False)
    try:
        return _in_background(settings, console)
    except (DomainError, PortError, OSError) as error:
        console.print(f"error: {error}", style="red", markup=False)
        return False


def down(
    *,
    everything: Annotated[
        bool,
        typer.Option(
            "--all", help="Also remove every container, network, volume and saved image of this cloud."
        ),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")] = False,
) -> None:
    """Stop the control plane. Instances, networks and volumes are kept, unless `--all` is given."""
    settings = Settings()
    console = Console(stderr=True, highlight=False)
    try:
        found = engine_sweep.find(settings.docker_host, settings.cloud) if everything else None
        if found is not None and not found.is_empty and not yes and not _agreed(settings, found):
            console.print("nothing was changed")
            raise typer.Exit(1)
        with console.status("stopping the control plane"):
            was_running = control_plane.stop(settings.home)
        console.print("the control plane is stopped" if was_running else "the control plane was not running")
        if everything:
            with console.status("removing objects with the label of this cloud"):
                removed = engine_sweep.sweep(settings.docker_host, settings.cloud)
            console.print(f"removed {removed}; the history is kept in {settings.home}", markup=False)
    except (DomainError, PortError, OSError) as error:
        console.print(f"error: {error}", style="red", markup=False)
        raise typer.Exit(1) from None


def _in_background(settings: Settings, console: Console) -> bool:
    found = control_plane.running(settings.home)
    if found is not None and found.is_ready:
        console.print(f"the cloud is already running at {found.url}")
        return True
    with console.status("starting the cloud"):
        control_plane.detach(settings)
    _welcome(settings, console)
    return True


def _in_foreground(settings: Settings, console: Console) -> bool:
    with console.status("waiting for the cloud that is already running here"):
        lock = control_plane.take_over(settings)
    if lock is None:
        console.print(f"the cloud is already running at {settings.url}")
        return True
    with lock:
        if console.is_terminal:
            return control_plane.run(
                settings,
                report=lambda sentence: console.print(f"  {sentence}", markup=False),
                on_ready=lambda: _welcome(settings, console),
            )
        logging.basicConfig(format="%(asctime)s %(message)s", level=logging.INFO)
        log = logging.getLogger("miniaws.supervisor")
        return control_plane.run(settings, report=log.info, on_ready=lambda: log.info("the cloud is ready"))


def _welcome(settings: Settings, console: Console) -> None:
    console.print(f"[green]the cloud is ready[/] at {settings.url}")
    console.print(f"  your API key is in {settings.credentials}, where the command finds it", markup=False)
    console.print(NEXT_STEPS, soft_wrap=True)


def _agreed(settings: Settings, found: engine_sweep.Labelled) -> bool:
    if not sys.stdin.isatty():
        raise Refused("cannot ask whether to remove everything without a terminal: add `--yes`")
    question = f"Remove {found} of the cloud {settings.cloud}, with all data in them?"
    return typer.confirm(question, err=True)
