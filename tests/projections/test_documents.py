"""The effect of each event on the document of its resource."""

import copy
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.aggregate import Aggregate
from domain.cache import Cache
from domain.instance import Instance, ProgramEnd
from domain.snapshot.schedule import SnapshotPolicy
from domain.volume import Volume
from domain.vpc import Vpc
from projections import inventory
from projections.document import Document, fold, handled, has_ended
from tests.domain.servers import cache_spec
from tests.projections.histories import History, by_chance
from tests.projections.logs import recorded
from tests.samples import sample

CHANGES_NOTHING = {
    "access_key.secret_replaced": "which secret opens it is nobody's business",
    "queue.adoption_requested": "the following events report the finding",
    "instance.command_executed": "what somebody ran inside is history, not state: it is in the timeline",
    "archive.released": "what it leads to is shown once the database is gone",
    "cache.flushed": "as of an instance: what was in it was never shown",
    "cache.credentials_rotated": "that it is available again follows",
    "database.credentials_rotated": "that it is available again follows",
    "queue.credentials_rotated": "that it is available again follows",
    "queue.purged": "as of a cache",
    "database.replica_dismissed": "what is kept of the log for another one was never shown",
}
EVERY_KIND_MAY = {"failed", "tags_changed"}
MEMBERS = [
    *("id", "kind", "name", "status", "status_reason", "account_id", "tags", "version", "position"),
    *("created_at", "updated_at", "created_by", "spec", "observed"),
]
AT = datetime(2025, 1, 1, 12, tzinfo=UTC)


def _told(aggregate: Aggregate, document: Document | None = None) -> Document:
    for event in recorded(aggregate, 1):
        document = fold(document, event)
    assert document is not None
    return document


def _instance() -> Instance:
    history = History(by_chance(4))
    made = (made for made in history.steps(500) if isinstance(made, Instance) and made.version == 1)
    return next(instance for instance in made if instance.restart == "always")


def test_every_event_changes_the_document_or_is_listed_with_the_reason_why_not() -> None:
    kinds = {kind.KIND for kind in Aggregate.kinds.values() if kind.__module__.startswith("domain.")}
    events = {event for event in Aggregate.events if event.partition(".")[0] in kinds}
    assert events - handled() == set(CHANGES_NOTHING)
    unknown = {event for event in handled() - events if event.partition(".")[2] not in EVERY_KIND_MAY}
    assert unknown == set(), "a change is registered for an event that does not exist"
    assert {kind.__name__ for kind in inventory.CAPABILITIES} >= {f"projections.{kind}" for kind in kinds}


@settings(max_examples=sample(30, 300), deadline=None)
@given(st.randoms(use_true_random=False), st.integers(1, 300))
def test_a_document_tells_what_its_aggregate_knows(chance: Random, steps: int) -> None:
    documents: dict[Any, Document] = {}
    for changed in History(chance).steps(steps):
        before = documents.get(changed.id)
        untouched = copy.deepcopy(before)
        documents[changed.id] = document = _told(changed, before)
        assert before == untouched, "an older version was edited in place"
        assert list(document) == MEMBERS
        assert orjson.loads(orjson.dumps(document)) == document
        assert document["id"] == changed.public_id
        assert (document["name"], document["account_id"]) == (changed.name, changed.account_id)
        assert document["version"] == changed.version
        assert _status(document) == _status_of(changed)
        assert document["tags"] == getattr(changed, "tags", {})


def _status(document: Document) -> tuple[str, str | None]:
    return document["status"], document["status_reason"]


def _status_of(aggregate: Any) -> tuple[str, str | None]:
    if hasattr(aggregate, "is_revoked"):
        return ("revoked" if aggregate.is_revoked else "active"), None
    return aggregate.status, aggregate.status_reason


def test_the_life_of_an_instance_in_statuses() -> None:
    instance = _instance()
    document = _told(instance)
    statuses = [_status(document)]
    for change in (
        lambda: instance.report_failed("the image is gone"),
        lambda: instance.report_started("10.1.0.2", AT),
        lambda: instance.report_crashed(ProgramEnd(1, "exit code 1", AT, AT)),
        lambda: instance.report_started("10.1.0.3", AT),
        instance.reboot,
        lambda: instance.report_started("10.1.0.3", AT.replace(hour=13)),
        instance.terminate,
        instance.report_terminated,
    ):
        change()
        document = _told(instance, document)
        statuses.append(_status(document))
    assert statuses == [
        ("pending", None),
        ("error", "the image is gone"),
        ("running", None),
        ("starting", "exit code 1"),
        ("running", None),
        ("starting", "rebooting"),
        ("running", None),
        ("terminating", None),
        ("terminated", None),
    ]
    assert document["observed"]["restarts"] == 1
    assert document["observed"]["address"] is None
    assert has_ended(document)


