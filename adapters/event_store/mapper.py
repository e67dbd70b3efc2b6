"""Converts domain events to JSON and back; a plan per event class restores the types."""

import typing
from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from eventsourcing.domain import DomainEventProtocol
from eventsourcing.persistence import Mapper, StoredEvent, Transcoder
from eventsourcing.utils import get_topic, resolve_topic

from domain.aggregate import upcast

_Restore = tuple[tuple[str, Callable[[Any], Any]], ...]


class OrjsonTranscoder(Transcoder):
    """JSON by orjson; the library requires a transcoder to build a mapper."""

    def encode(self, obj: Any) -> bytes:
        """Return the object as JSON."""
        return orjson.dumps(obj)

    def decode(self, data: bytes) -> Any:
        """Return the value of the JSON."""
        return orjson.loads(data)


class OrjsonMapper(Mapper[UUID]):
    """Stores the fields of an event, without those that follow from its name."""

    def __init__(self) -> None:
        super().__init__(OrjsonTranscoder())
        self._plans: dict[str, tuple[type[Any], _Restore, bool]] = {}

    def to_stored_event(self, domain_event: DomainEventProtocol[UUID]) -> StoredEvent:
        """Return the event in its stored form."""
        state = dict(vars(domain_event))
        originator_id = state.pop("originator_id")
        version = state.pop("originator_version")
        state.pop("originator_topic", None)
        event_class = type(domain_event)
        class_version: int = getattr(event_class, "class_version", 1)
        if class_version > 1:
            state["class_version"] = class_version
        return StoredEvent(originator_id, version, get_topic(event_class), orjson.dumps(state))

    def to_domain_event(self, stored_event: StoredEvent) -> DomainEventProtocol[UUID]:
        """Return the event as it was triggered, in the newest version of its class."""
        event_class, restore, creates = self._plan(stored_event.topic)
        state = upcast(stored_event.topic, orjson.loads(stored_event.state))
        for field, convert in restore:
            if state.get(field) is not None:
                state[field] = convert(state[field])
        state["originator_id"] = stored_event.originator_id
        state["originator_version"] = stored_event.originator_version
        if creates:
            state["originator_topic"] = stored_event.topic.split(".")[0]
        event = object.__new__(event_class)
        object.__setattr__(event, "__dict__", state)
        return event

    def _plan(self, topic: str) -> tuple[type[Any], _Restore, bool]:
        if topic not in self._plans:
            event_class: type[Any] = resolve_topic(topic)
            hints = typing.get_type_hints(event_class)
            restore = tuple(
                (field, convert)
                for field, hint in hints.items()
                if field != "originator_id" and (convert := _converter(hint)) is not None
            )
            self._plans[topic] = (event_class, restore, "originator_topic" in hints)
        return self._plans[topic]


def _converter(hint: Any) -> Callable[[Any], Any] | None:
    kinds = {hint, *typing.get_args(hint)}
    if datetime in kinds:
        return datetime.fromisoformat
    if UUID in kinds:
        return UUID
    return None
