"""The command ``cloud``: one module per subcommand, imported when it is used."""

import importlib
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from miniaws.cli import examples, profiles
from miniaws.cli.failures import EXIT_CODES, USAGE, Failure
from miniaws.cli.parameters import command
from miniaws.cli.registry import COMMANDS
from miniaws.cli.suggestions import SuggestingGroup


class Commands(SuggestingGroup):
    """Import a command when it is used, and report every failure in the same way."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.commands.update({name: TyperCommand(name, help=entry.help) for name, entry in COMMANDS.items()})

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Import the command, and return it in place of its placeholder."""
        name, found, rest = super().resolve_command(ctx, args)
        return name, _load(name) if name in COMMANDS else found, rest

    def invoke(self, ctx: Any) -> Any:
        """Run the command; print a failure as one sentence, and end with its exit code."""
        try:
            return super().invoke(ctx)
        except Failure as failure:
            _end(failure)
        except ValueError as error:
            from pydantic import ValidationError  # noqa: PLC0415 - only when something is wrong

            if not isinstance(error, ValidationError) or error.title != "Settings":
                raise
            from miniaws import validation  # noqa: PLC0415 - as above

            wrong = (
                f"`MINIAWS_{str(each['loc'][-1]).upper()}` {validation.rule(each)}" for each in error.errors()
            )
            _end(Failure("; ".join(wrong), USAGE))


app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    epilog=EXIT_CODES,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(*, show: bool) -> None:
    if show:
        from importlib.metadata import version  # noqa: PLC0415 - only when asked for

        typer.echo(version("miniaws"))
        raise typer.Exit


@app.callback()
def cloud(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
    profile: Annotated[
        str | None,
        typer.Option("--profile", metavar="NAME", help="Use this profile, see `cloud config list`."),
    ] = None,
) -> None:
    """Manage a self-hosted cloud that keeps its complete history."""
    del version
    profiles.OPTION.set(profile)


def _load(name: str) -> Any:
    module, _, attribute = COMMANDS[name].target.partition(":")
    found = getattr(importlib.import_module(module), attribute)
    if not isinstance(found, typer.Typer):
        alone = typer.Typer(add_completion=False)
        command(alone, name)(found)
        found = alone
    loaded = typer.main.get_command(found)
    examples.add(loaded, name)
    return loaded


def _end(failure: Failure) -> None:
    from miniaws.cli import output  # noqa: PLC0415 - only when something is wrong

    output.fail(failure)
    raise typer.Exit(failure.exit_code) from None
