"""``--watch`` of lists: reads a list again when the cloud reports an event."""

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from miniaws.cli import events
from miniaws.cli.noun import Document, Noun

if TYPE_CHECKING:
    from miniaws.cli.client import Client

_INTERVAL_S = 1.0
"""A list is not read more often than this."""


def versions(
    client: "Client", noun: Noun, limit: int | None, filters: dict[str, Any]
) -> Iterator[list[Document]]:
    """Yield the list now and after each change of it, without end. A lost stream is resumed."""
    position, shown = _read(client, noun, limit, filters)
    yield shown
    read_at = time.monotonic()
    for event in events.followed(client, position, {}):
        # Reads may be behind the stream while the controller is.
        while position < event["position"]:
            time.sleep(max(0.0, read_at + _INTERVAL_S - time.monotonic()))  # noqa: TID251 - limits the reads
            position, found = _read(client, noun, limit, filters)
            read_at = time.monotonic()
            if found != shown:
                shown = found
                yield shown


def _read(
    client: "Client", noun: Noun, limit: int | None, filters: dict[str, Any]
) -> tuple[int, list[Document]]:
    """Return a list, and a position that it is not older than."""
    position = client.read("/api/timeline", limit=1)["position"]
    return position, client.pages(noun.path, limit, **filters)
