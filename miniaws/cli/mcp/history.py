"""Tools about the past: ``timeline`` and ``diff``."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from miniaws.cli.mcp.asking import Asking, AsOf, Cursor, Kind, Limit, Moment
from miniaws.cli.mcp.resources import Tag, tag_filters, told
from miniaws.cli.noun import Document

Resource = Annotated[str | None, Field(description="Only this resource: name or id.")]
Since = Annotated[
    Moment | None, Field(description="Only events after this moment: RFC 3339, `10m ago` or a position.")
]
Earlier = Annotated[
    Moment, Field(description="The earlier moment: RFC 3339, `10m ago` or a position of the log.")
]


class Events(BaseModel):
    """Which events are wanted: those to which all of this applies."""

    model_config = ConfigDict(extra="forbid")

    resource: Resource = None
    kind: str | None = Field(default=None, description="Only resources of this kind, e.g. instance.")
    type: str | None = Field(default=None, description="Only this type of event, e.g. instance.crashed.")
    actor: str | None = Field(
        default=None, description="Only those caused by this key (name or id), or by `system:…`."
    )
    request: str | None = Field(
        default=None, description="Only those of this request: `request` of an event."
    )
    text: str | None = Field(default=None, description="Only those that contain this text.")


class HistoryTools(Asking):
    """Reads of what happened."""

    def timeline(
        self,
        *,
        only: Annotated[Events | None, Field(description="Default: all events.")] = None,
        since: Since = None,
        as_of: AsOf = None,
        order: Literal["newest", "oldest"] = "newest",
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> Document:
        """Show past events: when, who, which resource, what happened, and the position of the cause."""
        wanted = (only or Events()).model_dump()
        wanted["correlation"] = wanted.pop("request")
        span = {"from": since, "to": as_of, "order": order}
        found = self._read("/api/timeline", **wanted, **span, limit=limit, cursor=cursor)
        return {**found, "items": [told(event) for event in found["items"]]}

    def diff(
        self,
        *,
        since: Earlier,
        as_of: AsOf = None,
        kind: Kind = None,
        resource: Resource = None,
        tag: Tag = None,
    ) -> Document:
        """Show what was created, deleted and changed between two moments, field by field."""
        span = {"from": since, "to": as_of}
        found = self._read("/api/diff", **span, kind=kind, resource=resource, tag=tag_filters(tag))
        return {**found, "position": found["to"]}
