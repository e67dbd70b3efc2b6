"""The rules and events of one load balancer.

``routes.py`` has where it listens, ``membership.py`` to whom it sends requests.

Rules
-----
* It is in one VPC. Targets are instances of that VPC, or addresses in its range.
* It holds its name, its place in the VPC and its ports until it is gone.
"""

from dataclasses import asdict
from typing import Any, Self
from uuid import UUID

from eventsourcing.domain import event

from domain import values, vpc
from domain.aggregate import Aggregate, Claim
from domain.load_balancer.membership import Targeted
from domain.load_balancer.spec import BalancerSpec, check_routes


class LoadBalancer(Targeted):
    """One proxy and what is wanted of it."""

    PREFIX = "lb"

    class CreateRequested(Aggregate.Created):
        """A load balancer was asked for."""

        account_id: str
        name: str
        vpc_id: str
        vpc_name: str
        listeners: list[dict[str, Any]]
        target_groups: list[dict[str, Any]]
        timeouts: dict[str, float]
        tags: dict[str, str]

    @classmethod
    def create(cls, spec: BalancerSpec) -> Self:
        """Ask for a load balancer. Raises Invalid."""
        values.name(spec.name)
        spec.timeouts.check()
        check_routes(spec.listeners, spec.target_groups, ())
        balancer = cls(
            account_id=spec.account_id,
            name=spec.name,
            vpc_id=spec.vpc_public_id,
            vpc_name=spec.vpc_name,
            listeners=[asdict(listener) for listener in spec.listeners],
            target_groups=[asdict(group) for group in spec.target_groups],
            timeouts=asdict(spec.timeouts),
            tags=values.tags(spec.tags),
        )
        balancer.conditions.claims += balancer.held_claims()
        balancer.conditions.requires.append(vpc.alive_claim(spec.vpc_public_id))
        return balancer

    def held_claims(self) -> list[Claim]:
        """Return its name, its place in the VPC, its host ports, and the instances it watches and serves from."""
        if self.status == "deleted":
            return []
        place = vpc.use_claim(self.vpc_id, self)
        return [*super().held_claims(), place, *self.port_claims(), *self.target_claims()]

    def held_secrets(self) -> list[UUID]:
        """Return where the private keys are."""
        if self.status == "deleted":
            return []
        return [UUID(certificate.key_id) for certificate in self.certificates.values()]

    @event(CreateRequested)
    def __init__(  # noqa: PLR0913, PLR0917 - what a balancer is made of
        self,
        account_id: str,
        name: str,
        vpc_id: str,
        vpc_name: str,
        listeners: list[dict[str, Any]],
        target_groups: list[dict[str, Any]],
        timeouts: dict[str, float],
        tags: dict[str, str],
    ) -> None:
        self._begin(account_id, name, tags)
        self.vpc_id = vpc_id
        self.vpc_name = vpc_name
        self._begin_routes(listeners, target_groups, timeouts)
        self._begin_targets()
