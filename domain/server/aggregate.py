"""The rules that every managed server shares: a database, a cache or a queue in one container of a VPC.

Rules
-----
* ``available`` means that a client has used it.
* The desired state (running, stopped) and the reported state are separate.
* A server that is protected from deletion is not deleted.
* A host port has one holder at a time, until the holder is deleted.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from domain import host_port, values, vpc
from domain.aggregate import Claim
from domain.interface import Interface, WithInterface
from domain.server import events
from domain.server.certificate import Certificate
from domain.server.credentials import Credentials
from domain.server.run_state import RunState, Wanted
from domain.server.spec import (
    DeletionProtected,
    RotationUnderWay,
    ServerEnd,
    ServerSpec,
    ServerStopped,
)
from domain.trash import Trashable


class Server(Trashable, WithInterface):
    """One server. A kind checks what may be requested, and adds the rest."""

    engine: str
    engine_version: str
    image: str
    cpus: float
    memory_mb: int
    vpc_id: str
    vpc_name: str
    port: int
    publish: int | None
    volume_id: str | None
    data_path: str
    credentials: Credentials
    certificate: Certificate | None
    """What it shows its clients; None for a server that does not speak TLS."""
    deletion_protection: bool
    settings: dict[str, Any]
    run: RunState

    Event = events.Event
    CreateRequested = events.CreateRequested
    ChangeRequested = events.ChangeRequested
    ProtectionChanged = events.ProtectionChanged
    Started = events.Started
    StartRequested = events.StartRequested
    StopRequested = events.StopRequested
    Stopped = events.Stopped
    Crashed = events.Crashed
    RotationRequested = events.RotationRequested
    CredentialsRotated = events.CredentialsRotated
    CertificateIssued = events.CertificateIssued
    Undeleted = events.Undeleted

    @classmethod
    def create(cls, spec: ServerSpec) -> Self:
        """Request a server. Raises Invalid."""
        if spec.publish is not None:
            values.between(spec.publish, 1, 65535, "publish")
        server = cls._create(
            cls.CreateRequested,
            account_id=spec.account_id,
            name=values.name(spec.name),
            engine=spec.engine,
            version=spec.version,
            image=spec.image,
            cpus=spec.cpus,
            memory_mb=spec.memory_mb,
            vpc_id=spec.vpc_id,
            vpc_name=spec.vpc_name,
            port=spec.port,
            publish=spec.publish,
            volume_id=spec.volume_id,
            data_path=spec.data_path,
            username=spec.username,
            login_id=str(spec.login_id),
            deletion_protection=spec.deletion_protection,
            settings=dict(spec.settings),
            tags=values.tags(spec.tags),
        )
        server.conditions.claims += server.held_claims()
        server.conditions.requires.append(vpc.alive_claim(spec.vpc_id))
        return server

    @property
    def wanted(self) -> Wanted:
        """Whether it should run or be stopped."""
        return self.run.wanted

    @property
    def generation(self) -> int:
        """The generation of the container that it should run in."""
        return self.run.generation

    @property
    def address(self) -> str | None:
        """Its address in the VPC, as reported last."""
        return self.run.address

    @property
    def started_at(self) -> datetime | None:
        """When the newest reported run began."""
        return self.run.started_at

    @property
    def is_up(self) -> bool:
        """Whether that run continues, as far as is known, and was not requested to end."""
        return self.run.is_up

    @property
    def username(self) -> str:
        """The user that clients connect as."""
        return self.credentials.username

    @property
    def login_id(self) -> str:
        """The id under which the current password is sealed."""
        return self.credentials.login_id

    @property
    def next_login_id(self) -> str | None:
        """The id under which the next password is sealed, while a rotation is under way."""
        return self.credentials.next_login_id

    def change(
        self,
        cpus: float | None = None,
        memory_mb: int | None = None,
        settings: Mapping[str, Any] | None = None,
        *,
        replaces: bool = False,
    ) -> None:
        """Request other limits or settings; what is left out stays. Raises BeingDeleted."""
        self.refuse_if_deleting()
        wanted = (cpus or self.cpus, memory_mb or self.memory_mb, {**self.settings, **(settings or {})})
        if wanted != (self.cpus, self.memory_mb, self.settings):
            self.trigger_event(
                self.ChangeRequested,
                cpus=wanted[0],
                memory_mb=wanted[1],
                settings=wanted[2],
                replaces=replaces,
            )

    def protect(self, *, deletion_protection: bool) -> None:
        """Protect it from deletion, or no longer. Raises BeingDeleted."""
        self.refuse_if_deleting()
        if deletion_protection != self.deletion_protection:
            self.trigger_event(self.ProtectionChanged, deletion_protection=deletion_protection)

    def start(self) -> None:
        """Request that it runs. Raises BeingDeleted."""
        self.refuse_if_deleting()
        if self.wanted != "running":
            self.trigger_event(self.StartRequested)

    def stop(self) -> None:
        """Request that it does not run; its volume stays. Raises BeingDeleted."""
        self.refuse_if_deleting()
        if self.wanted != "stopped":
            self.trigger_event(self.StopRequested)

    def secure(self, certificate: Certificate) -> None:
        """Set the certificate of a server that speaks TLS only; erases the key of the previous one."""
        if self.certificate is not None:
            self.conditions.erases.append(UUID(self.certificate.key_id))
        self.trigger_event(
            self.CertificateIssued,
            key_id=certificate.key_id,
            pem=certificate.pem,
            authority=certificate.authority,
            names=certificate.names,
            not_after=certificate.not_after,
        )

    def rotate_credentials(self, login_id: UUID, *, replaces: bool) -> None:
        """Request another password. Raises BeingDeleted, ServerStopped, RotationUnderWay."""
        self.refuse_unless_wanted("change the password of")
        if self.next_login_id is not None:
            raise RotationUnderWay(
                f"cannot change the password of {self.name}: it is being changed; wait until it is available"
            )
        self.trigger_event(self.RotationRequested, login_id=str(login_id), replaces=replaces)

    def undelete_into(
        self,
        vpc_id: str,
        vpc_name: str,
        interface: Interface,
        *,
        name: str | None = None,
        publish: int | None = None,
    ) -> None:
        """Take it out of the trash, into this VPC, published on this port of the host.

        Raises NotInTrash, Invalid; saving raises when a claim is taken.
        """
        self.refuse_unless_restorable()
        self.trigger_event(
            self.Undeleted,
            name=self.name if name is None else values.name(name),
            vpc_id=vpc_id,
            vpc_name=vpc_name,
            publish=publish,
        )
        self.restore_interface(interface)
        self.conditions.claims += self.held_claims()
        self.conditions.requires.append(vpc.alive_claim(vpc_id))

    def report_started(self, address: str | None, started_at: datetime) -> None:
        """Record that its program runs."""
        if self.run.differs(address, started_at):
            self.trigger_event(self.Started, address=address, started_at=started_at)

    def report_stopped(self) -> None:
        """Record that it does not run, as requested."""
        if self.wanted == "stopped" and self.status != "stopped":
            self.trigger_event(self.Stopped)

    def report_crashed(self, end: ServerEnd) -> None:
        """Record that it ended though nobody requested it."""
        self.trigger_event(self.Crashed, exit_code=end.exit_code, reason=end.reason)

    def report_rotated(self, login_id: str) -> None:
        """Record that it accepts this new password, and only this one."""
        if self.next_login_id == login_id:
            self.conditions.erases.append(UUID(self.login_id))
            self.trigger_event(self.CredentialsRotated)

    def report_available(self) -> None:
        """Record that a client has used it."""
        if self.can_be_available:
            super().report_available()

    @property
    def shm_mb(self) -> int | None:
        """The size of its ``/dev/shm`` in MiB; None is the default of the container engine."""
        return None

    @property
    def can_be_available(self) -> bool:
        """Whether it should run, and no requested change is under way."""
        return self.wanted == "running" and self.next_login_id is None and not self.is_deleting

    def refuse_unless_wanted(self, what: str) -> None:
        """Raise BeingDeleted, or ServerStopped."""
        self.refuse_if_deleting()
        if self.wanted == "stopped":
            raise ServerStopped(f"cannot {what} {self.name}: it is {self.status}; start it first")

    @property
    def publishes(self) -> bool:
        """Whether it publishes a port of the host."""
        return self.publish is not None

    def refuse_change(self) -> None:
        """Raise BeingDeleted."""
        self.refuse_if_deleting()

    def refuse_to_delete(self) -> None:
        """Raise DeletionProtected."""
        if self.deletion_protection:
            raise DeletionProtected(
                f"cannot delete {self.KIND} {self.name}: it is protected; set `deletion_protection` to false first",
                field="deletion_protection",
            )

    def held_claims(self) -> list[Claim]:
        """Return the claims on its name, its place and its address in the VPC, and the host port it publishes."""
        if self.is_trashed or self.status == "deleted":
            return []
        published = [] if self.publish is None else [host_port.claim(self.publish, self)]
        return [self.name_claim(), vpc.use_claim(self.vpc_id, self), *self.interface_claims(), *published]

    def held_secrets(self) -> list[UUID]:
        """Return the ids of its passwords and its private key."""
        if self.status == "deleted":
            return []
        keys = [UUID(self.certificate.key_id)] if self.certificate else []
        return [*self.credentials.secrets, *keys]
