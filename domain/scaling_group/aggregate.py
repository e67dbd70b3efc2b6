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

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self
from uuid import UUID

from eventsourcing.domain import event

from domain import values, vpc
from domain.aggregate import Aggregate, Claim
from domain.errors import Invalid
from domain.scaling_group import attachment
from domain.scaling_group.attachment import Attachment
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
    attachments: Sequence[Attachment] = ()
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
        _check_health(self.keeping, self.attachments)
        attachment.check(self.attachments)
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
        load_balancers: list[dict[str, Any]]
        tags: dict[str, str]

    class LoadBalancersChanged(Aggregate.Event):
        """Other load balancers send requests to its instances."""

        load_balancers: list[dict[str, Any]]

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
            load_balancers=[each.as_json() for each in spec.attachments],
            tags=values.tags(spec.tags),
        )
        group.conditions.claims += group.held_claims()
        group.conditions.requires.append(vpc.alive_claim(group.template.vpc_id))
        return group

    def keep(self, keeping: Keeping) -> None:
        """Find unhealthy, replace and end by these rules. Raises Invalid, BeingDeleted."""
        self.refuse_if_deleting()
        _check_health(keeping, self.attachments)
        if keeping != self.keeping:
            self.trigger_event(self.KeepingChanged, keeping=keeping.as_json())

    def attach(self, attachments: Sequence[Attachment]) -> None:
        """Be behind these load balancers and no others. Raises Invalid, BeingDeleted."""
        self.refuse_if_deleting()
        attachment.check(attachments)
        _check_health(self.keeping, attachments)
        self.refuse_to_lose_figures(attachments)
        if list(attachments) != self.attachments:
            before = self._watch_claims()
            told = [each.as_json() for each in attachments]
            self.trigger_event(self.LoadBalancersChanged, load_balancers=told)
            after = self._watch_claims()
            self.conditions.claims += [claim for claim in after if claim not in before]
            self.conditions.releases += [claim for claim in before if claim not in after]

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
        place = vpc.use_claim(self.template.vpc_id, self)
        members = [self.watch_claim(member_id) for member_id in self.members]
        return [*super().held_claims(), place, *self._watch_claims(), *members]

    def _watch_claims(self) -> list[Claim]:
        """Return the claims by which its load balancers wake it."""
        return [self.watch_claim(id_) for id_ in dict.fromkeys(a.load_balancer_id for a in self.attachments)]

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
        load_balancers: list[dict[str, Any]],
        tags: dict[str, str],
    ) -> None:
        self._begin(account_id, name, tags)
        self._begin_roster()
        self._begin_scaling(Size(min, desired, max))
        self._begin_refreshing(Template.from_json(template))
        self.keeping = Keeping(**keeping)
        self.attachments = [Attachment(**each) for each in load_balancers]

    @event(LoadBalancersChanged)
    def _load_balancers_changed(self, load_balancers: list[dict[str, Any]]) -> None:
        self.attachments = [Attachment(**each) for each in load_balancers]

    @event(KeepingChanged)
    def _keeping_changed(self, keeping: dict[str, Any]) -> None:
        self.keeping = Keeping(**keeping)


def _check_health(keeping: Keeping, attachments: Sequence[Attachment]) -> None:
    keeping.check()
    if keeping.health_check == "load-balancer" and not attachments:
        raise Invalid(
            "cannot go by what load balancers find: the group has none; attach one, or use `container`",
            field="health_check",
        )
