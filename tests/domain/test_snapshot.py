"""The rules of snapshots, and their reconciliation."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.aggregate import Claim
from domain.errors import Invalid
from domain.managed import BeingDeleted
from domain.snapshot import NewSnapshot, NextAction, Snapshot, SnapshotNotRestorable, next_action, parent_of
from domain.snapshot.copies import CopyResult, SeenTask
from domain.volume import Origin, Volume, VolumeNotRestored
from tests.domain.refusals import refused

AT = datetime(2026, 1, 1, tzinfo=UTC)
KEY_ID = UUID(int=7)


def make(*volumes: str, **more: Any) -> Snapshot:
    wanted: dict[str, Any] = {
        "account_id": "main",
        "name": "before",
        "volumes": [{"id": f"vol-{word}", "name": word, "size_gb": None} for word in volumes or ("data",)],
        "repository_id": "r-1",
        "key_id": KEY_ID,
    }
    return Snapshot.create(NewSnapshot(**(wanted | more)))


def taken(*volumes: str, at: datetime = AT, copy_id: str = "c1", **more: Any) -> Snapshot:
    snapshot = make(*volumes, **more)
    copied = CopyResult(copy_id, 3, 100, 10)
    snapshot.report_taken(copied, taken_at=at, log_position=5, paused=["i-1"], pause_ms=12)
    return snapshot


def told(snapshot: Snapshot) -> list[str]:
    return [type(each).__name__ for each in snapshot.pending_events]


def test_while_it_is_taken_it_holds_its_volumes_and_then_lets_go() -> None:
    snapshot = make("a", "b")
    held = {claim.scope for claim in snapshot.held_claims()}
    assert {"copy/vol-a", "copy/vol-b", "copies/r-1", "alive"} < held
    snapshot.report_taken(CopyResult("c1", 1, 1, 1), taken_at=AT, log_position=1, paused=[], pause_ms=0)
    assert {claim.scope for claim in snapshot.conditions.releases} == {"copy/vol-a", "copy/vol-b"}
    assert not {"copy/vol-a", "copy/vol-b"} & {claim.scope for claim in snapshot.held_claims()}


def test_a_snapshot_of_nothing_is_refused() -> None:
    with refused(Invalid, "cannot take a snapshot: there is no volume", field="volume"):
        make(volumes=[])


def test_what_was_not_taken_is_not_restored() -> None:
    with refused(SnapshotNotRestorable, "it is creating"):
        make().restorable(None)
    with refused(SnapshotNotRestorable, "it is creating"):
        make().request_verification()


def test_what_is_damaged_is_not_restored_until_it_was_verified_again() -> None:
    snapshot = taken()
    snapshot.report_damaged("a pack is gone")
    assert (snapshot.status, snapshot.status_reason) == ("error", "a pack is gone")
    with refused(SnapshotNotRestorable, "a pack is gone"):
        snapshot.restorable(None)
    snapshot.report_available()
    assert snapshot.status == "error"
    snapshot.request_verification()
    assert snapshot.is_asked_to_verify
    snapshot.report_verified(AT)
    assert snapshot.status == "available"
    assert snapshot.restorable(None)["id"] == "vol-data"


def test_one_of_several_volumes_is_named_by_id_or_name() -> None:
    snapshot = taken("a", "b")
    assert snapshot.restorable("vol-a") == snapshot.restorable("a")
    with refused(Invalid, "must be one of a, b", field="volume"):
        snapshot.restorable(None)
    with refused(Invalid, "must be one of a, b", field="volume"):
        snapshot.restorable("c")


def test_what_is_being_deleted_is_neither_restored_nor_verified_nor_taken() -> None:
    snapshot = make()
    snapshot.delete()
    assert snapshot.conditions.unused == [f"restore/{snapshot.public_id}"]
    with refused(BeingDeleted, "is deleting"):
        snapshot.restorable(None)
    with refused(BeingDeleted, "is deleting"):
        snapshot.request_verification()
    snapshot.report_taken(CopyResult("c1", 1, 1, 1), taken_at=AT, log_position=1, paused=[], pause_ms=0)
    snapshot.report_verified(AT)
    snapshot.report_damaged("no matter")
    assert told(snapshot) == ["CreateRequested", "DeleteRequested"]


def test_its_key_and_its_place_are_given_back_with_it() -> None:
    snapshot = taken()
    assert snapshot.held_secrets() == [KEY_ID]
    snapshot.delete()
    assert Claim("copies/r-1", snapshot.public_id, snapshot.id) in snapshot.held_claims()
    snapshot.report_deleted()
    assert snapshot.conditions.erases == [KEY_ID]
    assert (snapshot.held_claims(), snapshot.held_secrets()) == ([], [])


def test_a_volume_holds_on_to_its_snapshot_until_its_files_are_there() -> None:
    volume = Volume.create("main", "new", None, {}, Origin("snap-1", "before", "vol-data"))
    claim = Claim("restore/snap-1", volume.public_id, volume.id, "new")
    assert claim in volume.conditions.claims
    assert claim in volume.held_claims()
    with refused(VolumeNotRestored, "it is being restored"):
        volume.attach("i-1", "web", "/data")
    volume.report_available()
    assert volume.conditions.releases == [claim]
    assert claim not in volume.held_claims()


def test_a_volume_given_up_while_it_is_restored_lets_go_of_its_snapshot_in_the_end() -> None:
    volume = Volume.create("main", "new", None, {}, Origin("snap-1", "before", "vol-data"))
    volume.delete()
    assert volume.conditions.unused == [f"copy/{volume.public_id}"]
    assert len(volume.held_claims()) == 2
    volume.report_deleted()
    assert len(volume.conditions.releases) == 2


def test_the_newest_copy_that_holds_all_is_the_parent() -> None:
    whole = taken("a", "b", at=AT, copy_id="whole")
    newer = taken("a", at=AT + timedelta(hours=1), copy_id="newer")
    others = [whole, newer, make("a", "b"), taken("a", "b", copy_id="elsewhere", repository_id="r-2")]
    assert parent_of(make("a"), others) == "newer"
    assert parent_of(make("a", "b"), others) == "whole"
    assert not parent_of(make("c"), others)
    newer.delete()
    whole.report_damaged("lost")
    assert not parent_of(make("a"), [whole, newer])


def seen(verb: str, state: str, **more: Any) -> SeenTask:
    return SeenTask(verb, state, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("task", "is_own_task", "step"),
    [
        (None, False, NextAction.COPY),
        (seen("copy", "running"), False, NextAction.WAIT),
        (seen("copy", "ended"), False, NextAction.REPORT_TAKEN),
        (seen("copy", "failed"), False, NextAction.FAIL),
        (seen("copy", "running", waits=True), True, NextAction.WAIT),
        (seen("copy", "ready", waits=True), True, NextAction.TAKE),
        (seen("copy", "ready", waits=True), False, NextAction.START_OVER),
        (seen("copy", "running", waits=True), False, NextAction.START_OVER),
        (seen("copy", "ended", waits=True), False, NextAction.START_OVER),
        (seen("verify", "ended"), False, NextAction.END),
    ],
)
def test_towards_taken(task: SeenTask | None, is_own_task: bool, step: NextAction) -> None:  # noqa: FBT001
    assert next_action(make(), task, is_own_task=is_own_task) is step


@pytest.mark.parametrize(
    ("task", "step"),
    [
        (None, NextAction.VERIFY),
        (seen("copy", "ended"), NextAction.END),
        (seen("verify", "running"), NextAction.WAIT),
        (seen("verify", "ended"), NextAction.REPORT_VERIFIED),
        (seen("verify", "failed"), NextAction.FAIL),
        (seen("verify", "failed", is_damage=True), NextAction.REPORT_DAMAGED),
    ],
)
def test_towards_verified(task: SeenTask | None, step: NextAction) -> None:
    assert next_action(taken(), task, is_own_task=False) is step


def test_what_is_verified_or_damaged_rests_and_ends_what_is_left() -> None:
    verified, damaged, failed = taken(), taken(), taken()
    for snapshot in (verified, failed):
        snapshot.report_verified(AT)
    damaged.report_damaged("lost")
    failed.report_failed("the engine does not answer")
    assert next_action(verified, None, is_own_task=False) is NextAction.NOTHING
    assert next_action(verified, seen("verify", "ended"), is_own_task=False) is NextAction.END
    assert next_action(damaged, None, is_own_task=False) is NextAction.NOTHING
    assert next_action(failed, None, is_own_task=False) is NextAction.REPORT_AVAILABLE


def test_towards_deleted() -> None:
    snapshot = taken()
    snapshot.delete()
    assert (
        next_action(snapshot, seen("copy", "running", waits=True), is_own_task=False) is NextAction.START_OVER
    )
    assert next_action(snapshot, seen("copy", "running", waits=True), is_own_task=True) is NextAction.END
    assert next_action(snapshot, None, is_own_task=False) is NextAction.FORGET
    assert next_action(snapshot, seen("forget", "running"), is_own_task=False) is NextAction.WAIT
    assert next_action(snapshot, seen("forget", "ended"), is_own_task=False) is NextAction.REPORT_DELETED
    snapshot.report_deleted()
    assert next_action(snapshot, None, is_own_task=False) is NextAction.NOTHING
