"""The rules and events of a scaling group.

Rules
-----
* A group keeps as many instances as desired, never fewer than min, never more than max, but for those that are about
  to replace others.
* Its instances are launched from its template, in its VPC, under names of the group; nobody else's are touched.
* What it decides by itself is an event with the numbers it was decided on.
* A refresh replaces every instance of an older template, and goes back when an instance of the new one fails.
* A deleted group ends its instances first.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self
from uuid import UUID

from eventsourcing.domain import event

from domain import values, vpc
from domain.aggregate import Aggregate, Claim
from domain.errors import Invalid
from domain.scaling_group.refreshing import Refreshing
from domain.scaling_group.settings import Keeping, Size
from domain.scaling_group.template import Template

LONGEST_NAME = 56


@dataclass(frozen=True, slots=True)
class GroupSpec:
    """A group as it is asked for."""

    account_id: str
    name: str
    template: Template
    size: Size
    keeping: Keeping = field(default_factory=Keeping)
    tags: Mapping[str, str] = field(default_factory=dict[str, str])

    def check(self, environment: Mapping[str, str]) -> None:
        """Raise Invalid for the first thing that can never be right."""
        if len(values.name(self.name)) > LONGEST_NAME:
            raise Invalid(
                f"cannot use so long a name: instances are named after their group; use at most {LONGEST_NAME} "
                "characters",
                field="name",
            )
        self.size.check()
        self.keeping.check()
        self.template.check(environment)


class ScalingGroup(Refreshing):
    """One group."""

    PREFIX = "asg"

    class CreateRequested(Aggregate.Created):
        """A group was asked for."""

        account_id: str
        name: str
        template: dict[str, Any]
        min: int
        desired: int
        max: int
        keeping: dict[str, Any]
        tags: dict[str, str]

    class KeepingChanged(Aggregate.Event):
        """Instances are found unhealthy, replaced and ended by other rules."""

        keeping: dict[str, Any]

    @classmethod
    def create(cls, spec: GroupSpec, environment: Mapping[str, str]) -> Self:
        """Ask for a group. Raises Invalid."""
        spec.check(environment)
        group = cls(
            account_id=spec.account_id,
            name=spec.name,
            template=spec.template.as_json(),
            min=spec.size.min,
            desired=spec.size.desired,
            max=spec.size.max,
            keeping=spec.keeping.as_json(),
            tags=values.tags(spec.tags),
        )
        group.conditions.claims += group.held_claims()
        vpc_id = group.template.vpc_id
        group.conditions.requires.append(Claim("alive", vpc_id, _uuid(vpc_id)))
        return group

    def keep(self, keeping: Keeping) -> None:
        """Find unhealthy, replace and end by these rules. Raises Invalid, BeingDeleted."""
        self.refuse_if_deleting()
        keeping.check()
        if keeping != self.keeping:
            self.trigger_event(self.KeepingChanged, keeping=keeping.as_json())

    def report_state(self, failing: str | None) -> None:
        """Note whether the group has what is desired; ``failing`` says why an instance does not come into service."""
        if self.is_deleting:
            return
        serving = sum(member.serves for member in self.members.values())
        if failing is not None:
            self.report_failed(failing)
        elif serving >= self.size.desired:
            self.report_available()

    def held_claims(self) -> list[Claim]:
        """Return its name and its place in the VPC."""
        if self.status == "deleted":
            return []
        vpc_id = self.template.vpc_id
        return [
            *super().held_claims(),
            Claim(vpc.use_scope(_uuid(vpc_id)), self.public_id, self.id, self.name),
        ]

    def held_secrets(self) -> list[UUID]:
        """Return where the values of its templates' environments are."""
        if self.status == "deleted":
            return []
        return [UUID(id_) for id_ in {t.environment_id for t in self.templates.values()} if id_ is not None]

    @event(CreateRequested)
    def __init__(  # noqa: PLR0913, PLR0917 - what a group is made of
        self,
        account_id: str,
        name: str,
        template: dict[str, Any],
        min: int,  # noqa: A002 - the users' word
        desired: int,
        max: int,  # noqa: A002 - as above
        keeping: dict[str, Any],
        tags: dict[str, str],
    ) -> None:
        self._begin(account_id, name, tags)
        self._begin_roster()
        self._begin_scaling(Size(min, desired, max))
        self._begin_refreshing(Template.from_json(template))
        self.keeping = Keeping(**keeping)

    @event(KeepingChanged)
    def _keeping_changed(self, keeping: dict[str, Any]) -> None:
        self.keeping = Keeping(**keeping)


def _uuid(public_id: str) -> UUID:
    parsed = values.parse_id(public_id)
    assert parsed is not None  # noqa: S101 - the id of a VPC that was found
    return parsed[1]
