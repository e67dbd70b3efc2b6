"""Security groups: the rules change in place. Groups may name each other, which takes two steps."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from ipaddress import ip_network
from typing import Any, ClassVar

from domain.plan.context import Context
from domain.plan.draft import Draft, uses_of
from domain.plan.estate import DEFAULT, Estate, Key, Resource, key_of
from domain.plan.kinds.in_vpc import InVpcKind
from domain.plan.kinds.words import Differences, afters, befores
from domain.plan.step import Action

_RULES = ("ingress", "egress")
_ALL: Mapping[str, Any] = {
    "protocol": "all",
    "from_port": None,
    "to_port": None,
    "cidr": "0.0.0.0/0",
    "group": None,
    "description": "",
}


class SecurityGroupKind(InVpcKind):
    """The rules of security groups."""

    PATCHED: ClassVar[frozenset[str]] = frozenset({"ingress", "egress", "tags"})

    def as_created(self) -> dict[str, Any]:
        """Return the fields of a default group that nobody has changed."""
        return {"ingress": [dict(_ALL)], "egress": [dict(_ALL)]}

    def references(self, resource: Resource) -> frozenset[Key]:
        """Return its VPC, and the groups that its rules name."""
        return super().references(resource) | _peers(resource)

    def differences(self, desired: Resource, current: Resource) -> Differences:
        """Return the fields that differ; the order of rules, and how they are written, makes no difference."""
        found = super().differences(desired, current)
        for name in _RULES:
            if name in found:
                before, after = (_rules(each, name) for each in (current, desired))
                if _distinct(before) == _distinct(after):
                    del found[name]
                else:
                    found[name] = (before, after)
        return found

    def in_place(
        self, current: Resource, changed: Differences, desired: Resource, context: Context
    ) -> list[Draft]:
        """Return the change of its rules, once the groups that they name are there."""
        left = _peers(current) - _peers(desired)
        return [
            draft.having(uses=draft.uses | _peers(desired), frees=draft.frees | uses_of(left))
            for draft in super().in_place(current, changed, desired, context)
        ]

    def create(self, desired: Resource, context: Context, action: Action = Action.CREATE) -> list[Draft]:
        """Return its creation; if a group that it names waits for it in turn, its rules follow when both are there."""
        drafts = super().create(desired, context, action)
        if desired.name == DEFAULT or not _is_in_circle(desired, context.desired):
            return drafts
        made, *rest = drafts
        without = {name: _without_groups(_rules(desired, name)) for name in _RULES}
        rules = {name: _rules(desired, name) for name in _RULES}
        first = made.having(
            body={**made.body, **without},
            uses=made.uses - _peers(desired),
            after={**(made.after or {}), **without},
        )
        second = Draft(
            action, desired.key, "change", body=rules, before=without, after=rules, uses=_peers(desired)
        )
        return [first, second, *rest]

    def remove(self, current: Resource, context: Context) -> list[Draft]:
        """Return its deletion; a group that names it in turn is taken out of its rules first."""
        drafts = super().remove(current, context)
        if current.name == DEFAULT or not _is_in_circle(current, context.current):
            return drafts
        before = {name: _rules(current, name) for name in _RULES}
        found = {name: (each, _without_groups(each)) for name, each in before.items()}
        changed = {name: both for name, both in found.items() if both[0] != both[1]}
        revoked = Draft(
            Action.CHANGE,
            current.key,
            "change",
            body=afters(changed),
            identity=current.identity,
            before=befores(changed),
            after=afters(changed),
            frees=uses_of(_peers(current)),
        )
        *others, removal = drafts
        return [*others, revoked, removal.having(frees=removal.frees - uses_of(_peers(current)))]


def _peers(resource: Resource) -> frozenset[Key]:
    names = [
        each["group"]
        for name in _RULES
        for each in resource.spec.get(name) or ()
        if each.get("group") is not None
    ]
    return frozenset(key_of("security_group", each, resource.spec["vpc"]) for each in names) - {resource.key}


def _is_in_circle(resource: Resource, among: Estate) -> bool:
    """Return whether a group that it names leads back to it."""
    seen: set[Key] = set()
    left = list(_peers(resource))
    while left:
        key = left.pop()
        if key == resource.key:
            return True
        if key not in seen and key in among:
            seen.add(key)
            left += _peers(among[key])
    return False


def _rules(resource: Resource, name: str) -> list[dict[str, Any]]:
    """Return the rules of a direction as the cloud shows them; egress that is left out is everything."""
    given = resource.spec.get(name)
    if given is None:
        return [dict(_ALL)] if name == "egress" else []
    return [_as_shown(each) for each in given]


def _as_shown(rule: Mapping[str, Any]) -> dict[str, Any]:
    found = {**_ALL, "cidr": None, **rule}
    if found["to_port"] is None:
        found["to_port"] = found["from_port"]
    with suppress(ValueError):  # the command says what is wrong with it
        found["cidr"] = found["cidr"] and str(ip_network(found["cidr"]))
    return found


def _without_groups(rules: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [dict(each) for each in rules if each["group"] is None]


def _distinct(rules: Iterable[Mapping[str, Any]]) -> list[list[tuple[str, str]]]:
    return sorted(sorted((name, str(value)) for name, value in each.items()) for each in rules)