def test_an_instance_shows_what_was_asked_for_and_of_its_environment_only_the_names() -> None:
    instance = _instance()
    document = _told(instance)
    assert document["spec"]["env"] == ["A"]
    assert document["spec"]["vpc"] == {"id": instance.vpc_id, "name": "default"}
    assert document["spec"]["ports"] == [{"port": 8080, "publish": None}, {"port": 443, "publish": 8443}]
    assert b"secret" not in orjson.dumps(document)


def test_the_volumes_of_an_instance_follow() -> None:
    instance = _instance()
    document = _told(instance)
    instance.trigger_event(Instance.VolumeAttached, volume_id="vol-1", volume_name="data", path="/data")
    document = _told(instance, document)
    assert document["spec"]["volumes"] == [{"volume": "vol-1", "name": "data", "path": "/data"}]
    instance.trigger_event(Instance.VolumeDetached, volume_id="vol-1")
    assert _told(instance, document)["spec"]["volumes"] == []


def test_a_type_is_shown_when_it_is_asked_for_and_its_limits_when_they_hold() -> None:
    instance = _instance()
    document = _told(instance)
    wanted = "large" if instance.type != "large" else "nano"
    instance.change_type(wanted)
    asked = _told(instance, document)
    assert asked["spec"]["type"] == wanted
    assert asked["spec"]["memory_mb"] == document["spec"]["memory_mb"]
    instance.report_resized()
    assert _told(instance, asked)["spec"]["memory_mb"] != document["spec"]["memory_mb"]


def test_a_volume_shows_who_uses_it() -> None:
    volume = Volume.create("acc", "data", 5, {})
    volume.attach("i-1", "web", "/data")
    document = _told(volume)
    assert document["spec"] == {"size_gb": 5, "snapshot_policy": None}
    assert document["observed"]["attached_to"] == {"id": "i-1", "name": "web", "path": "/data"}
    volume.detach("i-1")
    assert _told(volume, document)["observed"]["attached_to"] is None


def test_a_volume_shows_the_snapshots_of_the_clock_until_they_are_dropped() -> None:
    volume, at = Volume.create("acc", "data", 5, {}), datetime(2026, 11, 23, 3, tzinfo=UTC)
    volume.change_snapshot_policy(SnapshotPolicy(retention_days=3), at)
    volume.report_snapshot_missed(at + timedelta(days=1), 1, "busy")
    document = _told(volume)
    assert document["spec"]["snapshot_policy"]["retention_days"] == 3
    missed = {"due_at": "2026-11-24T03:00:00+00:00", "count": 1, "reason": "busy"}
    assert document["observed"]["missed_snapshot"] == missed
    volume.note_snapshot("snap-1", "data-1", at + timedelta(days=2))
    document = _told(volume, document)
    (taken,) = document["observed"]["snapshots"]
    assert (taken["id"], document["observed"]["missed_snapshot"]) == ("snap-1", None)
    volume.drop_snapshot("snap-1", "its time is up")
    assert _told(volume, document)["observed"]["snapshots"] == []


@pytest.mark.parametrize(
    "made", [Vpc.create("acc", "net", "10.9.0.0/24", {}), Volume.create("acc", "d", 1, {})]
)
def test_what_is_deleted_has_ended_though_its_document_stays(made: Vpc | Volume) -> None:
    made.report_available()
    made.change_tags({"a": "b"})
    document = _told(made)
    assert (document["status"], document["tags"], has_ended(document)) == ("available", {"a": "b"}, False)
    made.delete()
    made.report_deleted()
    document = _told(made, document)
    assert (document["status"], document["tags"], has_ended(document)) == ("deleted", {"a": "b"}, True)


def test_the_hash_of_a_key_is_not_shown() -> None:
    history = History(by_chance(1))
    keys = [_told(made) for made in history.steps(100) if made.KIND == "access_key" and made.version == 1]
    assert keys
    assert b"hash" not in orjson.dumps(keys)
    assert set(keys[0]["spec"]) == {"role", "expires_at"}


def test_a_server_has_the_status_of_its_aggregate() -> None:
    cache = Cache.create(cache_spec())
    document = _told(cache)
    for request in (
        lambda: cache.report_started("10.0.0.2", AT),
        cache.report_available,
        lambda: cache.rotate_credentials(UUID(int=1), replaces=False),
        lambda: cache.report_rotated(str(UUID(int=1))),
        cache.report_available,
        cache.flush,
        lambda: cache.report_flushed(1),
        cache.report_available,
        cache.stop,
        cache.report_stopped,
        cache.start,
    ):
        request()
        document = _told(cache, document)
        assert document["status"] == cache.status
    assert cache.status == "starting"
