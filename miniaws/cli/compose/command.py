"""``cloud import``."""

import sys
from pathlib import Path
from typing import Annotated

import typer
import yaml

from miniaws.cli import output, registry
from miniaws.cli.compose.conversion import Manifest, convert
from miniaws.cli.compose.notes import Notes
from miniaws.cli.compose.source import MOST_BYTES, parse
from miniaws.cli.failures import USAGE, Failure

app = registry.group("import")

File = Annotated[
    Path, typer.Argument(metavar="FILE", help="A Compose file, such as compose.yaml.", show_default=False)
]
Out = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="FILE", help="Where to write it. Default: standard output."),
]
Managed = Annotated[
    bool,
    typer.Option(
        "--managed",
        help="Turn services with the images postgres, mysql, mariadb, redis, valkey, rabbitmq and nats into "
        "databases, caches and queues.",
    ),
]


@app.callback()
def _import() -> None:
    """Turn a description of another tool into a manifest."""


@app.command("compose")
def compose(file: File, out: Out = None, *, managed: Managed = False) -> None:
    """Turn a Compose file into a manifest. Nothing is created.

    Each key that is not carried over is printed with its line, and the reason. Values that look like secrets are not
    written: the manifest refers to environment variables.
    """
    documents, notes = convert(parse(_read(file), str(file)), file.parent, uses_managed=managed)
    text = _written(file, documents)
    if out is None:
        sys.stdout.write(text)
    else:
        out.write_text(text, encoding="utf-8")
    _report(file, documents, notes)


def _read(file: Path) -> str:
    try:
        with file.open(encoding="utf-8") as opened:
            text = opened.read(MOST_BYTES + 1)
    except (OSError, UnicodeDecodeError) as error:
        raise Failure(f"cannot read {file}: {error}", USAGE) from None
    if len(text) > MOST_BYTES:
        raise Failure(f"cannot read {file}: it has more than {MOST_BYTES:,} characters", USAGE)
    return text


def _written(file: Path, documents: Manifest) -> str:

    parts = yaml.safe_dump_all(documents, sort_keys=False, allow_unicode=True, explicit_start=True)
    return f"# Written by `cloud import compose {file.name}`\n{parts}"


def _report(file: Path, documents: Manifest, notes: Notes) -> None:
    for note in sorted(set(notes.found)):
        output.say(f"{file}:{note.line}: {note}", "yellow" if note.is_lost else "")
    lost = sum(note.is_lost for note in set(notes.found))
    output.say(f"{len(documents)} resources; {lost} keys were not carried over", "" if lost else "green")
