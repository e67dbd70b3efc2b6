"""The password of a managed server, how it becomes another, and the certificate of one that speaks TLS.

A password is changed in two steps: the next one is kept beside the present one until the server takes it, and
refuses the other. Wherever that is cut off, it ends with one password that works.
"""

from datetime import datetime
from uuid import UUID

from eventsourcing.domain import event

from domain.aggregate import Aggregate
from domain.server.certificate import Certificate
from domain.server.life import Living
from domain.server.spec import RotationUnderWay


class Secured(Living, is_abstract=True):
    """What is used with a password; secrets are sealed elsewhere, here are their ids."""

    class RotationRequested(Aggregate.Event):
        """It should have another password, sealed under this id; ``replaces``: in another container."""

        login_id: str
        replaces: bool

    class CredentialsRotated(Aggregate.Event):
        """It takes the new password, and refuses the old one, which is forgotten."""

    class CertificateIssued(Aggregate.Event):
        """It speaks TLS, and shows this certificate. Its private key is sealed elsewhere; here is its id."""

        key_id: str
        pem: str
        authority: str
        names: list[str]
        not_after: datetime

    def secure(self, certificate: Certificate) -> None:
        """Have it speak TLS only; decided as it is asked for."""
        self.trigger_event(
            self.CertificateIssued,
            key_id=certificate.key_id,
            pem=certificate.pem,
            authority=certificate.authority,
            names=certificate.names,
            not_after=certificate.not_after,
        )

    def rotate_credentials(self, login_id: UUID, *, replaces: bool) -> None:
        """Ask for another password. Raises BeingDeleted, ServerStopped, RotationUnderWay."""
        self.refuse_unless_wanted("change the password of")
        if self.next_login_id is not None:
            raise RotationUnderWay(
                f"cannot change the password of {self.name}: it is being changed; wait until it is available"
            )
        self.trigger_event(self.RotationRequested, login_id=str(login_id), replaces=replaces)

    def report_rotated(self, login_id: str) -> None:
        """Note that it takes this new password, and only this one."""
        if self.next_login_id == login_id:
            self.conditions.erases.append(UUID(self.login_id))
            self.trigger_event(self.CredentialsRotated)

    def held_secrets(self) -> list[UUID]:
        """Return where its passwords are, and its private key."""
        if self.status == "deleted":
            return []
        key_id = self.certificate.key_id if self.certificate else None
        return [UUID(each) for each in (self.login_id, self.next_login_id, key_id) if each is not None]

    def _begin_credentials(self, username: str, login_id: str) -> None:
        self.username = username
        self.login_id = login_id
        self.next_login_id: str | None = None
        """Sealed beside the present one while the server is asked to take it."""
        self.certificate: Certificate | None = None
        """What it shows its clients; None for a server that does not speak TLS."""

    @event(RotationRequested)
    def _rotation_requested(self, login_id: str, replaces: bool) -> None:  # noqa: FBT001
        self.next_login_id = login_id
        self._expect("rotating", replaces=replaces)

    @event(CredentialsRotated)
    def _credentials_rotated(self) -> None:
        assert self.next_login_id is not None  # noqa: S101 - reported only then
        self.login_id = self.next_login_id
        self.next_login_id = None

    @event(CertificateIssued)
    def _certificate_issued(
        self, key_id: str, pem: str, authority: str, names: list[str], not_after: datetime
    ) -> None:
        self.certificate = Certificate(key_id, pem, authority, names, not_after)
