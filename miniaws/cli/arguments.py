"""Arguments that click alone cannot tell apart: a program and its arguments after ``--``."""

from typing import Any

import typer
from typer.core import TyperCommand

_PROGRAM = "miniaws.program"


class WithProgram(TyperCommand):
    """A command that keeps what follows ``--`` for another program."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Take the program away before options and arguments are read."""
        if "--" in args:
            at = args.index("--")
            ctx.meta[_PROGRAM] = args[at + 1 :]
            args = args[:at]
        return super().parse_args(ctx, args)

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """Show where the program belongs."""
        return [*super().collect_usage_pieces(ctx), "[-- PROGRAM [ARGS]...]"]


def program_of(ctx: typer.Context) -> list[str]:
    """Return the program and its arguments; empty when there is none."""
    return ctx.meta.get(_PROGRAM, [])
