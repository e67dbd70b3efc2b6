"""Subnets and security groups: every VPC has a default one, which is changed but neither created nor deleted."""

from typing import Any, ClassVar

from domain.plan.context import Context
from domain.plan.draft import Draft, uses_of
from domain.plan.estate import DEFAULT, Key, Resource
from domain.plan.kinds.kind import Kind
from domain.plan.step import Action


class InVpcKind(Kind):
    """The rules that both share."""

    RANK: ClassVar[int] = 1

    def as_created(self) -> dict[str, Any]:
        """Return the fields of a default one that nobody has changed."""
        return {}

    def create(self, desired: Resource, context: Context, action: Action = Action.CREATE) -> list[Draft]:
        """Return its creation; a default one is there with its VPC, and is changed."""
        if desired.name != DEFAULT:
            return super().create(desired, context, action)
        body = self._changeable(desired)
        return [
            Draft(
                Action.CHANGE,
                desired.key,
                "change",
                body=body,
                before={**self.as_created(), "tags": {}},
                after=body,
                uses=self.references(desired),
            )
        ]

    def change(self, desired: Resource, current: Resource, context: Context) -> list[Draft]:
        """Return what makes it equal to the desired one; a new VPC has another default one."""
        if desired.name == DEFAULT and Key("vpc", desired.spec["vpc"]) in context.renewed:
            return self.create(desired, context)
        return super().change(desired, current, context)

    def remove(self, current: Resource, context: Context) -> list[Draft]:
        """Return its deletion; a default one becomes what it was created as, or goes with its VPC."""
        if current.name != DEFAULT:
            return super().remove(current, context)
        vpc, held = Key("vpc", current.spec["vpc"]), self.holds(current)
        is_vpc_gone = (
            vpc not in context.desired and context.options.covers(vpc) and context.options.removes(vpc)
        )
        if is_vpc_gone and not held:
            return []
        body = {**self.as_created(), "tags": {}}
        before = self._changeable(current)
        return [
            Draft(
                Action.CHANGE,
                current.key,
                "change",
                body=body,
                identity=current.identity,
                before=before,
                after=body,
                frees=uses_of(held),
            )
        ]

    def holds(self, resource: Resource) -> frozenset[Key]:
        """Return what cannot be removed while it exists; a default one goes with its VPC."""
        vpc = frozenset({Key("vpc", resource.spec["vpc"])})
        return self.references(resource) - (vpc if resource.name == DEFAULT else frozenset())

    def _changeable(self, resource: Resource) -> dict[str, Any]:
        fields = {name: value for name, value in resource.spec.items() if name in self.PATCHED}
        return {**fields, "tags": dict(resource.tags)}
