"""The command ``cloud``: one file per noun, imported when the noun is used."""

import importlib
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from miniaws.cli.failures import EXIT_CODES, USAGE, Failure

_COMMANDS = {
    "up": ("miniaws.cli.up:up", "Start the cloud."),
    "down": ("miniaws.cli.up:down", "Stop the control plane."),
    "status": ("miniaws.cli.status:status", "Show the parts of the control plane."),
    "doctor": ("miniaws.cli.doctor:doctor", "Check this machine and installation."),
    "dashboard": ("miniaws.cli.dashboard:app", "The console, in a browser."),
    "instance": ("miniaws.cli.instance:app", "Containers that run a program."),
    "vpc": ("miniaws.cli.vpc:app", "Networks that keep instances apart."),
    "lb": ("miniaws.cli.load_balancer:app", "One address in front of many instances."),
    "volume": ("miniaws.cli.volume:app", "Files that outlive an instance."),
    "cache": ("miniaws.cli.cache:app", "Redis that runs for you."),
    "asg": ("miniaws.cli.scaling_group:app", "Groups that scale by what is measured."),
    "queue": ("miniaws.cli.queue:app", "RabbitMQ or NATS that runs for you."),
    "db": ("miniaws.cli.database:app", "Databases that run for you, and go back in time."),
    "archive": ("miniaws.cli.archive:app", "What databases are restored from."),
    "snapshot": ("miniaws.cli.snapshot:app", "Volumes as they were at one moment."),
    "orphan": ("miniaws.cli.orphan:app", "Things that nothing wants any more."),
    "key": ("miniaws.cli.access_key:app", "Keys that sign in."),
    "resource": ("miniaws.cli.resource:app", "Every kind of resource at once."),
    "timeline": ("miniaws.cli.timeline:timeline", "Show what happened, and who did it."),
    "events": ("miniaws.cli.events:events", "Follow what happens."),
    "diff": ("miniaws.cli.diff:diff", "Show what differs between two moments."),
    "usage": ("miniaws.cli.usage:usage", "Show how long what was used."),
    "admin": ("miniaws.cli.admin:app", "Check, renew and export the history."),
    "why": ("miniaws.cli.why:why", "Tell why a resource is as it is."),
}
"""Each command: where it is, and what it says of itself before it is imported."""


class Commands(TyperGroup):
    """Imports a command when it is used, and ends every failure in the same way."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.commands.update(
            {name: TyperCommand(name, help=sentence) for name, (_, sentence) in _COMMANDS.items()}
        )

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return the command itself in place of what stands in for it."""
        name, found, rest = super().resolve_command(ctx, args)
        return name, _load(name) if name in _COMMANDS else found, rest

    def invoke(self, ctx: Any) -> Any:
        """Run the command; whatever it could not do is one red sentence and an exit code."""
        try:
            return super().invoke(ctx)
        except Failure as failure:
            _end(failure)
        except ValueError as error:
            from pydantic import ValidationError  # noqa: PLC0415 - only when something is wrong

            if not isinstance(error, ValidationError) or error.title != "Settings":
                raise
            names = ", ".join(f"MINIAWS_{str(each['loc'][-1]).upper()}" for each in error.errors())
            wrong = "; ".join(each["msg"].lower() for each in error.errors())
            _end(Failure(f"cannot use the setting {names}: {wrong}", USAGE))


app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    epilog=EXIT_CODES,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:  # noqa: FBT001 - a callback
    if wanted:
        from importlib.metadata import version  # noqa: PLC0415 - only when asked for

        typer.echo(version("miniaws"))
        raise typer.Exit


@app.callback()
def cloud(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Run a cloud that you can rewind."""
    del version


def _load(name: str) -> Any:
    module, _, attribute = _COMMANDS[name][0].partition(":")
    found = getattr(importlib.import_module(module), attribute)
    if not isinstance(found, typer.Typer):
        alone = typer.Typer(add_completion=False)
        alone.command(name)(found)
        found = alone
    return typer.main.get_command(found)


def _end(failure: Failure) -> None:
    from miniaws.cli import output  # noqa: PLC0415 - only when something is wrong

    output.fail(failure)
    raise typer.Exit(failure.exit_code) from None
