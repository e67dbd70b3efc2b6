"""``cloud up`` and ``cloud down``: the control plane starts and ends; instances run on without it."""

import logging
import sys
from typing import Annotated

import typer
from rich.console import Console

from adapters import engine_sweep
from domain.errors import DomainError, PortError, Refused
from miniaws.settings import Settings
from miniaws.supervisor import control_plane

WHAT_NOW = """
[bold]What now[/]
  cloud instance launch --name web-1 --image miniaws/hello:local --publish 8081:8080
  cloud instance list
  cloud instance history web-1
  cloud dashboard open
"""


def up(
    *,
    detach: Annotated[bool, typer.Option("--detach", "-d", help="Return when it is ready.")] = False,
) -> None:
    """Start the cloud: its database, its API and its controller. Stop it with Ctrl-C or `cloud down`."""
    settings = Settings()
    talk = Console(stderr=True, highlight=False)
    try:
        done = _in_background(settings, talk) if detach else _in_foreground(settings, talk)
    except (DomainError, PortError, OSError) as error:
        talk.print(f"error: {error}", style="red", markup=False)
        done = False
    raise typer.Exit(0 if done else 1)


def start(settings: Settings) -> bool:
    """Start the cloud in the background unless it runs; return whether it is ready, having said why not."""
    found = control_plane.running(settings.home)
    if found is not None and found.is_ready:
        return True
    talk = Console(stderr=True, highlight=False)
    try:
        return _in_background(settings, talk)
    except (DomainError, PortError, OSError) as error:
        talk.print(f"error: {error}", style="red", markup=False)
        return False


def down(
    *,
    everything: Annotated[
        bool, typer.Option("--all", help="Remove every container, network and volume of this cloud, too.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Stop the control plane. Instances, networks and volumes stay as they are, unless told otherwise."""
    settings = Settings()
    talk = Console(stderr=True, highlight=False)
    try:
        found = engine_sweep.find(settings.docker_host, settings.cloud) if everything else None
        if found is not None and not found.is_empty and not yes and not _agreed(settings, found):
            talk.print("nothing was changed")
            raise typer.Exit(1)
        with talk.status("stopping the control plane"):
            was_running = control_plane.stop(settings.home)
        talk.print("the control plane is stopped" if was_running else "the control plane was not running")
        if everything:
            with talk.status("removing what carries this cloud's label"):
                removed = engine_sweep.sweep(settings.docker_host, settings.cloud)
            talk.print(f"removed {removed}; its history stays in {settings.home}", markup=False)
    except (DomainError, PortError, OSError) as error:
        talk.print(f"error: {error}", style="red", markup=False)
        raise typer.Exit(1) from None


def _in_background(settings: Settings, talk: Console) -> bool:
    found = control_plane.running(settings.home)
    if found is not None and found.is_ready:
        talk.print(f"the cloud already runs at {found.url}")
        return True
    with talk.status("starting the cloud"):
        control_plane.detach(settings)
    _welcome(settings, talk)
    return True


def _in_foreground(settings: Settings, talk: Console) -> bool:
    with talk.status("waiting for the cloud that already runs here"):
        lock = control_plane.take_over(settings)
    if lock is None:
        talk.print(f"the cloud already runs at {settings.url}")
        return True
    with lock:
        if talk.is_terminal:
            return control_plane.run(
                settings,
                report=lambda sentence: talk.print(f"  {sentence}", markup=False),
                on_ready=lambda: _welcome(settings, talk),
            )
        logging.basicConfig(format="%(asctime)s %(message)s", level=logging.INFO)
        log = logging.getLogger("miniaws.supervisor")
        return control_plane.run(settings, report=log.info, on_ready=lambda: log.info("the cloud is ready"))


def _welcome(settings: Settings, talk: Console) -> None:
    talk.print(f"[green]the cloud is ready[/] at {settings.url}")
    talk.print(f"  your key is in {settings.credentials}; the command finds it by itself", markup=False)
    talk.print(WHAT_NOW, soft_wrap=True)


def _agreed(settings: Settings, found: engine_sweep.Labelled) -> bool:
    if not sys.stdin.isatty():
        raise Refused("cannot ask whether to remove everything without a terminal: add `--yes`")
    question = f"Remove {found} of the cloud {settings.cloud}, with all data in them?"
    return typer.confirm(question, err=True)
