"""Completion of names and kinds in the shell."""

import typer

from miniaws.cli.registry import COMMANDS, KINDS

_TIMEOUT_S = 3.0


def complete_names(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return the names that complete the text, of the kind that the command manages; ids for any kind."""
    kind = _kind(ctx)
    try:
        from miniaws.cli.client import connect  # noqa: PLC0415 - only needed once names are asked for

        with connect(timeout_s=_TIMEOUT_S) as client:
            page = client.read("/api/resources", kind=kind, limit=1000)
    except Exception:  # noqa: BLE001 - whatever fails, completion must not print over the line
        return []
    shown = [document["name" if kind else "id"] for document in page["items"]]
    return [name for name in shown if name.startswith(incomplete)]


def _kind(ctx: typer.Context) -> str | None:
    """Return the kind of the command that is typed, which may be a subcommand of any depth."""
    parent = ctx.parent
    while parent is not None:
        if parent.info_name in COMMANDS:
            return COMMANDS[parent.info_name].kind
        parent = parent.parent
    return None


def complete_kinds(incomplete: str) -> list[str]:
    """Return the kinds of resources that complete the text."""
    return [kind for kind in KINDS if kind.startswith(incomplete)]
