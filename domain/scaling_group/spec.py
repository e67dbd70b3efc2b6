"""A scaling group as it is requested."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from domain import values
from domain.scaling_group import attachment
from domain.scaling_group.attachment import Attachment
from domain.scaling_group.settings import HealthPolicy, Size
from domain.scaling_group.template import Template

LONGEST_NAME = 56


@dataclass(frozen=True, slots=True)
class GroupSpec:
    """A group as it is requested."""

    account_id: str
    name: str
    template: Template
    size: Size
    health_policy: HealthPolicy = field(default_factory=HealthPolicy)
    attachments: Sequence[Attachment] = ()
    tags: Mapping[str, str] = field(default_factory=dict[str, str])

    def check(self, environment: Mapping[str, str]) -> None:
        """Raise Invalid for the first thing that can never be right."""
        if len(values.name(self.name)) > LONGEST_NAME:
            raise values.must(
                "name",
                f"have at most {LONGEST_NAME} characters",
                len(self.name),
                why="instances are named after their group",
            )
        self.size.check()
        check_health(self.health_policy, self.attachments)
        attachment.check(self.attachments)
        self.template.check(environment)


def check_health(policy: HealthPolicy, attachments: Sequence[Attachment]) -> None:
    """Raise Invalid unless the health policy is sound and has the load balancers that it needs."""
    policy.check()
    if policy.health_check == "load-balancer" and not attachments:
        raise values.must(
            "health_check", "be `container` unless a load balancer is attached", policy.health_check
        )
