"""The rules of the trash, and of a restored database that takes the place of another one."""

from datetime import timedelta
from uuid import UUID

import pytest

from domain import host_port
from domain.archive import Archive
from domain.archive.backups import ArchiveClosed
from domain.database import Database
from domain.database.swap import NotReplaceable
from domain.database.swapping import (
    copy_password,
    report_swapped,
    request_replacement,
    request_swap,
    take_place,
)
from domain.errors import Invalid
from domain.instance import Instance, InstanceTerminated, PortSpec, VolumeSpec
from domain.interface import Interface
from domain.managed import BeingDeleted
from domain.server import RotationUnderWay
from domain.subnet import PUBLIC_SCOPE, Subnet
from domain.trash import NotInTrash, mount_scope
from domain.volume import Volume, VolumeInUse
from domain.vpc import Vpc
from tests.domain import databases
from tests.domain.databases import NOON
from tests.domain.pretended import EPOCH, instance, spec, told
from tests.domain.refusals import refused

THERE = Interface("subnet-1", "default", "10.0.0.9", ())
UNTIL = NOON + timedelta(days=3)
WINDOW = [{"from": NOON.isoformat(), "to": UNTIL.isoformat()}]


def volume(*, was_available: bool = True) -> Volume:
    found = Volume.create("main", "data", None, {})
    if was_available:
        found.report_available()
    told(found)
    return found


def trashed_volume() -> Volume:
    found = volume()
    found.delete(UNTIL)
    found.report_trashed()
    told(found)
    found.take_conditions()
    return found


def running(**changes: object) -> Instance:
    found = instance(**changes)
    found.report_started("10.0.0.2", EPOCH)
    told(found)
    found.take_conditions()
    return found


def trashed(found: Instance) -> Instance:
    found.terminate(UNTIL)
    found.report_trashed(EPOCH)
    told(found)
    found.take_conditions()
    return found


def usable(**changes: object) -> Database:
    found = databases.database(**changes)
    found.report_started("10.0.0.2", NOON)
    found.report_available()
    told(found)
    found.take_conditions()
    return found


def test_what_has_nothing_to_keep_is_removed_at_once() -> None:
    new, pending = volume(was_available=False), instance()
    new.delete(UNTIL)
    pending.terminate(UNTIL)
    assert (new.goes_to_trash, pending.goes_to_trash) == (False, False)
    kept, dropped = volume(), volume()
    kept.delete(UNTIL)
    dropped.delete()
    assert (kept.goes_to_trash, dropped.goes_to_trash) == (True, False)


def test_the_trash_releases_claims_and_keeps_secrets() -> None:
    wanted = spec(
        ports=[PortSpec(80, 8081)],
        environment={"A": "b"},
        environment_id=UUID(int=5),
        volumes=[VolumeSpec("vol-1", "/d")],
    )
    found = Instance.launch(wanted, {"vol-1": "data"})
    found.report_started("10.0.0.2", EPOCH)
    found.take_conditions()
    before = found.held_claims()
    found.terminate(UNTIL)
    found.report_trashed(EPOCH)
    conditions = found.take_conditions()
    assert conditions.releases == before
    assert (
        [each.scope for each in conditions.claims]
        == [mount_scope("vol-1")]
        == [each.scope for each in found.held_claims()]
    )
    assert (conditions.erases, found.held_secrets()) == ([], [UUID(int=5)])
    assert host_port.claim(8081, found) in before
    found.purge("because")
    found.report_terminated()
    conditions = found.take_conditions()
    assert ([each.scope for each in conditions.releases], conditions.erases) == (
        [mount_scope("vol-1")],
        [UUID(int=5)],
    )


def test_what_is_in_the_trash_takes_no_change() -> None:
    with refused(BeingDeleted, "volume data", "it is in the trash; restore it first"):
        trashed_volume().attach("i-1", "web-1", "/data")
    with refused(InstanceTerminated, "instance web-1", "it is in the trash; restore it first"):
        trashed(running()).start()


def test_an_instance_runs_again_if_it_ran_before() -> None:
    stopped = running()
    stopped.stop()
    stopped.report_stopped(0, EPOCH)
    for found, status in ((running(), "starting"), (stopped, "stopped")):
        trashed(found).undelete(found.vpc_id, found.vpc_name, THERE)
        assert (found.status, found.generation, found.is_up) == (status, 1, False)
        assert (found.interface, told(found)) == (THERE, ["undeleted", "interface_assigned"])


def test_another_name_or_vpc_takes_another_container() -> None:
    for name, vpc_id in (("web-2", None), (None, "vpc-aaaaaaaaaaaaaaaaaaaaaaaaaa")):
        found = trashed(running())
        found.undelete(vpc_id or found.vpc_id, "default", THERE, name)
        assert (found.generation, found.name, found.vpc_id) == (2, name or "web-1", vpc_id or found.vpc_id)
    with refused(Invalid, "No", field="name"):
        trashed_volume().undelete("No")


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("living", "it is not in the trash, it is available"),
        ("leaving", "retry in a moment"),
        ("purged", "for good"),
    ],
)
def test_only_what_is_in_the_trash_is_restored(state: str, words: str) -> None:
    found = trashed_volume() if state == "purged" else volume()
    if state == "leaving":
        found.delete(UNTIL)
    elif state == "purged":
        found.purge("because")
    with refused(NotInTrash, "cannot restore data", words):
        found.undelete()


