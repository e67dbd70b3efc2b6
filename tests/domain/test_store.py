"""The values of the event store's port."""

from domain.status import SETTLING
from domain.store import Receipt
from tests.domain.pretended import EPOCH, instance


def test_the_position_of_a_save_is_that_of_its_last_event() -> None:
    assert Receipt((4, 5), EPOCH).position == 5
    assert Receipt((), EPOCH).position == 0


def test_what_was_just_asked_for_is_not_settled() -> None:
    assert instance().status in SETTLING
