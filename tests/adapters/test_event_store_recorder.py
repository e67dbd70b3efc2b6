"""The test cases that the eventsourcing library ships for recorders, run against ours."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

import orjson
import pytest
from eventsourcing.persistence import (
    AggregateRecorder,
    ApplicationRecorder,
    Notification,
    StoredEvent,
)
from eventsourcing.tests import persistence as shipped

from adapters.event_store import migrate
from adapters.event_store.recorder import EventRecorder
from adapters.event_store.store import datastore


def _in_json(event: StoredEvent) -> StoredEvent:
    return replace(event, state=orjson.dumps(event.state.decode()))


def _state(event: StoredEvent) -> bytes:
    return cast("str", orjson.loads(event.state)).encode()


class JsonRecorder(EventRecorder):
    """The library's cases store text such as ``state1``; in our column it is a JSON string."""

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int] | None:
        return super().insert_events([_in_json(event) for event in stored_events], **kwargs)

    def select_events(self, *args: Any, **kwargs: Any) -> Sequence[StoredEvent]:
        return [replace(event, state=_state(event)) for event in super().select_events(*args, **kwargs)]

    def select_notifications(self, *args: Any, **kwargs: Any) -> list[Notification]:
        found = super().select_notifications(*args, **kwargs)
        return [replace(notification, state=_state(notification)) for notification in found]


class SilentRecorder(JsonRecorder):
    """A recorder of aggregates only, in the library's sense, has no positions."""

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int] | None:
        super().insert_events(stored_events, **kwargs)
        return None


class _OnOurTable(shipped.RecorderTestCase):
    recorder_class: type[JsonRecorder] = JsonRecorder

    @pytest.fixture(autouse=True)
    def _store(self, database_url: str) -> None:
        migrate(database_url)
        self.database_url = database_url

    def create_recorder(self) -> JsonRecorder:
        connected = datastore(self.database_url, pool_size=12)
        self.addCleanup(connected.close)
        return self.recorder_class(connected)


class TestApplicationRecorder(_OnOurTable, shipped.ApplicationRecorderTestCase[ApplicationRecorder]):
    EXPECT_CONTIGUOUS_NOTIFICATION_IDS = False


class TestNonInterleavingPositions(_OnOurTable, shipped.NonInterleavingNotificationIDsBaseCase):
    pass


class TestAggregateRecorder(_OnOurTable, shipped.AggregateRecorderTestCase):
    recorder_class = SilentRecorder

    def create_recorder(self) -> AggregateRecorder:  # pyright: ignore[reportIncompatibleMethodOverride]
        return super().create_recorder()


def test_the_librarys_database_functions_are_refused(database_url: str) -> None:
    migrate(database_url)
    connected = datastore(database_url, pool_size=1)
    connected.enable_db_functions = True
    with pytest.raises(ValueError, match="they lose events"):
        EventRecorder(connected)
    connected.close()
