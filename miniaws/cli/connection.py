"""Connects on demand, so that help and completion do not import the HTTP client."""

from collections.abc import Generator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING

from miniaws.cli import output

if TYPE_CHECKING:
    from miniaws.cli.client import Client


@contextmanager
def connected(doing: str | None = "asking the cloud") -> Generator["Client"]:
    """Open a client, and show a progress message unless it is None."""
    from miniaws.cli.client import connect  # noqa: PLC0415 - see above

    with connect() as client, output.working(doing) if doing else nullcontext() as progress:
        if progress is not None:
            client.on_progress = progress
        yield client
