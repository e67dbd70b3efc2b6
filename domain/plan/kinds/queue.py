"""Servers of queues: limits change in place, named queues are declared one by one."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from domain.plan.context import Context
from domain.plan.draft import Draft, cannot
from domain.plan.estate import Resource
from domain.plan.kinds.server import ServerKind
from domain.plan.kinds.words import Differences
from domain.plan.step import Action

Definitions = Mapping[str, Mapping[str, Any]]
"""Named queues with their limits."""


class QueueKind(ServerKind):
    """The rules of servers of queues."""

    PARTS: ClassVar[frozenset[str]] = frozenset({"queues"})

    def parts(
        self, desired: Resource, current: Resource, found: Differences, context: Context
    ) -> list[Draft]:
        """Return what declares and removes named queues."""
        del desired, context
        if "queues" not in found:
            return []
        before, after = found["queues"]
        return list(_declarations(current, before or {}, after))

    def lost(self, desired: Resource) -> str:
        """Return that it has no messages."""
        del desired
        return "it begins without messages, which are lost; it gets another password"

    def remarks(self, current: Resource, context: Context) -> list[Draft]:
        """Return that messages stay, when data is rewound."""
        if not context.rewinds_data:
            return []
        reason = "messages are never rewound: what was consumed cannot be returned"
        return [cannot(current.key, reason, None, None)]


def _declarations(server: Resource, before: Definitions, after: Definitions) -> Iterator[Draft]:
    fixed = {
        name for name in before.keys() & after.keys() if _is_durable(before[name]) != _is_durable(after[name])
    }
    for name in sorted(fixed):
        yield cannot(
            server.key,
            f"whether {name} is durable is decided once: remove the queue, with its messages, and declare it again",
            {"queues": {name: before[name]}},
            {"queues": {name: after[name]}},
        )
    known = dict(before)
    wanted = {name: each for name, each in after.items() if name not in fixed and before.get(name) != each}
    yield from _declare(server, known, wanted)
    yield from _undeclare(server, known, set(before) - set(after))


def _declare(server: Resource, known: dict[str, Mapping[str, Any]], wanted: Definitions) -> Iterator[Draft]:
    """Declare first what others send dead letters to."""
    left = dict(wanted)
    while left:
        ready = [name for name in sorted(left) if left[name].get("dead_letter") in {None, *known}]
        new = [name for name in sorted(left) if name not in known]
        name = (ready or new or sorted(left))[0]
        # Queues that send dead letters to each other begin without them.
        is_final = bool(ready) or not new
        definition = left.pop(name) if is_final else {**left[name], "dead_letter": None}
        yield _declaration(server, name, known.get(name), definition)
        known[name] = definition


def _undeclare(server: Resource, known: dict[str, Mapping[str, Any]], unwanted: set[str]) -> Iterator[Draft]:
    """Remove first what nothing sends dead letters to."""
    left = set(unwanted)
    while left:
        targets = {each.get("dead_letter") for name, each in known.items() if name in left}
        free = sorted(left - targets)
        name = free[0] if free else min(left)
        if free:
            left.discard(name)
            yield _removal(server, name, known.pop(name))
        else:
            definition = {**known[name], "dead_letter": None}
            yield _declaration(server, name, known[name], definition)
            known[name] = definition


def _declaration(
    server: Resource, name: str, before: Mapping[str, Any] | None, after: Mapping[str, Any]
) -> Draft:
    return Draft(
        Action.CHANGE,
        server.key,
        "declare",
        body={"name": name, **after},
        identity=server.identity,
        before={"queues": {name: before}},
        after={"queues": {name: dict(after)}},
    )


def _removal(server: Resource, name: str, before: Mapping[str, Any]) -> Draft:
    return Draft(
        Action.CHANGE,
        server.key,
        "undeclare",
        body={"name": name},
        identity=server.identity,
        before={"queues": {name: dict(before)}},
        after={"queues": {name: None}},
        data=f"the messages in {name} are lost",
    )


def _is_durable(definition: Mapping[str, Any]) -> bool:
    return definition.get("durable", True)
