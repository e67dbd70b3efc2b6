"""Arguments after ``--``, which are a program and its arguments."""

from typing import Any

import typer
from typer.core import TyperCommand

_PROGRAM = "miniaws.program"


class WithProgram(TyperCommand):
    """A command that takes a program and its arguments after ``--``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Remove the program before options and arguments are parsed."""
        if "--" in args:
            at = args.index("--")
            ctx.meta[_PROGRAM] = args[at + 1 :]
            args = args[:at]
        return super().parse_args(ctx, args)

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """Add the program to the usage line."""
        return [*super().collect_usage_pieces(ctx), "[-- PROGRAM [ARGS]...]"]


def program_of(ctx: typer.Context) -> list[str] | None:
    """Return the program and its arguments; None when there is none."""
    return ctx.meta.get(_PROGRAM) or None
