"""Every event has words of its own, and they read well whatever its fields hold."""

from typing import Any

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


def test_every_kind_is_among_them() -> None:
    assert {name.partition(".")[0] for name in NAMED} == set(Aggregate.kinds)


def test_a_reason_is_told_when_there_is_one() -> None:
    assert sentences.describe("instance.crashed", {"reason": None}) == "ended unasked"
    assert sentences.describe("instance.crashed", {"reason": "killed"}) == "ended unasked: killed"


def test_what_an_event_does_not_know_is_told_as_such() -> None:
    assert (
        sentences.describe("volume.attached", {"instance_name": "a", "path": None})
        == "attached to a at unknown"
    )
    assert sentences.describe("instance.tags_changed", {"tags": {}}) == "tagged none"
    assert sentences.describe("instance.tags_changed", {"tags": {"a": "b", "c": "d"}}) == "tagged a=b, c=d"


def test_truth_and_moments_are_told_as_people_say_them() -> None:
    assert sentences.describe("archive.released", {"keep": True}) == "is to be kept without its database: yes"
    closed = sentences.describe("archive.closed", {"expires_at": "2026-11-30T10:02:11.123456+00:00"})
    assert closed == "is kept until 2026-11-30 10:02:11Z"


def test_words_for_a_field_that_does_not_exist_are_refused() -> None:
    with pytest.raises(ValueError, match=r"instance\.started has no colour"):
        sentences.sentences(Aggregate.kinds["instance"], {"started": "became {colour}"})


def event(type_: str, time: str, actor: str = "system:group", **more: Any) -> dict[str, Any]:
    """Return an event as the timeline tells it."""
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
