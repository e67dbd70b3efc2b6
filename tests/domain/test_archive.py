"""Archives: which moments can be restored, and what is removed."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from domain.archive import (
    ArchiveClosed,
    ArchiveContents,
    ArchiveInUse,
    BackupUnderWay,
    Mark,
    NotRestorable,
    Policy,
    archive_uuid,
    drill_due,
    due_at,
    holds_more,
    late_at,
    lost_after,
    plan,
    restorable_ranges,
)
from domain.archive.schedule import check, expired
from domain.errors import Invalid
from domain.managed import BeingDeleted
from tests.domain.databases import NOON, archive, backed_up, backup
from tests.domain.pretended import told
from tests.domain.refusals import refused

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def held(*numbers: int, **marks: float) -> ArchiveContents:
    """Return an archive that holds these files of the log; ``n12=3`` marks 15 h in file 12."""
    found = [Mark(NOON + HOUR * hours, int(name[1:])) for name, hours in marks.items()]
    return ArchiveContents(dict.fromkeys(numbers, 100), sorted(found, key=lambda mark: mark.at))


def at(hours: float) -> datetime:
    return NOON + HOUR * hours


# Moments


def test_the_log_leads_from_a_backup_to_its_newest_mark() -> None:
    found = restorable_ranges([backup(1, 0)], held(10, 11, 12, n10=1, n12=3))
    assert [(each.from_, each.to) for each in found] == [(at(0), at(3))]


def test_a_backup_without_log_leads_to_its_own_moment() -> None:
    assert restorable_ranges([backup(1, 0)], held())[0].to == at(0)


def test_nothing_leads_back_before_the_first_backup() -> None:
    assert restorable_ranges([], held(1, 2, n2=1)) == []
    with refused(NotRestorable, "first backup", field="to"):
        plan([], held(), at(0))
    with refused(NotRestorable, "first backup"):
        plan([], held(), None)


def test_a_missing_file_of_the_log_is_a_gap_with_its_reason() -> None:
    found = restorable_ranges([backup(1, 0), backup(2, 6)], held(10, 11, 13, 20, 21, n11=2, n13=4, n21=8))
    assert [(each.from_, each.to) for each in found] == [(at(0), at(2)), (at(6), at(8))]
    assert found[0].lost_after == "file 12 of the log is missing"
    no_log = restorable_ranges([backup(1, 0), backup(2, 6)], held(20, n20=7))
    assert no_log[0].lost_after == "no log follows the backup"
    late = restorable_ranges([backup(1, 0), backup(2, 6)], held(*range(10, 20), n19=2))
    assert late[0].lost_after == "the log of that time is missing"


def test_what_is_committed_after_a_gap_is_lost_till_the_next_backup() -> None:
    log = held(10, 11, 13, n11=2, n13=4)
    assert lost_after([backup(1, 0)], log) == at(2)
    assert lost_after([backup(1, 0)], held(10, 11, 12, 13, n11=2, n13=4)) is None
    assert lost_after([backup(1, 0), backup(2, 3)], held(10, 11, 13, 20, n11=2, n20=4)) is None
    assert lost_after([], log) is None
    # It may still be on its way.
    assert lost_after([backup(1, 0)], held(10, 11, 13, n11=2, n13=2.01)) is None


def test_what_no_backup_needs_any_more_is_seen() -> None:
    kept = [backup(2, 2)]
    assert not holds_more(replace(held(20, 21), backups=frozenset({"b2"})), kept)
    assert holds_more(replace(held(20, 21), backups=frozenset({"b1", "b2"})), kept)
    assert holds_more(held(19, 20, 21), kept)
    assert not holds_more(held(19, 20, 21), [])


def test_stretches_that_touch_are_one() -> None:
    found = restorable_ranges([backup(2, 1), backup(1, 0)], held(*range(10, 25), n15=1.5, n24=5))
    assert [(each.from_, each.to) for each in found] == [(at(0), at(5))]


def test_the_newest_backup_before_the_moment_is_taken() -> None:
    log = held(*range(10, 25), n15=1.5, n24=5)
    backups = [backup(1, 0), backup(2, 2)]
    assert plan(backups, log, at(1)).backup.id == "b1"
    assert plan(backups, log, at(2)).backup.id == "b2"
    assert plan(backups, log, at(1)).log_files == 6
    newest = plan(backups, log, None)
    assert (newest.backup.id, newest.to, newest.log_bytes) == ("b2", at(5), 500)


def test_a_damaged_backup_is_never_taken() -> None:
    log = held(*range(10, 25), n24=5)
    backups = [backup(1, 0), backup(2, 2, is_damaged=True)]
    assert plan(backups, log, at(4)).backup.id == "b1"
    with refused(NotRestorable, "b2", field="backup"):
        plan(backups, log, None, "b2")
    assert plan(backups, log, None, "b1").to is None


@pytest.mark.parametrize(
    ("hours", "nearest"), [(-1, [at(0)]), (4, [at(2), at(6)]), (9, [at(8)])], ids=["before", "gap", "after"]
)
def test_a_moment_that_is_lost_is_refused_with_the_nearest_ones(
    hours: float, nearest: list[datetime]
) -> None:
    with pytest.raises(NotRestorable) as refusal:
        plan([backup(1, 0), backup(2, 6)], held(10, 11, 20, 21, n11=2, n21=8), at(hours))
    assert refusal.value.more["nearest"] == [each.isoformat() for each in nearest]


# Times


def test_the_first_backup_is_due_at_once_and_the_next_within_its_window() -> None:
    policy = Policy("0 3 * * *", window_minutes=60)
    assert due_at(policy, "arc-1", None, NOON) == NOON
    due = due_at(policy, "arc-1", NOON, NOON)
    assert at(15) <= due < at(16)
    assert due_at(policy, "arc-1", NOON, at(5)) == due
    assert due_at(policy, "arc-2", NOON, NOON) != due
    assert due_at(policy, "arc-1", due, due) > due + 20 * HOUR


def test_a_backup_made_in_its_window_is_not_made_again() -> None:
    policy = Policy("0 3 * * *", window_minutes=60)
    begun = due_at(policy, "arc-1", NOON, NOON) - timedelta(seconds=1)
    just_before = due_at(policy, "arc-1", begun, begun)
    assert just_before > begun


def test_a_backup_is_late_an_hour_after_its_window() -> None:
    assert late_at(Policy("0 3 * * *", window_minutes=30), NOON) == at(15) + 90 * MINUTE


def test_a_backup_is_restored_for_a_trial_when_it_is_new_and_then_by_schedule() -> None:
    policy = Policy(drill_schedule="0 * * * *")
    assert drill_due(policy, NOON, None, NOON)
    assert drill_due(policy, at(2), NOON, at(2))
    assert not drill_due(policy, NOON, NOON, at(0.9))
    assert drill_due(policy, NOON, NOON, at(1))
    assert not drill_due(Policy(drill_schedule=None), NOON, None, at(9999))


def test_retention_keeps_what_every_moment_of_it_needs() -> None:
    daily = [backup(day, 24 * day) for day in range(10)]
    gone = expired(Policy(retention_days=3), daily, at(24 * 9))
    assert [each.id for each in gone] == ["b0", "b1", "b2", "b3", "b4", "b5"]
    counted = expired(Policy(retention_days=3, retention_count=2), daily, at(24 * 9))
    assert [each.id for each in counted][-1] == "b7"
    assert expired(Policy(retention_days=1), [backup(1, 0)], at(9999)) == []


def test_the_newest_sound_backup_outlives_damaged_ones() -> None:
    backups = [backup(1, 0), backup(2, 24, is_damaged=True)]
    assert expired(Policy(retention_days=1, retention_count=1), backups, at(9999)) == [backups[1]]


@pytest.mark.parametrize(
    "policy",
    [
        Policy("every day"),
        Policy("0 3 * *"),
        Policy("0 99 * * *"),
        Policy("0 3 * * * *"),
        Policy(drill_schedule="never"),
        Policy(window_minutes=1441),
        Policy(retention_days=0),
        Policy(retention_count=0),
    ],
)
def test_a_policy_that_cannot_be_kept_is_refused(policy: Policy) -> None:
    with pytest.raises(Invalid, match=r"^`[a-z_]+` must "):
        check(policy)


# The archive itself


def test_one_backup_is_made_at_a_time() -> None:
    found = archive()
    assert found.request_backup("manual", NOON) == "b1"
    with refused(BackupUnderWay, "b1"):
        found.request_backup("manual", NOON)
    found.report_backup(backup(2, 0), NOON, "", "")  # of no backup that was asked for
    found.report_backup_failed("b2", "no")
    assert told(found) == ["backup_requested"]


def test_a_failed_backup_is_told_and_heals_by_the_next_one() -> None:
    found = archive()
    found.report_backup_failed(found.request_backup("first", NOON), "cannot make it: no room")
    assert (found.status, found.status_reason, found.failures) == ("error", "cannot make it: no room", 1)
    assert backed_up(found, 1) == "b2"
    assert (found.status, found.failures) == ("available", 0)
    assert found.newest is not None
    assert found.newest.id == "b2"


def test_what_is_late_is_told_once() -> None:
    found = archive()
    for _ in range(2):
        found.report_late("no backup was made")
    assert (told(found), found.status) == (["backup_missed"], "error")


def test_drills_say_what_can_be_trusted() -> None:
    found = archive()
    first, second = backed_up(found, 0), backed_up(found, 1)
    found.report_drill(first, NOON, 2.0)
    assert found.last_drill_at == NOON
    for _ in range(2):
        found.report_drill_failed(second, "a checksum differs", at(2))
    assert [each.is_damaged for each in found.backups] == [False, True]
    found.report_drill("b9", NOON, 1.0)
    assert told(found)[-2:] == ["drill_passed", "drill_failed"]


def test_retention_is_told() -> None:
    found = archive(Policy(retention_days=1))
    for day in range(4):
        backed_up(found, 24 * day)
    found.drop_expired(at(24 * 3 + 1))
    assert [each.id for each in found.backups] == ["b3", "b4"]


def test_a_policy_changes() -> None:
    found = archive()
    found.change_policy(Policy(retention_days=30))
    found.change_policy(Policy(retention_days=30))
    assert (told(found), found.policy.retention_days) == (["policy_changed"], 30)


def test_an_archive_outlives_its_database_until_its_time_is_up() -> None:
    found = archive(Policy(retention_days=2))
    backed_up(found, 0)
    with refused(ArchiveInUse, "orders"):
        found.delete()
    for _ in range(2):
        found.release(keep=True)
        found.close(at(1), [{"from": NOON.isoformat(), "to": at(1).isoformat()}])
    assert found.expires_at == at(49)
    with refused(ArchiveClosed, "orders"):
        found.request_backup("manual", at(2))
    found.delete()
    with refused(BeingDeleted, "orders"):
        found.request_backup("manual", at(2))
    assert len(found.held_secrets()) == 1
    found.report_deleted()
    assert found.held_secrets() == found.held_claims() == []


def test_an_archive_that_is_not_kept_goes_at_once() -> None:
    found = archive()
    backed_up(found, 0)
    found.release(keep=False)
    found.close(at(1), [])
    assert found.expires_at == at(1)


def test_an_archive_is_found_by_its_database() -> None:
    found = archive()
    assert found.id == archive_uuid(found.database_id)
    assert found.use_scope == f"use/{found.public_id}"
