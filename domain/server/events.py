"""What happens to every managed server, and what each event changes."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from domain.aggregate import Aggregate
from domain.server.certificate import Certificate
from domain.server.credentials import Credentials
from domain.server.run_state import RunState
from domain.status import SETTLING

if TYPE_CHECKING:
    from domain.server.aggregate import Server


class Event(Aggregate.Event):
    """What happened to a managed server."""


class CreateRequested(Aggregate.Created):
    """A server was requested. Its password is sealed elsewhere; here is its id."""

    account_id: str
    name: str
    engine: str
    version: str
    image: str
    cpus: float
    memory_mb: int
    vpc_id: str
    vpc_name: str
    port: int
    publish: int | None
    volume_id: str | None
    data_path: str
    username: str
    login_id: str
    deletion_protection: bool
    settings: dict[str, Any]
    tags: dict[str, str]

    def apply(self, aggregate: "Server") -> None:
        aggregate.engine = self.engine
        aggregate.engine_version = self.version
        aggregate.image = self.image
        aggregate.cpus = self.cpus
        aggregate.memory_mb = self.memory_mb
        aggregate.vpc_id = self.vpc_id
        aggregate.vpc_name = self.vpc_name
        aggregate.port = self.port
        aggregate.publish = self.publish
        aggregate.volume_id = self.volume_id
        aggregate.data_path = self.data_path
        aggregate.credentials = Credentials(self.username, self.login_id)
        aggregate.certificate = None
        aggregate.deletion_protection = self.deletion_protection
        aggregate.settings = self.settings
        aggregate.interface = None
        aggregate.run = RunState()


class ChangeRequested(Event):
    """Its limits or settings should be others; ``replaces`` says whether that takes another container."""

    cpus: float
    memory_mb: int
    settings: dict[str, Any]
    replaces: bool

    def apply(self, aggregate: "Server") -> None:
        aggregate.cpus = self.cpus
        aggregate.memory_mb = self.memory_mb
        aggregate.settings = self.settings
        _begin_change(aggregate, "modifying", replaces=self.replaces)


class ProtectionChanged(Event):
    """It is protected from deletion, or no longer."""

    deletion_protection: bool

    def apply(self, aggregate: "Server") -> None:
        aggregate.deletion_protection = self.deletion_protection


class Started(Event):
    """Its program runs; whether clients can use it is another question."""

    address: str | None
    started_at: datetime

    def apply(self, aggregate: "Server") -> None:
        aggregate.run = aggregate.run.started(self.address, self.started_at)
        if aggregate.status in SETTLING:
            # The reason said what it was waiting for.
            aggregate.status_reason = None


class StartRequested(Event):
    """It should run."""

    def apply(self, aggregate: "Server") -> None:
        aggregate.run = aggregate.run.start_requested()
        aggregate.set_status("starting")


class StopRequested(Event):
    """It should not run."""

    def apply(self, aggregate: "Server") -> None:
        aggregate.run = aggregate.run.stop_requested()
        aggregate.set_status("stopping")


class Stopped(Event):
    """It does not run, as requested."""

    def apply(self, aggregate: "Server") -> None:
        aggregate.run = aggregate.run.stopped()
        aggregate.set_status("stopped")


class Crashed(Event):
    """It ended though nobody requested it; it is started again."""

    exit_code: int | None
    reason: str

    def apply(self, aggregate: "Server") -> None:
        aggregate.run = aggregate.run.crashed()
        aggregate.set_status("starting", self.reason)


class RotationRequested(Event):
    """It should have another password, sealed under this id; ``replaces``: in another container."""

    login_id: str
    replaces: bool

    def apply(self, aggregate: "Server") -> None:
        aggregate.credentials = aggregate.credentials.rotation_requested(self.login_id)
        _begin_change(aggregate, "rotating", replaces=self.replaces)


class CredentialsRotated(Event):
    """It accepts the new password and refuses the old one, which is erased."""

    def apply(self, aggregate: "Server") -> None:
        aggregate.credentials = aggregate.credentials.rotated()


class CertificateIssued(Event):
    """It speaks TLS and shows this certificate. Its private key is sealed elsewhere; here is its id."""

    key_id: str
    pem: str
    authority: str
    names: list[str]
    not_after: datetime

    def apply(self, aggregate: "Server") -> None:
        aggregate.certificate = Certificate(self.key_id, self.pem, self.authority, self.names, self.not_after)


class Undeleted(Event):
    """It was taken out of the trash, under this name, into this VPC and with this host port."""

    name: str
    vpc_id: str
    vpc_name: str
    publish: int | None

    def apply(self, aggregate: "Server") -> None:
        aggregate.publish = self.publish
        aggregate.name = self.name
        aggregate.vpc_id = self.vpc_id
        aggregate.vpc_name = self.vpc_name
        aggregate.run = aggregate.run.undeleted()
        aggregate.leave_trash()


def _begin_change(server: "Server", status: str, *, replaces: bool) -> None:
    """Set the state while a change is applied, in the same container or in another one."""
    if replaces:
        server.run = server.run.replacement_requested()
    if server.run.wanted == "running":
        server.set_status(status)
