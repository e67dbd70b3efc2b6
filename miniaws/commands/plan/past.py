"""Desired estates from the past: of a rewind, an undo and a fork."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from domain import moments
from domain.archive import Archive, archive_uuid
from domain.database import Database
from domain.errors import NotFound
from domain.plan import Estate
from domain.plan.fork import fork
from domain.plan.options import Data, Mode, Options
from domain.plan.scope import forked, matches, rewound
from domain.plan.undo import undo
from domain.values import must, parse_id, shown
from miniaws.application import Cloud
from miniaws.commands.plan import estates
from miniaws.commands.plan.bodies import ForkPlan, RemovePlan, RewindPlan, UndoPlan
from projections.activity import CloudEvent, Filter
from projections.document import Document
from projections.estate import estate

_MOST_EVENTS = 10_000
_SYSTEM = "system:"
_SWAPPED = frozenset({"database.replaced", "database.place_taken"})
"""What a restore in place does once the database is restored: somebody asked for it."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment of the past."""

    position: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Wanted:
    """A desired estate, and how the plan is computed."""

    desired: Estate
    options: Options
    moment: Moment | None = field(default=None)


async def of_rewind(cloud: Cloud, account: str, asked: RewindPlan, current: Estate) -> Wanted:
    """Return the estate to rewind to. Raises Invalid."""
    moment = await moment_of(cloud, asked.to)
    desired = await estates.at_position(cloud, account, moment.position)
    scope = rewound(desired, current, asked.scope.filter())
    options = Options(mode=Mode.REWIND, data=Data(asked.data), to=moment.at.isoformat(), scope=scope)
    return Wanted(desired, options, moment)


async def of_fork(cloud: Cloud, account: str, asked: ForkPlan) -> Wanted:
    """Return copies of the estate of a moment. Raises Invalid, NotFound."""
    moment = await moment_of(cloud, asked.to or str(await cloud.ports.inventory.position()))
    originals = forked(await estates.at_position(cloud, account, moment.position), asked.scope.filter())
    if not originals:
        raise NotFound("cannot fork nothing: no resource of that moment matches the scope", field="scope")
    copies = fork(originals, asked.name, {int(port): to for port, to in asked.publish.items()})
    options = Options(mode=Mode.FORK, to=moment.at.isoformat(), originals=copies.originals)
    return Wanted(copies.copies, options, moment)


async def of_undo(cloud: Cloud, account: str, asked: UndoPlan, current: Estate, at: int) -> Wanted:
    """Return the estate without what a request did. Raises Invalid, NotFound."""
    spans = await _changed(cloud, account, await _request(cloud, account, asked), at)
    before = await _estate(cloud, account, {each: first - 1 for each, (first, _) in spans.items()})
    after = await _estate(cloud, account, {each: last for each, (_, last) in spans.items()})
    undone = undo(before, after, current, is_forced=asked.force)
    return Wanted(undone.desired, Options(mode=Mode.UNDO, scope=undone.scope, conflicts=undone.conflicts))


def of_removal(asked: RemovePlan, current: Estate) -> Wanted:
    """Return the estate without what matches. Raises Invalid, NotFound."""
    wanted = asked.scope.filter()
    if wanted.is_everything:
        raise must("scope", "say which resources to remove")
    removed = matches(current, wanted)
    if not removed:
        raise NotFound("cannot find anything to remove: no resource matches the scope", field="scope")
    desired = {key: each for key, each in current.items() if key not in removed}
    return Wanted(desired, Options(mode=Mode.REWIND, scope=removed))


async def moment_of(cloud: Cloud, text: str) -> Moment:
    """Return the moment that an instant or a position names. Raises Invalid; the future is refused."""
    inventory = cloud.ports.inventory
    if text.isascii() and text.isdigit():
        position = int(text)
        at = await inventory.recorded_at(position)
        if at is None or position > await cloud.ports.store.head():
            raise must("to", "be the position of an event", text)
        return Moment(position, at)
    instant = moments.instant(text)
    if instant is None:
        raise must("to", f"be {moments.FORM}, or a position", text)
    position, is_future = await inventory.at_instant(instant)
    if is_future:
        raise must("to", "be in the past", text)
    return Moment(position, instant)


async def _request(cloud: Cloud, account: str, asked: UndoPlan) -> str:
    """Return the id of the request to undo."""
    if (asked.position is None) == (asked.request is None):
        raise must("position", "be given, or `request`, but not both")
    if asked.position is None:
        return asked.request or ""
    around = Filter(account, after=asked.position - 1, before=asked.position + 1, limit=1)
    found = await cloud.ports.activity.timeline(around)
    if not found or found[0]["correlationid"] is None:
        raise NotFound(
            f"cannot find the request of position {asked.position}: no request led to such an event",
            field="position",
        )
    return found[0]["correlationid"]


async def _changed(cloud: Cloud, account: str, request: str, at: int) -> Mapping[UUID, tuple[int, int]]:
    """Return what a request changed, with the positions of its first and last event of each resource.

    What process managers report because of it is no part of it: somebody else may have changed a resource before. The
    exchange of two databases is: it is what a restore in place is requested for.
    """
    wanted = Filter(account, before=at + 1, correlation=request, newest_first=False, limit=_MOST_EVENTS)
    events = await cloud.ports.activity.timeline(wanted)
    if not events:
        raise NotFound(f"cannot find the request {shown(request)}: it changed nothing", field="request")
    spans: dict[UUID, tuple[int, int]] = {}
    for event in events:
        if event["actor"].startswith(_SYSTEM) and event["type"] not in _SWAPPED:
            continue
        for resource in _about(event):
            first, _ = spans.get(resource, (event["position"], 0))
            spans[resource] = (first, event["position"])
    return spans


def _about(event: CloudEvent) -> Iterable[UUID]:
    """Return the resource of an event; the policy of an archive is a part of its database."""
    parsed = parse_id(event["subject"])
    return () if parsed is None else (parsed[1],)


async def _estate(cloud: Cloud, account: str, positions: Mapping[UUID, int]) -> Estate:
    """Return an estate of some resources, each as it was at a position of its own."""
    parts: dict[str, Document] = {}
    own: dict[str, Document] = {}
    for resource, position in positions.items():
        for index, each in enumerate(await with_parts(cloud, account, resource, position)):
            (parts if index else own)[each["id"]] = each
    return estate({**parts, **own}.values())


async def with_parts(cloud: Cloud, account: str, resource: UUID, at: int) -> list[Document]:
    """Return the document of a resource at a position, with those of its volume and its archive."""
    document = await _one(cloud, account, resource, at)
    if document is None:
        return []
    parts: list[UUID] = []
    if document["kind"] == Database.KIND:
        parts.append(archive_uuid(document["id"]))
    if document["kind"] == Archive.KIND:
        parts += _uuids(document["spec"]["database"]["id"])
    parts += _uuids(document["spec"].get("volume"))
    found = [await _one(cloud, account, part, at) for part in parts]
    return [document, *(each for each in found if each is not None)]


def _uuids(resource_id: Any) -> list[UUID]:
    parsed = parse_id(resource_id) if isinstance(resource_id, str) else None
    return [] if parsed is None else [parsed[1]]


async def _one(cloud: Cloud, account: str, resource: UUID, at: int) -> Document | None:
    found = await cloud.ports.inventory.one(resource, account, at)
    return None if found is None else orjson.loads(found)
