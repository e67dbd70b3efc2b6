"""The rules that every managed server shares: a database, a cache, a queue in one container of a VPC.

``life.py`` has when it runs, ``credentials.py`` its password and certificate.

Rules
-----
* ``available`` means that a client has used it.
* What is protected from deletion is not deleted.
* A host port has one holder at a time, until the holder is gone.
"""

from collections.abc import Mapping
from typing import Any, Self

from eventsourcing.domain import event

from domain import host_port, values, vpc
from domain.aggregate import Aggregate, Claim
from domain.errors import Invalid
from domain.server.credentials import Secured
from domain.server.spec import DeletionProtected, ServerSpec


class Server(Secured, is_abstract=True):
    """One server and what is wanted of it. A kind says what may be asked for, and keeps the rest."""

    class CreateRequested(Aggregate.Created):
        """A server was asked for. Its password is sealed elsewhere; here is its id."""

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

    class ChangeRequested(Aggregate.Event):
        """It should be otherwise; ``replaces`` says whether that takes another container."""

        cpus: float
        memory_mb: int
        settings: dict[str, Any]
        replaces: bool

    class ProtectionChanged(Aggregate.Event):
        """It is protected from deletion, or no longer."""

        deletion_protection: bool

    @classmethod
    def create(cls, spec: ServerSpec) -> Self:
        """Ask for a server. Raises Invalid."""
        if spec.publish is not None and not 1 <= spec.publish <= 65535:
            raise Invalid(f"cannot publish on port {spec.publish}: use 1 to 65535", field="publish")
        server = cls(
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

    def change(
        self,
        cpus: float | None = None,
        memory_mb: int | None = None,
        settings: Mapping[str, Any] | None = None,
        *,
        replaces: bool = False,
    ) -> None:
        """Ask for other limits or settings; what is left out stays. Raises BeingDeleted."""
        self.refuse_if_deleting()
        wish = (cpus or self.cpus, memory_mb or self.memory_mb, {**self.settings, **(settings or {})})
        if wish != (self.cpus, self.memory_mb, self.settings):
            self.trigger_event(
                self.ChangeRequested, cpus=wish[0], memory_mb=wish[1], settings=wish[2], replaces=replaces
            )

    def protect(self, *, deletion_protection: bool) -> None:
        """Protect it from deletion, or no longer. Raises BeingDeleted."""
        self.refuse_if_deleting()
        if deletion_protection != self.deletion_protection:
            self.trigger_event(self.ProtectionChanged, deletion_protection=deletion_protection)

    def report_available(self) -> None:
        """Note that a client has used it."""
        if self.wanted == "running" and self.next_login_id is None:
            super().report_available()

    def refuse_to_delete(self) -> None:
        """Raise DeletionProtected."""
        if self.deletion_protection:
            raise DeletionProtected(
                f"cannot delete {self.KIND} {self.name}: it is protected; set `deletion_protection` to false first",
                field="deletion_protection",
            )

    def held_claims(self) -> list[Claim]:
        """Return its name, its place in the VPC and the host port it publishes."""
        if self.status == "deleted":
            return []
        published = [] if self.publish is None else [host_port.claim(self.publish, self)]
        return [self.name_claim(), vpc.use_claim(self.vpc_id, self), *published]

    @event(CreateRequested)
    def __init__(  # noqa: PLR0913, PLR0917 - what a server is made of
        self,
        account_id: str,
        name: str,
        engine: str,
        version: str,
        image: str,
        cpus: float,
        memory_mb: int,
        vpc_id: str,
        vpc_name: str,
        port: int,
        publish: int | None,
        volume_id: str | None,
        data_path: str,
        username: str,
        login_id: str,
        deletion_protection: bool,  # noqa: FBT001 - a field of the event
        settings: dict[str, Any],
        tags: dict[str, str],
    ) -> None:
        self._begin(account_id, name, tags)
        self.engine = engine
        self.engine_version = version
        self.image = image
        self.cpus = cpus
        self.memory_mb = memory_mb
        self.vpc_id = vpc_id
        self.vpc_name = vpc_name
        self.port = port
        self.publish = publish
        self.volume_id = volume_id
        self.data_path = data_path
        self._begin_credentials(username, login_id)
        self.deletion_protection = deletion_protection
        self.settings = settings
        self._begin_life()

    @event(ChangeRequested)
    def _change_requested(
        self,
        cpus: float,
        memory_mb: int,
        settings: dict[str, Any],
        replaces: bool,  # noqa: FBT001
    ) -> None:
        self.cpus = cpus
        self.memory_mb = memory_mb
        self.settings = settings
        self._expect("modifying", replaces=replaces)

    @event(ProtectionChanged)
    def _protection_changed(self, deletion_protection: bool) -> None:  # noqa: FBT001
        self.deletion_protection = deletion_protection
