"""Answers about the past: the timeline, histories, differences, usage."""

from datetime import datetime
from typing import Any, NotRequired

from typing_extensions import TypedDict

from projections.activity import CloudEvent
from projections.changes import Change
from projections.document import ResourceDocument

TimeRange = TypedDict("TimeRange", {"from": datetime, "to": datetime})


class EventPage(TypedDict):
    """Events of the timeline."""

    items: list[CloudEvent]
    position: int
    next_cursor: str | None


class EstateDocument(TypedDict):
    """A resource as a manifest describes it."""

    kind: str
    name: str
    tags: dict[str, str]
    running: NotRequired[bool]
    """False for one that was stopped; left out otherwise."""
    spec: dict[str, Any]


class Estate(TypedDict):
    """The resources of an account, in an order in which they can be created."""

    position: int
    documents: list[EstateDocument]


class NewestEvents(TypedDict):
    """The newest events."""

    items: list[CloudEvent]
    position: int


class DensityPart(TypedDict):
    """A part of a time range: its events, and how many of them are failures."""

    at: datetime
    after: int
    count: int
    failures: int


Density = TypedDict(
    "Density",
    {
        "from": datetime | None,
        "to": datetime | None,
        "count": int,
        "items": list[DensityPart],
        "position": int,
    },
)


class HistoryVersion(ResourceDocument):
    """A version of a resource, with its differences from the version before and its event."""

    kind: str
    spec: dict[str, Any]
    observed: dict[str, Any]
    changes: list[Change]
    event: CloudEvent


class History(TypedDict):
    """All versions of a resource."""

    items: list[HistoryVersion]
    position: int


class Causes(TypedDict):
    """Why a resource has its status: a sentence, and the chain of events, newest first."""

    id: str
    kind: str
    name: str
    status: str
    status_reason: str | None
    why: str
    chain: list[CloudEvent]
    position: int


class DiffEntry(TypedDict):
    """A resource that differs between two moments; the full form is its document."""

    id: str
    kind: str
    name: str
    status: str
    status_reason: str | None
    account_id: NotRequired[str]
    tags: NotRequired[dict[str, str]]
    version: NotRequired[int]
    position: NotRequired[int]
    created_at: NotRequired[str]
    updated_at: NotRequired[str]
    created_by: NotRequired[str]
    spec: NotRequired[dict[str, Any]]
    observed: NotRequired[dict[str, Any]]


class ChangedResource(TypedDict):
    """A resource that changed between two moments."""

    id: str
    kind: str
    name: str
    status: str
    status_reason: str | None
    changes: list[Change]


class DiffCounts(TypedDict):
    """How many resources differ."""

    created: int
    deleted: int
    changed: int


Diff = TypedDict(
    "Diff",
    {
        "from": int,
        "to": int,
        "created": list[DiffEntry],
        "deleted": list[DiffEntry],
        "changed": list[ChangedResource],
        "counts": DiffCounts,
    },
)


class UsageAmounts(TypedDict):
    """Usage by measure."""

    hours: dict[str, float]
    seconds: dict[str, float]


class UsageGroup(UsageAmounts):
    """The usage of a group; null is the group of resources without such a type or tag."""

    group: str | None


Usage = TypedDict(
    "Usage",
    {
        "from": str | None,
        "to": str,
        "position": int,
        "group_by": str,
        "items": list[UsageGroup],
        "total": UsageAmounts,
    },
)
