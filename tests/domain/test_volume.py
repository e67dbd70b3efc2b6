"""The rules of volumes."""

import pytest

from domain.aggregate import Claim
from domain.errors import Invalid
from domain.managed import BeingDeleted
from domain.volume import MAX_SIZE_GB, Volume, VolumeInUse, VolumeNotAttached
from tests.domain.pretended import told
from tests.domain.refusals import refused


def created(size_gb: int | None = None) -> Volume:
    volume = Volume.create("main", "data", size_gb, {})
    told(volume)
    return volume


def attached() -> Volume:
    volume = created()
    volume.attach("i-1", "web-1", "/data")
    told(volume)
    return volume


def test_a_volume_is_attached_to_one_instance_at_a_time() -> None:
    volume = attached()
    with refused(VolumeInUse, "cannot attach volume data", "instance web-1 uses it", "detach it first") as it:
        volume.attach("i-2", "web-2", "/data")
    assert it.value.more == {"used_by": [{"kind": "instance", "id": "i-1", "name": "web-1"}]}
    volume.detach("i-1")
    volume.attach("i-2", "web-2", "/data")
    assert (told(volume), volume.attached_to) == (["detached", "attached"], "i-2")


def test_a_volume_in_use_cannot_be_deleted() -> None:
    volume = attached()
    with refused(VolumeInUse, "cannot delete volume data", "web-1", "detach it first"):
        volume.delete()
    volume.detach("i-1")
    volume.delete()
    volume.delete()
    assert told(volume) == ["detached", "delete_requested"]


@pytest.mark.parametrize("size_gb", [0, -1, MAX_SIZE_GB + 1])
def test_a_size_once_given_is_a_real_limit(size_gb: int) -> None:
    assert [created(size).size_gb for size in (None, 1, MAX_SIZE_GB)] == [None, 1, MAX_SIZE_GB]
    with refused(Invalid, f"must be from 1 to {MAX_SIZE_GB}, not {size_gb}", field="size_gb"):
        created(size_gb)


def test_only_the_instance_that_has_it_can_lose_it() -> None:
    with refused(VolumeNotAttached, "data", "not attached to i-2"):
        attached().detach("i-2")


def test_a_volume_that_is_being_deleted_takes_no_change() -> None:
    volume = created()
    volume.delete()
    with refused(BeingDeleted, "data", "deleting"):
        volume.attach("i-1", "web-1", "/data")
    with refused(BeingDeleted, "data", "deleting"):
        volume.change_tags({"a": "b"})
    volume.report_available()
    assert told(volume) == ["delete_requested"]


def test_its_name_is_free_when_it_is_gone() -> None:
    volume = created()
    name = Claim("name/main/volume", "data", volume.id)
    assert volume.take_conditions().claims == [name]
    volume.delete()
    assert volume.take_conditions().releases == []
    volume.report_deleted()
    volume.report_deleted()
    assert (volume.take_conditions().releases, volume.status) == ([name], "deleted")


def test_what_is_reported_twice_happened_once() -> None:
    volume = created()
    assert not volume.was_available
    volume.report_available()
    volume.report_available()
    volume.report_failed("gone")
    volume.report_failed("gone")
    assert told(volume) == ["became_available", "failed"]
    assert (volume.status, volume.status_reason, volume.was_available) == ("error", "gone", True)


def test_tags_are_replaced() -> None:
    volume = created()
    volume.change_tags({})
    volume.change_tags({"env": "live"})
    assert (told(volume), volume.tags) == (["tags_changed"], {"env": "live"})
