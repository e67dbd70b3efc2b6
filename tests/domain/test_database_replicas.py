"""The rules of replicas and their sources."""

from uuid import UUID

import pytest

from domain.database import Database, HasReplicas, IsReplica, NotPromotable, NotReplicable
from domain.database.replication import MOST_REPLICAS
from domain.managed import BeingDeleted
from domain.server import ServerStopped
from tests.domain.databases import NOON, database
from tests.domain.pretended import told
from tests.domain.refusals import refused

FOLLOWS_BY, NEW_LOGIN = UUID(int=11), UUID(int=12)


def available(**changes: object) -> Database:
    """Return a database that can have replicas."""
    found = database(**changes)
    found.report_started("10.0.0.2", NOON)
    found.report_available()
    told(found)
    return found


def replica_of(source: Database, name: str = "orders-r1") -> Database:
    """Return a requested replica."""
    found = database(name=name)
    found.follow(source, FOLLOWS_BY)
    return found


def following(source: Database) -> Database:
    """Return a replica that is available."""
    found = replica_of(source)
    found.report_copied(1.5)
    found.report_started("10.0.0.3", NOON)
    found.report_available()
    for each in (found, source):
        told(each)
        each.take_conditions()
    return found


def test_a_replica_follows_its_source_and_each_is_woken_by_the_other() -> None:
    source = available()
    replica = replica_of(source)
    assert replica.replica_of is not None
    assert (replica.replica_of.id, replica.replica_of.name) == (source.public_id, "orders")
    assert source.followers.names == {replica.public_id: "orders-r1"}
    assert replica.take_conditions().claims[-1].scope == f"watch/{source.public_id}"
    assert source.take_conditions().claims[-1].scope == f"watch/{replica.public_id}"
    assert FOLLOWS_BY in replica.held_secrets()
    replica.report_available()
    assert replica.status == "creating"
    replica.report_copied(1.5)
    replica.report_copied(1.5)
    assert told(replica) == ["replica_requested", "copied"]
    assert told(source) == ["replica_admitted"]


def test_only_an_available_postgres_that_is_no_replica_is_followed() -> None:
    with refused(NotReplicable, "creating", "available"):
        replica_of(database())
    with refused(NotReplicable, "mariadb", "postgres"):
        replica_of(available(engine="mariadb", version="10.11", port=3306))
    with refused(NotReplicable, "make one of orders"):
        replica_of(following(available()))
    source = available()
    for number in range(MOST_REPLICAS):
        replica_of(source, f"orders-r{number}")
    with refused(NotReplicable, str(MOST_REPLICAS)):
        replica_of(source)
    going = available()
    going.delete()
    with refused(BeingDeleted, "orders"):
        replica_of(going)


def test_what_others_follow_is_not_deleted() -> None:
    source = available()
    replica = following(source)
    with refused(HasReplicas, "orders-r1", "promote"):
        source.delete()
    source.release(replica)
    source.delete()
    assert told(source) == ["replica_released", "delete_requested"]


def test_what_is_kept_for_a_replica_goes_after_it() -> None:
    source = available()
    replica = following(source)
    source.release(replica)
    source.release(replica)
    assert source.take_conditions().releases == []
    watching = source.watch(replica.public_id)
    assert watching in source.held_claims()
    for _ in range(2):
        source.report_dismissed(replica.public_id)
    assert source.take_conditions().releases == [watching]
    assert watching not in source.held_claims()
    assert told(source) == ["replica_released", "replica_dismissed"]


def test_a_replica_has_nothing_that_its_source_does_not_give_it() -> None:
    replica = following(available())
    with refused(IsReplica, "parameters", "change those of orders"):
        replica.modify(None, {"work_mem": "8192"})
    with refused(IsReplica, "password", "change that of orders"):
        replica.rotate_credentials(NEW_LOGIN, replaces=False)
    with refused(IsReplica, "back up orders"):
        replica.refuse_if_replica("back up", "back up {source}")
    replica.modify("medium", None)
    replica.report_parameters({"work_mem": "8192"})
    replica.report_parameters({"work_mem": "8192"})
    assert (replica.memory_mb, replica.settings["parameters"]) == (1024, {"work_mem": "8192"})
    assert told(replica) == ["change_requested", "change_requested"]


def test_that_it_does_not_follow_is_told_once_and_heals() -> None:
    replica = following(available())
    for _ in range(2):
        replica.report_interrupted("orders is stopped")
    assert (replica.status, replica.status_reason) == ("error", "orders is stopped")
    replica.report_available()
    assert told(replica) == ["replication_interrupted", "became_available"]


def test_a_replica_that_fell_behind_too_far_is_copied_anew() -> None:
    replica = following(available())
    replica.report_outdated("not kept")
    assert (replica.status, replica.is_copying, replica.is_up) == ("creating", True, False)
    replica.report_outdated("not kept")
    replica.report_copied(1.0)
    assert told(replica) == ["copy_outdated", "copied"]


def test_a_promoted_replica_is_a_database_of_its_own() -> None:
    source = available()
    replica = following(source)
    former = UUID(replica.login_id)
    replica.promote(NEW_LOGIN)
    assert replica.take_conditions().erases == [former]
    assert (replica.status, replica.is_replica) == ("promoting", True)
    replica.report_available()
    replica.report_interrupted("orders is gone")
    replica.report_outdated("not kept")
    assert replica.status == "promoting"
    with refused(NotPromotable, "is being promoted"):
        replica.promote(NEW_LOGIN)
    for _ in range(2):
        replica.report_promoted("0/3000148", NOON, 120)
    conditions = replica.take_conditions()
    assert (conditions.erases, conditions.releases) == ([FOLLOWS_BY], [replica.watch(source.public_id)])
    assert replica.held_secrets() == [NEW_LOGIN]
    assert (replica.status, replica.is_replica) == ("starting", False)
    assert (replica.needs_first_backup, replica.was_used) == (True, False)
    replica.modify(None, {"work_mem": "8192"})
    assert told(replica) == ["promotion_requested", "promoted", "change_requested"]


def test_only_a_replica_with_files_that_runs_is_promoted() -> None:
    with refused(NotPromotable, "follows no other"):
        available().promote(NEW_LOGIN)
    source = available()
    with refused(NotPromotable, "still being copied"):
        replica_of(source).promote(NEW_LOGIN)
    replica = following(source)
    replica.stop()
    with refused(ServerStopped, "start it first"):
        replica.promote(NEW_LOGIN)


@pytest.mark.parametrize("ends", ["deleted", "promoted"])
def test_nothing_is_held_for_following_afterwards(ends: str) -> None:
    source = available()
    replica = following(source)
    before = set(replica.held_claims()) | set(source.held_claims())
    if ends == "deleted":
        replica.delete()
        replica.report_deleted()
        assert FOLLOWS_BY in replica.conditions.erases
    else:
        replica.promote(NEW_LOGIN)
        replica.report_promoted("0/3000148", NOON, None)
    source.release(replica)
    source.report_dismissed(replica.public_id)
    released = {*replica.conditions.releases, *source.conditions.releases}
    left = set(replica.held_claims()) | set(source.held_claims())
    assert before - released == left
    assert not [claim for claim in left if claim.scope.startswith("watch/")]
