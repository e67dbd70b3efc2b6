"""Where a load balancer listens, where it sends requests to, and the certificates it shows.

Rules
-----
* A listener's host port has one holder at a time, as the published port of an instance has.
* A certificate in use cannot be removed; a private key is sealed, and forgotten with its certificate.
"""

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from eventsourcing.domain import event

from domain import host_port, values
from domain.aggregate import Aggregate, Claim
from domain.errors import Invalid
from domain.load_balancer.certificate import Certificate
from domain.load_balancer.errors import CertificateInUse
from domain.load_balancer.spec import Listener, TargetGroup, Timeouts, check_routes
from domain.managed import Managed


class Routed(Managed, is_abstract=True):
    """What listens, and sends requests to target groups."""

    class ListenersChanged(Aggregate.Event):
        """It should listen elsewhere, or send requests elsewhere."""

        listeners: list[dict[str, Any]]

    class TargetGroupsChanged(Aggregate.Event):
        """Groups came, went, or balance and check otherwise."""

        target_groups: list[dict[str, Any]]

    class TimeoutsChanged(Aggregate.Event):
        """It waits for longer or shorter."""

        timeouts: dict[str, float]

    class CertificateUploaded(Aggregate.Event):
        """A certificate can be used by listeners. Its private key is sealed elsewhere."""

        name: str
        pem: str
        fingerprint: str
        subject: str
        names: list[str]
        not_after: datetime
        key_id: str

    class CertificateRemoved(Aggregate.Event):
        """A certificate is not kept any more."""

        name: str

    def change_routes(
        self, listeners: Sequence[Listener] | None, groups: Sequence[TargetGroup] | None
    ) -> None:
        """Replace listeners, target groups or both. Raises BeingDeleted, Invalid."""
        self.refuse_if_deleting()
        wanted = tuple(listeners) if listeners is not None else self.listeners
        served = tuple(groups) if groups is not None else self.target_groups
        check_routes(wanted, served, self.certificates)
        self.refuse_to_lose_groups(served)
        before = self.port_claims()
        if served != self.target_groups:
            self.trigger_event(self.TargetGroupsChanged, target_groups=[asdict(group) for group in served])
        if wanted != self.listeners:
            self.trigger_event(self.ListenersChanged, listeners=[asdict(listener) for listener in wanted])
        after = self.port_claims()
        self.conditions.claims += [claim for claim in after if claim not in before]
        self.conditions.releases += [claim for claim in before if claim not in after]

    def change_timeouts(self, timeouts: Timeouts) -> None:
        """Wait for longer or shorter. Raises BeingDeleted, Invalid."""
        self.refuse_if_deleting()
        timeouts.check()
        if timeouts != self.timeouts:
            self.trigger_event(self.TimeoutsChanged, timeouts=asdict(timeouts))

    def upload_certificate(self, certificate: Certificate, key_id: UUID) -> None:
        """Keep a certificate, in place of one of that name. Raises BeingDeleted."""
        self.refuse_if_deleting()
        before = self.certificates.get(certificate.name)
        if before is not None:
            self.conditions.erases.append(UUID(before.key_id))
        self.trigger_event(self.CertificateUploaded, **asdict(replace(certificate, key_id=str(key_id))))

    def remove_certificate(self, name: str) -> None:
        """Forget a certificate and its key. Raises BeingDeleted, Invalid, CertificateInUse."""
        self.refuse_if_deleting()
        if name not in self.certificates:
            raise Invalid(f"cannot remove the certificate {values.shown(name)}: there is none", field="name")
        users = [str(listener.port) for listener in self.listeners if name in listener.certificates]
        if users:
            raise CertificateInUse(
                f"cannot remove the certificate {name}: the listener on port {', '.join(users)} uses it; change "
                "that first"
            )
        self.conditions.erases.append(UUID(self.certificates[name].key_id))
        self.trigger_event(self.CertificateRemoved, name=name)

    def group(self, name: str) -> TargetGroup:
        """Return a target group that is known to be there."""
        return next(group for group in self.target_groups if group.name == name)

    def refuse_to_lose_groups(self, groups: Sequence[TargetGroup]) -> None:
        """Raise what stands against keeping only these groups; who knows of something overrides this."""

    def port_claims(self) -> list[Claim]:
        """Return the host ports it listens on."""
        return [host_port.claim(listener.port, self) for listener in self.listeners]

    def refuse_unknown_group(self, name: str) -> None:
        """Raise Invalid."""
        known = [group.name for group in self.target_groups]
        if name not in known:
            raise Invalid(
                f"cannot find the target group {values.shown(name)} of {self.name}: use one of {', '.join(known)}",
                field="target_group",
            )

    def _begin_routes(
        self,
        listeners: list[dict[str, Any]],
        target_groups: list[dict[str, Any]],
        timeouts: dict[str, float],
    ) -> None:
        self.listeners = tuple(Listener.of(each) for each in listeners)
        self.target_groups = tuple(TargetGroup.of(each) for each in target_groups)
        self.timeouts = Timeouts(**timeouts)
        self.certificates: dict[str, Certificate] = {}

    @event(ListenersChanged)
    def _listeners_changed(self, listeners: list[dict[str, Any]]) -> None:
        self.listeners = tuple(Listener.of(each) for each in listeners)

    @event(TargetGroupsChanged)
    def _target_groups_changed(self, target_groups: list[dict[str, Any]]) -> None:
        self.target_groups = tuple(TargetGroup.of(each) for each in target_groups)

    @event(TimeoutsChanged)
    def _timeouts_changed(self, timeouts: dict[str, float]) -> None:
        self.timeouts = Timeouts(**timeouts)

    @event(CertificateUploaded)
    def _certificate_uploaded(
        self,
        name: str,
        pem: str,
        fingerprint: str,
        subject: str,
        names: list[str],
        not_after: datetime,
        key_id: str,
    ) -> None:
        kept = Certificate(name, pem, fingerprint, subject, names, not_after, key_id)
        self.certificates = {**self.certificates, name: kept}

    @event(CertificateRemoved)
    def _certificate_removed(self, name: str) -> None:
        self.certificates = {key: each for key, each in self.certificates.items() if key != name}
