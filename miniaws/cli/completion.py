"""Names for the shell to complete; silent and quick, or nothing at all."""

import typer

_KINDS = {
    "instance": "instance",
    "vpc": "vpc",
    "volume": "volume",
    "cache": "cache",
    "queue": "queue",
    "db": "database",
    "archive": "archive",
    "key": "access_key",
}
_PATIENCE_S = 1.0


def complete_names(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return the names that begin so, of the noun whose command is being typed; of resources their ids."""
    word = ctx.parent.info_name if ctx.parent else None
    kind = _KINDS.get(word or "")
    try:
        from miniaws.cli.client import connect  # noqa: PLC0415 - only needed once names are asked for

        with connect(patience_s=_PATIENCE_S) as client:
            page = client.read("/api/resources", kind=kind, limit=1000)
    except Exception:  # noqa: BLE001 - whatever is amiss, a Tab must not print a traceback over the line
        return []
    shown = [document["name" if kind else "id"] for document in page["items"]]
    return [name for name in shown if name.startswith(incomplete)]
