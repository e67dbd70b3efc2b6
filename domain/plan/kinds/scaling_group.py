"""Scaling groups: sizes, rules and template change in place; a refresh brings the template to the instances."""

from typing import Any, ClassVar

from domain.plan.context import Context
from domain.plan.draft import Draft, uses_of
from domain.plan.estate import Key, Resource
from domain.plan.kinds.kind import Kind, is_other, place
from domain.plan.kinds.words import Differences, listed
from domain.plan.step import Action

_SIZES = frozenset({"min", "desired", "max"})


class ScalingGroupKind(Kind):
    """The rules of scaling groups."""

    RANK: ClassVar[int] = 5
    CHOSEN: ClassVar[frozenset[str]] = frozenset({"desired"})
    PATCHED: ClassVar[frozenset[str]] = frozenset(
        {
            *_SIZES,
            "load_balancers",
            "health_check",
            "health_check_grace_s",
            "replace_percent",
            "termination_policy",
            "tags",
        }
    )
    PARTS: ClassVar[frozenset[str]] = frozenset({"template", "policies", "suspended"})
    REPLACED: ClassVar[bool] = True
    ADAPTS: ClassVar[bool] = True

    def references(self, resource: Resource) -> frozenset[Key]:
        """Return the VPC, the subnet and the security groups of its template, and its load balancers."""
        balancers = frozenset(Key("load_balancer", each["load_balancer"]) for each in _attached(resource))
        return place(resource.spec["template"]) | balancers

    def holds(self, resource: Resource) -> frozenset[Key]:
        """Return where its instances are: a load balancer may go before it."""
        return place(resource.spec["template"])

    def fixed(self, found: Differences) -> Differences:
        """Return what cannot be changed: the VPC of the template, and what a template cannot lose."""
        fixed = super().fixed(found)
        if "template" in found:
            for name, (before, after) in _template_differences(found["template"]).items():
                if name == "vpc" or after is None:
                    fixed[f"template.{name}"] = (before, after)
        return fixed

    def differences(self, desired: Resource, current: Resource) -> Differences:
        """Return the fields that differ; of the template, what the desired one mentions."""
        found = super().differences(desired, current)
        if "template" in found and not _template_differences(found["template"]):
            del found["template"]
        return found

    def in_place(
        self, current: Resource, changed: Differences, desired: Resource, context: Context
    ) -> list[Draft]:
        """Return its change; load balancers that are recreated are attached again."""
        attached = _attached(desired) if "load_balancers" in desired.spec else _attached(current)
        renewed = {Key("load_balancer", each["load_balancer"]) for each in attached} & context.renewed
        if renewed and "load_balancers" not in changed:
            changed = {**changed, "load_balancers": (list(_attached(current)), list(attached))}
        if not changed:
            return []
        uses = frozenset(Key("load_balancer", each["load_balancer"]) for each in attached)
        return [self.changing(current, changed).having(uses=uses)]

    def parts(
        self, desired: Resource, current: Resource, found: Differences, context: Context
    ) -> list[Draft]:
        """Return the changes of its template, its policies and its suspended processes."""
        del desired, context
        drafts: list[Draft] = []
        if "template" in found:
            drafts += _template(self, current, _template_differences(found["template"]))
        if "policies" in found:
            drafts += _policies(current, *found["policies"])
        if "suspended" in found:
            drafts += _processes(current, *found["suspended"])
        return drafts

    def kept(self, resource: Resource) -> str:
        """Return what becomes of its instances."""
        del resource
        return "its instances are terminated, and the files in their containers are lost"


def _attached(resource: Resource) -> tuple[dict[str, Any], ...]:
    return tuple(resource.spec.get("load_balancers") or ())


def _template_differences(both: tuple[Any, Any]) -> Differences:
    before, after = both[0] or {}, both[1]
    return {
        name: (before.get(name), value)
        for name, value in after.items()
        if is_other(name, before.get(name), value)
    }


def _template(kind: Kind, current: Resource, changed: Differences) -> list[Draft]:
    """Return the change of the template, and the refresh that replaces the instances."""
    before = {name: each for name, (each, _) in changed.items()}
    after = {name: each for name, (_, each) in changed.items()}
    change = kind.changing(current, {"template": (before, after)})
    known = current.spec["template"]
    left, entered = place(known), place({**known, **after})
    change = change.having(uses=entered - left, frees=uses_of(left - entered))
    refresh = Draft(
        Action.CHANGE,
        current.key,
        "refresh",
        identity=current.identity,
        reason=f"its instances get {listed(changed)} of the template",
        data="its instances of an older template are replaced, a few at a time; the files in their containers are "
        "lost",
    )
    return [change.having(secrets_from=current.identity), refresh]


def _policies(current: Resource, before: dict[str, Any] | None, after: dict[str, Any]) -> list[Draft]:
    known = before or {}
    gone = [
        _policy(current, "remove_policy", name, known[name], None) for name in sorted(known.keys() - after)
    ]
    put = [
        _policy(current, "put_policy", name, known.get(name), policy)
        for name, policy in sorted(after.items())
        if known.get(name) != policy
    ]
    return [*gone, *put]


def _policy(
    current: Resource, command: str, name: str, before: dict[str, Any] | None, after: dict[str, Any] | None
) -> Draft:
    return Draft(
        Action.CHANGE,
        current.key,
        command,
        body={"name": name, **(after or {})},
        identity=current.identity,
        before={"policies": {name: before}},
        after={"policies": {name: after}},
    )


def _processes(current: Resource, before: list[str] | None, after: list[str]) -> list[Draft]:
    known, wanted = set(before or ()), set(after)
    return [
        Draft(
            Action.CHANGE,
            current.key,
            command,
            body={"processes": sorted(processes)},
            identity=current.identity,
            before={"suspended": sorted(known)},
            after={"suspended": sorted(wanted)},
        )
        for command, processes in (("suspend", wanted - known), ("resume", known - wanted))
        if processes
    ]
