"""The rules of scheduled snapshots."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.errors import Invalid
from domain.managed import BeingDeleted
from domain.snapshot.schedule import ScheduledSnapshot, SnapshotPolicy, expired
from domain.volume import Volume
from tests.domain.pretended import told
from tests.domain.refusals import refused

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
HOURLY = SnapshotPolicy("0 * * * *", retention_days=2, retention_count=3)


def volume(policy: SnapshotPolicy | None = HOURLY) -> Volume:
    found = Volume.create("main", "data", None, {})
    found.report_available()
    if policy is not None:
        found.change_snapshot_policy(policy, NOON)
    told(found)
    return found


def taken(*hours_ago: float) -> list[ScheduledSnapshot]:
    return [ScheduledSnapshot(f"snap-{hours}", "data", NOON - HOUR * hours) for hours in hours_ago]


def test_kept_is_what_is_young_and_among_the_newest() -> None:
    assert expired(HOURLY, taken(1, 2, 3), NOON) == []
    assert expired(HOURLY, taken(1, 2, 3, 4), NOON) == taken(4)
    assert expired(HOURLY, taken(47, 49, 1), NOON) == taken(49)
    assert expired(SnapshotPolicy("0 * * * *", 1), taken(*range(1, 30)), NOON) == taken(*range(29, 23, -1))


@pytest.mark.parametrize(
    ("wrong", "field", "words"),
    [
        ({"schedule": "61 * * * *"}, "schedule", ("`61 * * * *`", "five fields")),
        ({"schedule": "@daily"}, "schedule", ("five fields",)),
        ({"schedule": "H 3 * * *"}, "schedule", ("five fields",)),
        ({"schedule": "0 0 31 2 *"}, "schedule", ("`0 0 31 2 *`", "must match a date")),
        ({"retention_days": 0}, "retention_days", ("not 0", "from 1 to 3650")),
        ({"retention_count": 1001}, "retention_count", ("not 1001", "from 1 to 1000")),
    ],
)
def test_a_policy_that_cannot_be_kept_is_refused(
    wrong: dict[str, Any], field: str, words: tuple[str, ...]
) -> None:
    found = volume(None)
    with refused(Invalid, *words, field=field):
        found.change_snapshot_policy(SnapshotPolicy(**wrong), NOON)
    assert told(found) == []


def test_what_is_asked_for_again_is_no_change() -> None:
    found = volume()
    found.change_snapshot_policy(SnapshotPolicy("0 * * * *", 2, 3), NOON + HOUR)
    assert (told(found), found.snapshots_until) == ([], NOON)
    found.change_snapshot_policy(None, NOON)
    assert (told(found), found.snapshot_policy) == (["snapshot_policy_changed"], None)


def test_what_is_being_deleted_gets_no_policy_and_misses_nothing() -> None:
    found = volume(None)
    found.delete()
    with refused(BeingDeleted, "data", "deleting"):
        found.change_snapshot_policy(HOURLY, NOON)
    found.report_snapshot_missed(NOON, 1, "gone")
    assert told(found) == ["delete_requested"]


def test_a_moment_is_dealt_with_once() -> None:
    found = volume()
    found.report_snapshot_missed(NOON + HOUR, 1, "busy")
    found.report_snapshot_missed(NOON + HOUR, 1, "busy")
    found.note_snapshot("snap-1", "data-1", NOON + 2 * HOUR)
    found.report_snapshot_missed(NOON + 2 * HOUR, 1, "busy")
    assert told(found) == ["snapshot_missed", "snapshot_requested"]


def test_a_dropped_snapshot_is_forgotten() -> None:
    found = volume()
    found.note_snapshot("snap-1", "data-1", NOON + HOUR)
    found.drop_snapshot("snap-1", "its time is up")
    found.drop_snapshot("snap-1", "its time is up")
    assert (told(found), found.scheduled) == (["snapshot_requested", "snapshot_dropped"], ())
