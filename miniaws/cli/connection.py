"""Connects when a command needs it: help and completion do without the weight of HTTP and settings."""

from collections.abc import Generator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING

from miniaws.cli import output

if TYPE_CHECKING:
    from miniaws.cli.client import Client


@contextmanager
def connected(doing: str | None = "asking the cloud") -> Generator["Client"]:
    """Open a client, and show what is under way, if anything."""
    from miniaws.cli.client import connect  # noqa: PLC0415 - see above

    with connect() as client, output.working(doing) if doing else nullcontext():
        yield client
