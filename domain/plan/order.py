"""Puts the steps of a plan in order, and gives them numbers.

A step needs the previous step of the same resource, the steps that make what it uses, and the steps that free what it
takes. What needs a step that cannot be done cannot be done either, and says so.
"""

import heapq
from collections.abc import Iterator, Mapping, Sequence

from domain.plan.context import Context
from domain.plan.draft import Draft, Token
from domain.plan.estate import Key, is_always_there
from domain.plan.kinds.words import named
from domain.plan.step import Action, Step

Needs = list[set[int]]
"""By the index of a draft, the indexes of those that it needs."""


def ordered(chains: Sequence[Sequence[Draft]], context: Context) -> tuple[Step, ...]:
    """Return the steps in an order in which they can be done; those of one chain one after the other."""
    drafts = [draft for chain in chains for draft in chain]
    needs = _needs(chains, drafts)
    order = _sorted(needs)
    lacking = _Lacking(drafts, context)
    numbers: dict[int, str] = {}
    steps: list[Step] = []
    done: dict[int, Draft] = {}
    for index in order:
        draft = _possible(drafts[index], [done.get(each) for each in needs[index]], lacking)
        done[index] = draft
        numbers[index] = str(len(steps) + 1)
        needed = () if draft.command is None else tuple(numbers[each] for each in sorted(needs[index]))
        steps.append(_step(numbers[index], draft, needed))
    return tuple(steps)


def _needs(chains: Sequence[Sequence[Draft]], drafts: Sequence[Draft]) -> Needs:
    makers: dict[Key, int] = {}
    freers: dict[Token, list[int]] = {}
    for index, draft in enumerate(drafts):
        if draft.makes is not None:
            makers[draft.makes] = index
        for token in draft.frees:
            freers.setdefault(token, []).append(index)
    needs: Needs = []
    for index, before in enumerate(_previous(chains)):
        draft = drafts[index]
        found = set() if before is None else {before}
        found.update(makers[key] for key in draft.uses if key in makers)
        found.update(freer for token in draft.takes for freer in freers.get(token, ()))
        needs.append(found - {index})
    return needs


def _previous(chains: Sequence[Sequence[Draft]]) -> Iterator[int | None]:
    """Yield for each draft the previous one in its chain. A difference that just remains is before nothing."""
    index = 0
    for chain in chains:
        previous: int | None = None
        for draft in chain:
            is_remark = draft.command is None and draft.makes is None and not draft.frees
            yield None if is_remark else previous
            previous = previous if is_remark else index
            index += 1


def _sorted(needs: Needs) -> list[int]:
    """Return the indexes, each after those that it needs; last come those that need each other in a circle."""
    waits = [len(each) for each in needs]
    followers: dict[int, list[int]] = {}
    for index, each in enumerate(needs):
        for needed in each:
            followers.setdefault(needed, []).append(index)
    ready = [index for index, count in enumerate(waits) if count == 0]
    heapq.heapify(ready)
    order: list[int] = []
    while ready:
        index = heapq.heappop(ready)
        order.append(index)
        for follower in followers.get(index, ()):
            waits[follower] -= 1
            if waits[follower] == 0:
                heapq.heappush(ready, follower)
    return [*order, *sorted(set(range(len(needs))) - set(order))]


class _Lacking:
    """Knows what steps use that will not be there."""

    def __init__(self, drafts: Sequence[Draft], context: Context) -> None:
        made = {draft.makes for draft in drafts if draft.makes is not None}
        ids = {each.identity.id for each in context.current.values() if each.identity is not None}
        self._there: Mapping[Key, object] = context.current
        self._made = made
        self._ids = ids

    def of(self, draft: Draft) -> Key | None:
        """Return something that a step uses and that neither exists nor is made by the plan."""
        for key in sorted(draft.uses):
            is_there = key in self._there or key in self._made or key.name in self._ids
            if not is_there and not is_always_there(key):
                return key
        return None


def _possible(draft: Draft, needed: Sequence[Draft | None], lacking: _Lacking) -> Draft:
    """Return the draft, or why it cannot be done."""
    if draft.command is None:
        return draft
    missing = lacking.of(draft)
    if missing is not None:
        return draft.refused(f"{named(missing)} does not exist")
    for each in needed:
        if each is None:
            return draft.refused("it needs a step that needs it in turn")
        if each.action is Action.CANNOT:
            return draft.refused(f"it needs a step for {named(each.key)} that cannot be done")
    return draft


def _step(number: str, draft: Draft, needs: tuple[str, ...]) -> Step:
    return Step(
        id=number,
        action=draft.action,
        key=draft.key,
        command=draft.command,
        body=draft.body,
        identity=draft.identity,
        secrets_from=draft.secrets_from,
        before=draft.before,
        after=draft.after,
        data=draft.data,
        reason=draft.reason,
        needs=needs,
    )
