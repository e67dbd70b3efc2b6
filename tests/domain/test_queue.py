"""The rules of queue servers and their queues."""

from typing import Any

import pytest

from domain.errors import Conflict, Invalid
from domain.managed import BeingDeleted
from domain.queue import MOST_NAMED, DurabilityIsFixed, Queue, QueueDefinition, UnknownQueue
from domain.server import TooLittleMemory, UnknownEngine
from tests.domain.pretended import told
from tests.domain.refusals import refused
from tests.domain.servers import EPOCH, cache_spec


def queue(engine: str = "rabbitmq", **changes: Any) -> Queue:
    """Return an available queue server."""
    settings = {"namespace": "main", "queues": {}}
    spec = cache_spec(
        **{"engine": engine, "version": "3" if engine == "rabbitmq" else "2", "memory_mb": 256}
        | {"name": "events", "settings": settings, "username": "app"}
        | changes
    )
    found = Queue.create(spec)
    found.report_started("10.0.0.2", EPOCH)
    found.report_available()
    told(found)
    return found


def test_what_can_never_run_is_refused() -> None:
    with refused(UnknownEngine, "kafka", "rabbitmq", "nats", field="engine"):
        queue("kafka")
    with refused(UnknownEngine, "`9`", "2", field="version"):
        queue("nats", version="9")
    with refused(TooLittleMemory, "64", "192", field="memory_mb"):
        queue(memory_mb=64)
    with refused(Invalid, "A b", field="username"):
        queue(username="A b")
    with refused(Invalid, "/", field="namespace"):
        queue(settings={"namespace": "/", "queues": {}})


def test_other_memory_takes_a_new_container_other_cores_do_not() -> None:
    found = queue()
    found.modify(None, 0.5)
    found.modify(256, None)
    assert (found.cpus, found.generation) == (0.5, 1)
    found.modify(512, None)
    assert (found.memory_mb, found.generation, found.status) == (512, 2, "modifying")
    with refused(TooLittleMemory, "10", field="memory_mb"):
        found.modify(10, None)


def test_a_named_queue_is_declared_changed_and_removed() -> None:
    found = queue()
    found.declare("orders", QueueDefinition())
    found.declare("orders", QueueDefinition())
    assert told(found) == ["change_requested"]
    found.declare("orders", QueueDefinition(max_length=10, max_age_s=60))
    assert found.named == {
        "orders": {"durable": True, "max_length": 10, "max_age_s": 60, "dead_letter": None}
    }
    assert found.generation == 1, "the server keeps running"
    found.undeclare("orders")
    assert found.named == {}
    with refused(UnknownQueue, "orders", "events"):
        found.undeclare("orders")


def test_whether_a_named_queue_is_durable_is_decided_once() -> None:
    found = queue()
    found.declare("orders", QueueDefinition(durable=False))
    with refused(DurabilityIsFixed, "orders", field="durable"):
        found.declare("orders", QueueDefinition())


def test_dead_letters_go_to_another_declared_queue_which_then_stays() -> None:
    found = queue()
    for target in ("dead", "orders"):
        with refused(Invalid, "must be another queue that is declared", field="dead_letter"):
            found.declare("orders", QueueDefinition(dead_letter=target))
    found.declare("dead", QueueDefinition())
    found.declare("orders", QueueDefinition(dead_letter="dead"))
    with refused(Conflict, "dead", "orders"):
        found.undeclare("dead")


def test_nats_is_not_asked_for_dead_letters() -> None:
    found = queue("nats")
    found.declare("dead", QueueDefinition())
    with refused(Invalid, "must be left out: nats", field="dead_letter"):
        found.declare("orders", QueueDefinition(dead_letter="dead"))


@pytest.mark.parametrize(
    ("field", "wish"),
    [
        ("max_length", QueueDefinition(max_length=0)),
        ("max_length", QueueDefinition(max_length=2**40)),
        ("max_age_s", QueueDefinition(max_age_s=0)),
    ],
)
def test_limits_have_bounds(field: str, wish: QueueDefinition) -> None:
    with refused(Invalid, field, field=field):
        queue().declare("orders", wish)


def test_names_of_queues_are_names() -> None:
    with refused(Invalid, "a.b", field="queue"):
        queue().declare("a.b", QueueDefinition())


def test_there_are_not_endlessly_many() -> None:
    known = {f"q{number}": {"durable": True, "dead_letter": None} for number in range(MOST_NAMED)}
    with refused(Invalid, str(MOST_NAMED), field="queue"):
        queue(settings={"namespace": "main", "queues": known}).declare("more", QueueDefinition())


def test_a_purge_is_kept_and_a_server_that_goes_takes_no_wish() -> None:
    found = queue()
    found.purge_messages("orders")
    found.purge_messages("orders")
    found.report_messages_purged("orders", 1)
    assert found.purges_under_way == ("orders", "orders"), "requested again meanwhile"
    found.report_messages_purged("orders", 2)
    found.delete()
    assert told(found) == [
        "messages_purge_requested",
        "messages_purge_requested",
        "purged",
        "delete_requested",
    ]
    with refused(BeingDeleted, "events"):
        found.declare("orders", QueueDefinition())


def test_what_an_earlier_server_had_declared_is_declared_here() -> None:
    found = queue()
    found.report_adopted({"orders": QueueDefinition()})
    assert told(found) == [], "not asked for"
    found.adopt()
    found.declare("events", QueueDefinition(max_length=3))
    found.report_adopted({"orders": QueueDefinition(max_age_s=60), "events": QueueDefinition(max_length=9)})
    found.report_adopted({"late": QueueDefinition()})
    assert told(found) == ["adoption_requested", "change_requested", "adopted"]
    assert {name: wish["max_length"] for name, wish in found.named.items()} == {"orders": None, "events": 3}
    assert found.is_adopting is False
