"""Computes a plan: the steps that make the current estate equal to the desired one.

A pure function of two estates and what the outside world knows. Each kind compares its resources and says which
commands make them equal (``domain/plan/kinds``); then the steps are put in order (``domain/plan/order.py``).
"""

from collections.abc import Iterator
from dataclasses import replace

from domain.plan.context import Context
from domain.plan.draft import Draft, cannot
from domain.plan.estate import Estate, Key
from domain.plan.facts import Facts
from domain.plan.kinds import KINDS
from domain.plan.options import Conflict, Options
from domain.plan.order import ordered
from domain.plan.step import Step

_FACTS, _OPTIONS = Facts(), Options()


def plan(
    desired: Estate, current: Estate, facts: Facts = _FACTS, options: Options = _OPTIONS
) -> tuple[Step, ...]:
    """Return the steps, each after those that it needs; nothing when there is nothing to do."""
    context = _context(Context(desired, current, facts, options))
    chains: list[list[Draft]] = [
        *map(_conflict, options.conflicts),
        *_made(context),
        *_adapted(context),
        *_removed(context),
    ]
    return ordered([chain for chain in chains if chain], context)


def _made(context: Context) -> Iterator[list[Draft]]:
    """Yield the commands for each resource that should be there, those that others need first."""
    for key in _by_rank(context.desired):
        if not context.options.covers(key):
            continue
        desired, current = context.desired[key], context.current.get(key)
        kind = KINDS[key.kind]
        yield kind.create(desired, context) if current is None else kind.change(desired, current, context)


def _adapted(context: Context) -> Iterator[list[Draft]]:
    """Yield the commands for what the plan is not about, but uses what gets another resource under its name.

    An instance gets the volume that takes the place of its own, a load balancer the instance.
    """
    if not context.renewed:
        return
    for key in _by_rank(context.current):
        current, kind = context.current[key], KINDS[key.kind]
        is_planned = context.options.covers(key) and (key in context.desired or _is_removed(key, context))
        if not is_planned and kind.ADAPTS and kind.references(current) & context.renewed:
            yield kind.change(current, current, context)


def _removed(context: Context) -> Iterator[list[Draft]]:
    """Yield the commands for each resource that should not be there, those that others need last."""
    for key in reversed(_by_rank(context.current)):
        if _is_removed(key, context):
            yield KINDS[key.kind].remove(context.current[key], context)


def _by_rank(estate: Estate) -> list[Key]:
    return sorted(estate, key=lambda key: (KINDS[key.kind].RANK, key))


def _is_removed(key: Key, context: Context) -> bool:
    return key not in context.desired and context.options.covers(key) and context.options.removes(key)


def _context(given: Context) -> Context:
    """Return the context with what follows from it: who uses what, and what is recreated."""
    users: dict[Key, list[Key]] = {}
    for key, resource in given.current.items():
        for used in KINDS[key.kind].holds(resource):
            users.setdefault(used, []).append(key)
    renewed: set[Key] = set()
    context = replace(given, users=users, renewed=renewed)
    # In this order: whether an instance comes back depends on its volumes.
    for key in _by_rank(given.desired):
        current = given.current.get(key) if given.options.covers(key) else None
        if current is not None and KINDS[key.kind].renews(given.desired[key], current, context):
            renewed.add(key)
    remaining = {
        used: staying
        for used, by in users.items()
        if _is_removed(used, given) and (staying := [key for key in by if _still_uses(key, used, context)])
    }
    return replace(context, remaining=remaining)


def _still_uses(user: Key, used: Key, context: Context) -> bool:
    """Return whether a resource uses another one also after the plan."""
    if _is_removed(user, context):
        return False
    wanted = context.desired.get(user) if context.options.covers(user) else None
    if wanted is None:
        return True
    # What the desired resource does not mention stays as it is.
    current = context.current[user]
    merged = replace(wanted, spec={**current.spec, **wanted.spec})
    return used in KINDS[user.kind].holds(merged)


def _conflict(found: Conflict) -> list[Draft]:
    return [
        cannot(
            found.key,
            f"a later request changed `{found.field}`, too: it is left as it is, unless the undo is forced",
            {found.field: found.now},
            {found.field: found.before},
        )
    ]
