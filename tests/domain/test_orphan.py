"""The rules of orphans."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.aggregate import Claim
from domain.orphan import EngineObject, Orphan, why_unwanted
from tests.domain.pretended import instance, told

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
VOLUME = EngineObject("volume", "volume", "vol-1", "there is no such resource")


def found() -> Orphan:
    orphan = Orphan.find(VOLUME, NOON)
    told(orphan)
    return orphan


def test_an_orphan_is_held_for_a_while() -> None:
    orphan = found()
    assert (orphan.status, orphan.status_reason) == ("held", VOLUME.reason)
    assert orphan.is_held(NOON - timedelta(seconds=1))
    assert not orphan.is_held(NOON)


def test_people_may_end_that_and_once_is_enough() -> None:
    orphan = found()
    orphan.request_removal()
    orphan.request_removal()
    assert told(orphan) == ["removal_requested"]
    assert not orphan.is_held(NOON - timedelta(days=1))


def test_a_thing_is_one_orphan_for_as_long_as_it_is_there() -> None:
    orphan = Orphan.find(VOLUME, NOON)
    name = Claim("name/main/orphan", "volume-vol-1", orphan.id)
    assert orphan.take_conditions().claims == [name]
    orphan.report_gone()
    assert orphan.take_conditions().releases == [name]
    assert orphan.held_claims() == []


def test_a_container_and_a_volume_of_one_resource_are_two() -> None:
    assert VOLUME.name != EngineObject("container", "volume", "vol-1", "").name


def test_what_goes_by_itself_was_not_removed() -> None:
    orphan = found()
    orphan.report_gone()
    orphan.report_gone()
    assert (told(orphan), orphan.status) == (["vanished"], "deleted")


def test_what_goes_after_that_was_asked_for_was_removed() -> None:
    orphan = found()
    orphan.request_removal()
    orphan.report_failed("in use")
    orphan.report_gone()
    orphan.report_gone()
    assert told(orphan) == ["removal_requested", "removal_failed", "removed"]


@pytest.mark.parametrize("asked", [True, False])
def test_what_is_wanted_after_all_is_told_as_such(asked: bool) -> None:  # noqa: FBT001 - a parameter
    orphan = found()
    if asked:
        orphan.request_removal()
    orphan.report_needed()
    orphan.report_needed()
    assert told(orphan)[-1] == "vanished"
    assert orphan.status_reason == "vol-1 wants it again"


def test_a_removal_that_fails_is_told_once_per_reason() -> None:
    orphan = found()
    orphan.report_failed("not yet tried")
    orphan.request_removal()
    for reason in ("in use", "in use", "away"):
        orphan.report_failed(reason)
    assert told(orphan) == ["removal_requested", "removal_failed", "removal_failed"]
    assert (orphan.status, orphan.status_reason) == ("error", "away")


def test_only_what_ended_wants_nothing() -> None:
    living = instance()
    assert why_unwanted(living) is None
    living.terminate()
    assert why_unwanted(living) is None, "its container is still being removed"
    living.report_terminated()
    assert why_unwanted(living) == "its instance is terminated"
    assert why_unwanted(None) == "there is no such resource"
