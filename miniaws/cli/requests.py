"""Groups events by the request that caused them, for the timeline."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from miniaws.cli.moments import seconds_between
from miniaws.cli.noun import Document

_GAP_S = 60
"""A later event of the same request is shown separately, e.g. a crash weeks after a launch."""


@dataclass(slots=True)
class Group:
    """The events of one request, oldest first. ``hidden`` counts those of parts of the resource."""

    events: list[Document] = field(default_factory=list[Document])
    hidden: int = 0


def grouped(events: Sequence[Document], *, newest_first: bool, with_parts: bool) -> list[Group]:
    """Return events grouped by request, in the order of their newest or oldest events."""
    groups: list[Group] = []
    last: dict[str, Group] = {}
    for event in sorted(events, key=lambda each: each["position"]):
        request = event["correlationid"]
        group = last.get(request) if request else None
        if group is None or seconds_between(group.events[-1]["time"], event["time"]) > _GAP_S:
            group = Group()
            groups.append(group)
            last[request] = group
        group.events.append(event)
    if newest_first:
        groups.sort(key=lambda each: -each.events[-1]["position"])
    return groups if with_parts else [_without_parts(each) for each in groups]


def _without_parts(group: Group) -> Group:
    """Leave out events of parts, unless there are no others."""
    shown = [event for event in group.events if not event["ispart"]]
    return Group(shown, len(group.events) - len(shown)) if shown else group
