"""Load balancers: everything but the VPC changes in place, targets are registered one by one."""

from collections.abc import Mapping
from typing import Any, ClassVar

from domain.load_balancer.spec import DEFAULT_GROUP
from domain.load_balancer.target import Selector
from domain.plan.context import Context
from domain.plan.draft import Draft, port_token
from domain.plan.estate import Key, Resource
from domain.plan.kinds.kind import Kind
from domain.plan.kinds.words import Differences
from domain.plan.secrets import is_unchanged
from domain.plan.step import Action

Target = Mapping[str, Any]
"""The body that registers a target."""


class LoadBalancerKind(Kind):
    """The rules of load balancers."""

    RANK: ClassVar[int] = 4
    PATCHED: ClassVar[frozenset[str]] = frozenset(
        {
            "listeners",
            "algorithm",
            "sticky",
            "health_check",
            "deregistration_delay_s",
            "max_connections",
            "target_groups",
            "timeouts",
            "security_groups",
            "tags",
        }
    )
    PARTS: ClassVar[frozenset[str]] = frozenset({"certificates", "targets"})
    REPLACED: ClassVar[bool] = True
    ADAPTS: ClassVar[bool] = True

    def references(self, resource: Resource) -> frozenset[Key]:
        """Return its VPC and the instances that are its targets."""
        return super().references(resource) | {
            Key("instance", name) for each in targets(resource) if (name := each.get("instance")) is not None
        }

    def holds(self, resource: Resource) -> frozenset[Key]:
        """Return its VPC: a target may go before it."""
        return super().references(resource)

    def ports(self, resource: Resource) -> frozenset[int]:
        """Return the ports of the host that it listens on."""
        return frozenset(each["port"] for each in resource.spec.get("listeners", ()))

    def in_place(
        self, current: Resource, changed: Differences, desired: Resource, context: Context
    ) -> list[Draft]:
        """Return its change: what leaves goes before it, what it needs comes before it, what needs it comes after."""
        before = {target_name(each): each for each in targets(current)}
        is_named = "targets" in desired.spec
        after = {target_name(each): each for each in targets(desired)} if is_named else before
        leaving = [_deregister(current, each, context) for name, each in before.items() if name not in after]
        coming = [
            _register(current, each, before.get(name))
            for name, each in after.items()
            if _weight(each) != _weight(before.get(name)) or _instance(each) in context.renewed
        ]
        uploaded, removed = _certificates(desired, current)
        return [*leaving, *uploaded, *self._changes(current, changed), *removed, *coming]

    def differences(self, desired: Resource, current: Resource) -> Differences:
        """Return the fields that differ; targets and certificates are compared one by one."""
        found = super().differences(desired, current)
        return {name: both for name, both in found.items() if name not in self.PARTS}

    def _changes(self, current: Resource, changed: Differences) -> list[Draft]:
        if not changed:
            return []
        change = self.changing(current, changed)
        if "listeners" not in changed:
            return [change]
        before, after = ({each["port"]: each for each in listeners} for listeners in changed["listeners"])
        freed = frozenset(port_token(port) for port in before.keys() - after.keys())
        taken = frozenset(port_token(port) for port in after.keys() - before.keys())
        if not freed or not taken:
            return [change.having(frees=change.frees | freed, takes=taken)]
        # Two load balancers may exchange ports: each lets go of the old ones first.
        staying = [each for port, each in before.items() if port in after]
        closing = self.changing(current, {"listeners": (list(before.values()), staying)})
        return [closing.having(frees=freed), change.having(takes=taken)]


def targets(resource: Resource) -> tuple[Target, ...]:
    """Return its targets, as they are registered."""
    return tuple(resource.spec.get("targets") or ())


def target_name(target: Target) -> tuple[str, str, int]:
    """Return what distinguishes a target from the others of its load balancer."""
    return (_group(target), _where(target), target["port"])


def _certificates(desired: Resource, current: Resource) -> tuple[list[Draft], list[Draft]]:
    """Return the uploads and the removals of certificates."""
    before: Mapping[str, Any] = current.spec.get("certificates") or {}
    after: Mapping[str, Any] = desired.spec.get("certificates", before) or {}
    uploaded = [
        _certificate(current, "upload_certificate", name, each, is_there=name in before)
        for name, each in sorted(after.items())
        if name not in before or not is_unchanged(each)
    ]
    removed = [
        _certificate(current, "remove_certificate", name, {}, is_there=True)
        for name in sorted(before.keys() - after.keys())
    ]
    return uploaded, removed


def _certificate(
    balancer: Resource, command: str, name: str, given: Mapping[str, Any], *, is_there: bool
) -> Draft:
    return Draft(
        Action.CHANGE,
        balancer.key,
        command,
        body={"name": name, **given},
        identity=balancer.identity,
        before={"certificates": [name] if is_there else []},
        after={"certificates": [name] if command == "upload_certificate" else []},
    )


def _weight(target: Target | None) -> int | None:
    return None if target is None else target.get("weight", 1)


def _where(target: Target) -> str:
    tags = target.get("tags")
    if tags:
        return Selector(_group(target), tags, target["port"]).id
    return str(target.get("instance") or target.get("address"))


def _group(target: Target) -> str:
    return target.get("target_group") or DEFAULT_GROUP


def _instance(target: Target) -> Key | None:
    name = target.get("instance")
    return None if name is None else Key("instance", name)


def _register(balancer: Resource, target: Target, before: Target | None) -> Draft:
    instance = _instance(target)
    return Draft(
        Action.CHANGE,
        balancer.key,
        "register_target",
        body=dict(target),
        identity=balancer.identity,
        before={"targets": [dict(before)] if before else []},
        after={"targets": [dict(target)]},
        uses=frozenset() if instance is None else frozenset({instance}),
    )


def _deregister(balancer: Resource, target: Target, context: Context) -> Draft:
    instance = _instance(target)
    identity = None
    if instance is not None and instance in context.current:
        identity = context.current[instance].identity
    where = identity.id if identity else _where(target)
    is_selector = bool(target.get("tags"))
    name = where if is_selector else f"{_group(target)}:{where}:{target['port']}"
    return Draft(
        Action.CHANGE,
        balancer.key,
        "deregister_target",
        body={"target": name},
        identity=balancer.identity,
        before={"targets": [dict(target)]},
        after={"targets": []},
        frees=frozenset() if instance is None else frozenset({("use", *instance)}),
    )
