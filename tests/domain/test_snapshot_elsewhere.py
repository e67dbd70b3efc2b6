"""The rules of copies of snapshots at targets."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from domain.aggregate import Claim
from domain.errors import Conflict
from domain.managed import BeingDeleted
from domain.snapshot import NextAction, Snapshot, SnapshotNotRestorable, next_action
from domain.snapshot.copies import CopyResult
from domain.snapshot.offsite_copies import Original
from tests.domain.refusals import refused
from tests.domain.test_snapshot import AT, KEY_ID, make, seen, taken, told


def original_of(snapshot: Snapshot) -> Original:
    assert snapshot.taken_at is not None
    return Original(
        snapshot.public_id,
        snapshot.name,
        snapshot.repository_id,
        snapshot.key_id,
        snapshot.copy_id,
        snapshot.taken_at,
        snapshot.held,
    )


def copy_of(snapshot: Snapshot, **more: Any) -> Snapshot:
    wanted: dict[str, Any] = {"name": "before-disk", "target": "disk", "repository_id": "r-2"}
    return make(volumes=snapshot.volumes, original=original_of(snapshot), **(wanted | more))


def test_only_what_can_be_read_and_is_here_is_copied() -> None:
    taken().refuse_to_copy()
    with refused(SnapshotNotRestorable, "cannot copy snapshot before: it is creating"):
        make().refuse_to_copy()
    damaged, deleting = taken(), taken()
    damaged.report_damaged("a pack is gone")
    deleting.delete()
    with refused(SnapshotNotRestorable, "it is damaged (a pack is gone)"):
        damaged.refuse_to_copy()
    with refused(BeingDeleted, "is deleting"):
        deleting.refuse_to_copy()
    with refused(Conflict, "it is a copy itself, at disk", "copy the one it was made from"):
        copy_is_there(taken()).refuse_to_copy()


def copy_is_there(original: Snapshot) -> Snapshot:
    copy = copy_of(original)
    copy.report_taken(CopyResult("c2", 3, 100, 90), taken_at=AT, log_position=5, paused=[], pause_ms=0)
    return copy


def test_until_it_is_made_it_holds_on_to_its_original_and_to_its_place_until_it_is_gone() -> None:
    original = taken()
    copy = copy_of(original)
    place = Claim(f"elsewhere/{original.public_id}", "disk", copy.id, "before-disk")
    source = Claim(f"restore/{original.public_id}", copy.public_id, copy.id, "before-disk")
    assert {place, source} < set(copy.conditions.claims)
    # It reads no volume, so volumes may go.
    assert not [claim for claim in copy.held_claims() if claim.scope.startswith("copy/")]
    copy.report_taken(CopyResult("c2", 3, 100, 90), taken_at=AT, log_position=5, paused=[], pause_ms=0)
    assert copy.conditions.releases == [source]
    copy.delete()
    assert place in copy.held_claims()
    copy.report_deleted()
    assert place in copy.conditions.releases


def test_one_given_up_before_it_is_made_lets_go_of_its_original() -> None:
    original = taken()
    copy = copy_of(original)
    copy.delete()
    assert f"restore/{original.public_id}" in {claim.scope for claim in copy.conditions.releases}


def test_it_knows_its_original_by_its_event_alone() -> None:
    original = taken("a", "b")
    (created,) = copy_of(original).collect_events()
    copy = created.mutate(None)
    assert isinstance(copy, Snapshot)
    assert copy.original == original_of(original)
    assert copy.original.taken_at - AT == timedelta(0)
    assert UUID(copy.original.key_id) == KEY_ID


def test_the_original_knows_how_its_copies_fare() -> None:
    original = taken()
    original.note_copy("snap-2", "before-disk", "disk")
    for _ in range(2):
        original.report_copy_failed("snap-2", "the disk is full")
    for _ in range(2):
        original.report_copied("snap-2", 90, 1200)
    original.report_copy_failed("snap-2", "too late to fail")
    for _ in range(2):
        original.report_copy_dropped("snap-2")
    original.report_copied("snap-2", 90, 1200)
    assert told(original)[2:] == ["CopyRequested", "CopyFailed", "Copied", "CopyDropped"]


def test_towards_a_copy_that_is_there() -> None:
    copy = copy_of(taken())
    assert next_action(copy, None, is_own_task=False) is NextAction.TRANSFER
    assert next_action(copy, seen("transfer", "running"), is_own_task=False) is NextAction.WAIT
    assert next_action(copy, seen("transfer", "failed"), is_own_task=False) is NextAction.FAIL
    assert next_action(copy, seen("transfer", "ended"), is_own_task=False) is NextAction.REPORT_TRANSFERRED
    there = copy_is_there(taken())
    assert next_action(there, seen("transfer", "ended"), is_own_task=False) is NextAction.END
    assert next_action(there, None, is_own_task=False) is NextAction.VERIFY
    copy.delete()
    assert next_action(copy, seen("transfer", "running"), is_own_task=False) is NextAction.END
    assert next_action(copy, None, is_own_task=False) is NextAction.FORGET