def test_a_purge_is_requested_once_and_its_failure_reported_once_per_reason() -> None:
    with refused(NotInTrash, "cannot purge data", "delete it first"):
        volume().purge("because")
    found = trashed_volume()
    found.report_failed("the engine is away")
    assert told(found) == []
    found.purge("because")
    found.purge("because")
    found.report_failed("it is in use")
    found.report_failed("it is in use")
    assert (told(found), found.status) == (["purge_requested", "purge_failed"], "purging")
    found.report_deleted()
    assert (told(found), found.take_conditions().releases) == (["deleted"], [])


def test_a_volume_that_goes_with_a_server_is_not_restored_or_purged_alone() -> None:
    found = volume()
    found.attach("db-1", "orders", "/data")
    found.trash_with_server(UNTIL)
    with refused(VolumeInUse, "cannot restore volume data", "it goes with that database"):
        found.undelete()
    with refused(VolumeInUse, "cannot purge volume data", "it goes with that database"):
        found.purge("because")
    found.end_with_server("db-1")
    assert told(found)[-2:] == ["detached", "purge_requested"]


def test_a_replica_is_not_kept() -> None:
    source, replica = usable(), databases.database(name="copy")
    replica.follow(source, UUID(int=3))
    replica.delete(UNTIL)
    assert not replica.goes_to_trash


def test_an_archive_rests_while_its_database_is_in_the_trash() -> None:
    found: Archive = databases.archive()
    found.release(keep=False)
    found.suspend(WINDOW)
    found.suspend([])
    with refused(ArchiveClosed, "cannot back up orders", "restore it first"):
        found.request_backup("manual", NOON)
    assert (found.is_complete, [*found.window]) == (True, WINDOW)
    found.resume()
    found.resume()
    assert (told(found), found.is_complete, found.keep) == (["released", "suspended", "resumed"], False, None)


def successor(target: Database) -> Database:
    found = databases.database(name="orders-restore")
    request_swap(found, target)
    found.report_started("10.0.0.3", NOON)
    told(found)
    found.take_conditions()
    return found


def test_a_restored_database_takes_name_and_port_and_the_other_one_is_kept_under_another() -> None:
    target = usable(publish=5433)
    found = successor(target)
    request_replacement(target, found, NOON, UNTIL)
    released = {(each.scope, each.key) for each in target.take_conditions().releases}
    take_place(found, NOON)
    taken = {(each.scope, each.key) for each in found.take_conditions().claims}
    assert released == taken == {("name/main/database", "orders"), ("host-port", "5433")}
    assert (target.name, target.publish, target.goes_to_trash) == ("orders-until-20260101-120000", None, True)
    assert (found.name, found.publish, found.generation) == ("orders", 5433, 2)
    take_place(found, NOON)
    report_swapped(found, NOON + timedelta(seconds=2))
    report_swapped(found, NOON + timedelta(seconds=9))
    assert told(found) == ["place_taken", "swapped"]


def test_a_database_takes_the_place_of_one_that_publishes_a_port_in_a_public_subnet_only() -> None:
    vpc = Vpc.create("main", "web", "10.20.0.0/24", {})
    subnet = Subnet.create_default(vpc)
    for publish, required in ((5433, [subnet.public_claim()]), (None, [])):
        found = successor(usable(publish=publish))
        found.vpc_id = vpc.public_id
        found.interface = Interface(subnet.public_id, "default", "10.20.0.9", ())
        take_place(found, NOON)
        changed = found.take_conditions()
        assert [each for each in changed.requires if each.scope == PUBLIC_SCOPE] == required
        published = [each.scope for each in changed.claims if each.scope.startswith("subnet-publish/")]
        assert len(published) == len(required)


def test_what_cannot_be_replaced_is_refused_with_the_reason() -> None:
    stopped, deleted, followed = usable(), usable(), usable()
    stopped.stop()
    deleted.delete(UNTIL)
    followed.admit(databases.database(name="copy"))
    for target, words in (
        (stopped, "start it first"),
        (deleted, "it is deleting"),
        (followed, "copy follow it"),
    ):
        with refused(NotReplaceable, "cannot restore in place of orders", words):
            request_swap(databases.database(name="other"), target)


def test_a_password_that_is_changed_meanwhile_is_copied_again() -> None:
    target = usable()
    found = successor(target)
    with refused(RotationUnderWay, "it takes the place of orders"):
        found.rotate_credentials(UUID(int=4), replaces=False)
    target.rotate_credentials(UUID(int=5), replaces=False)
    target.report_rotated(str(UUID(int=5)))
    copy_password(found, target, UUID(int=6))
    assert found.swap is not None
    assert (found.swap.target_login_id, found.next_login_id) == (str(UUID(int=5)), str(UUID(int=6)))
