"""Aggregates have few ancestors, and events apply themselves: docs/decisions/0022-events-apply-themselves.md."""

import importlib
import pkgutil

from eventsourcing.domain import CommandMethodDecorator

import domain
from domain.aggregate import Aggregate
from domain.interface import WithInterface
from domain.managed import Managed
from domain.server import Server
from domain.trash import Trashable

for module in pkgutil.walk_packages(domain.__path__, "domain."):
    importlib.import_module(module.name)  # which registers its aggregates


def kinds() -> list[type[Aggregate]]:
    found = [kind for kind in Aggregate.kinds.values() if kind.__module__.startswith("domain.")]
    assert len(found) > 10
    return found


def test_a_kind_has_no_other_ancestors() -> None:
    # What has an address in a VPC shares the rules of interfaces.
    allowed = [(Aggregate,), (Managed,), (Trashable,), (Server,), (WithInterface,), (Managed, WithInterface)]
    found = {kind.__name__: kind.__bases__ for kind in kinds() if kind.__bases__ not in allowed}
    assert found == {}, "hold shared state in a value, and shared rules in its methods or in functions"


def test_no_method_triggers_an_event_by_a_decorator() -> None:
    found = [
        f"{kind.__name__}.{name}"
        for kind in kinds()
        for name, member in vars(kind).items()
        if isinstance(member, CommandMethodDecorator)
    ]
    assert found == [], "give the event an `apply`, and trigger it in the command"
