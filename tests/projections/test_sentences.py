"""Every event has its own sentence, which reads well for all values of its fields."""

from typing import Any, get_args, get_type_hints

import pytest

from domain.aggregate import Aggregate
from projections import inventory, sentences
from projections.why import why

NAMED = sorted(
    name
    for capability in inventory.CAPABILITIES
    for name in Aggregate.events
    if name.partition(".")[0] == capability.__name__.rpartition(".")[2]
)


@pytest.mark.parametrize("name", NAMED)
def test_every_event_has_words(name: str) -> None:
    assert name in sentences.registered(), (
        f"add a sentence for {name} to projections/{name.partition('.')[0]}.py"
    )
    fields = Aggregate.events[name].__dataclass_fields__
    told = sentences.describe(
        name, {field: "2026-11-23T10:02:11Z" if field.endswith("_at") else "x" for field in fields}
    )
    assert told == told.strip()
    assert "{" not in told
    assert "_" not in told


@pytest.mark.parametrize("name", NAMED)
def test_a_field_without_a_value_is_left_out(name: str) -> None:
    kind = Aggregate.events[name]
    payload = {
        field: None if type(None) in get_args(hint) else "2026-11-23" if field.endswith("_at") else "x"
        for field, hint in get_type_hints(kind).items()
        if field in kind.__dataclass_fields__
    }
    told = sentences.describe(name, {**payload, "deletion_protection": False, "is_protected": False})
    assert "unknown" not in told
    assert "None" not in told


def test_every_kind_is_among_them() -> None:
    assert {name.partition(".")[0] for name in NAMED} == set(Aggregate.kinds)


def test_a_reason_is_told_when_there_is_one() -> None:
    assert sentences.describe("instance.crashed", {"reason": None}) == "exited unexpectedly"
    assert sentences.describe("instance.crashed", {"reason": "killed"}) == "exited unexpectedly: killed"


def test_what_an_event_does_not_know_is_told_as_such() -> None:
    assert (
        sentences.describe("volume.attached", {"instance_name": "a", "path": None})
        == "attached to a at unknown"
    )
    assert sentences.describe("instance.tags_changed", {"tags": {}}) == "tags changed to none"
    assert (
        sentences.describe("instance.tags_changed", {"tags": {"a": "b", "c": "d"}})
        == "tags changed to a=b, c=d"
    )


def test_truth_and_moments_are_told_as_people_say_them() -> None:
    assert sentences.describe("archive.released", {"keep": True}) == "database deleted, backups are kept"
    assert sentences.describe("archive.released", {"keep": False}) == "database and backups deleted"
    closed = sentences.describe("archive.closed", {"expires_at": "2026-11-30T10:02:11.123456+00:00"})
    assert closed == "kept until 2026-11-30 10:02:11Z"


def test_what_is_inside_a_field_is_listed_without_what_is_not_set() -> None:
    policy = {"schedule": "0 3 * * *", "retention_days": 7, "retention_count": None}
    told = sentences.describe("volume.snapshot_policy_changed", {"policy": policy})
    assert told == "snapshot schedule set: schedule=0 3 * * *, retention_days=7"
    assert (
        sentences.describe("volume.snapshot_policy_changed", {"policy": None}) == "snapshot schedule removed"
    )
    changed = {"memory_mb": 64, "cpus": 0.5, "settings": {"eviction": "noeviction", "parameters": {"a": "b"}}}
    told = sentences.describe("cache.change_requested", changed)
    assert told == "change requested (64 MiB, 0.5 cores): eviction=noeviction, parameters.a=b"
    told = sentences.describe("cache.change_requested", {**changed, "settings": {}})
    assert told == "change requested (64 MiB, 0.5 cores)"


def test_words_for_a_field_that_does_not_exist_are_refused() -> None:
    with pytest.raises(ValueError, match=r"instance\.started has no colour"):
        sentences.sentences(Aggregate.kinds["instance"], {"started": "became {colour}"})


def event(type_: str, time: str, actor: str = "system:group", **more: Any) -> dict[str, Any]:
    """Return the sentence of an event in the timeline."""
    return {
        "type": type_,
        "time": time,
        "subject": "i-1",
        "resourcekind": "instance",
        "resourcename": "web-1",
        "resourceversion": 2,
        "actor": actor,
        "actorname": "ci",
        "sourceip": None,
        "summary": f"web-1 {type_.partition('.')[2]}",
        **more,
    }


def test_causes_elsewhere_are_named_and_days_told_where_they_differ() -> None:
    document = {"id": "i-1", "status": "running", "status_reason": None}
    group = {"subject": "asg-1", "resourcekind": "scaling_group", "resourcename": "web", "resourceversion": 4}
    chain = [
        event("instance.started", "2026-11-23T10:00:00+00:00"),
        event("instance.launched", "2026-11-23T09:59:00+00:00", resourceversion=1),
        event("scaling_group.grown", "2026-11-22T09:58:00+00:00", "key-1", summary="web grew to 3", **group),
    ]
    assert why(document, chain) == (
        "running since 2026-11-23 10:00:00Z; launched at 09:59:00Z; "
        "scaling group web grew to 3 at 2026-11-22 09:58:00Z by key `ci`"
    )


def test_the_newest_event_is_told_where_it_explains() -> None:
    document = {"id": "i-1", "status": "error", "status_reason": "no image"}
    chain = [event("instance.failed", "2026-11-23T10:00:00+00:00", summary="web-1 failed: no image")]
    assert why(document, chain) == "error since 2026-11-23 10:00:00Z: failed: no image"
