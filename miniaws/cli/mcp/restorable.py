"""The tool ``restorable``: which data can be brought back, and from when."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated

from pydantic import Field

from miniaws.cli import moments
from miniaws.cli.client import Client
from miniaws.cli.failures import NO_ANSWER, Failure
from miniaws.cli.mcp.asking import Asking, AsOf, at
from miniaws.cli.noun import Document


class RestorableTools(Asking):
    """Reads of archives, the trash and snapshots."""

    def restorable(
        self,
        name: Annotated[str | None, Field(description="Only this database or volume.")] = None,
        as_of: AsOf = None,
    ) -> Document:
        """Show what can be restored now: databases, also deleted ones, the trash, and snapshots of volumes.

        With `as_of`, say of each database whether it can be restored to that moment (`reaches`), and show only the
        newest snapshot of each volume taken by then.
        """
        with self._connect() as client:
            newest = client.read("/api/timeline", to=as_of, limit=1)
            wanted = _instant(as_of, newest)
            found = {
                "databases": [
                    _database(client, each, wanted)
                    for each in client.pages("/api/databases", None, name=name)
                ],
                "deleted_databases": [
                    _reached({"name": each["name"], "archive": each["id"], "ranges": ranges}, wanted)
                    for each in client.pages("/api/archives", None, name=name)
                    if (ranges := each["observed"]["ranges"]) is not None
                ],
                "trash": [
                    {key: each[key] for key in ("kind", "name", "id", "purges_at")}
                    for each in client.pages("/api/trash", None, name=name)
                ],
                "snapshots": _snapshots(
                    client.pages("/api/snapshots", None, status="available"), name, wanted
                ),
            }
        return {**found, "position": newest["position"]}


def _instant(as_of: str | None, newest: Document) -> datetime | None:
    """Return the time of a moment; that of a position is the time of its event."""
    if as_of is None:
        return None
    return datetime.fromisoformat(as_of if moments.is_instant(as_of) else newest["items"][0]["time"])


def _database(client: Client, database: Document, wanted: datetime | None) -> Document:
    shown: Document = {"name": database["name"], "id": database["id"]}
    try:
        found = client.read(at("database", database["id"], "restorable"))
    except Failure as failure:
        if failure.exit_code == NO_ANSWER:
            raise
        return {**shown, "ranges": [], "reason": str(failure)}  # e.g. a replica has no archive of its own
    kept = ("ranges", "gaps", "resolution")
    return _reached({**shown, **{key: found[key] for key in kept}}, wanted)


def _reached(shown: Document, wanted: datetime | None) -> Document:
    if wanted is None:
        return shown
    ranges: Sequence[Document] = shown["ranges"]
    spans = [tuple(datetime.fromisoformat(each[end]) for end in ("from", "to")) for each in ranges]
    return {**shown, "reaches": any(first <= wanted <= last for first, last in spans)}


def _snapshots(snapshots: Iterable[Document], volume: str | None, until: datetime | None) -> list[Document]:
    """Return a row for each volume in a snapshot, the newest first; only the newest of each by a moment, if given."""
    rows = [
        {"snapshot": each["name"], "id": each["id"], "volume": of["name"], "taken_at": taken_at}
        for each in snapshots
        for of in each["spec"]["volumes"]
        if (taken_at := each["observed"]["taken_at"]) and volume in {None, of["name"], of["id"]}
    ]
    rows.sort(key=lambda row: datetime.fromisoformat(row["taken_at"]), reverse=True)
    if until is None:
        return rows
    newest: dict[str, Document] = {}
    for row in rows:
        if datetime.fromisoformat(row["taken_at"]) <= until:
            newest.setdefault(row["volume"], row)
    return list(newest.values())
