"""Databases: a server with files of its own, which it can be given back as they were.

Rules
-----
* A database gets the CPU and memory of its class. One that the engine cannot live in is refused.
* A parameter that is not known, or a value it cannot have, is refused. One that only a restart applies is pending
  until then; what is changed while it is stopped, it begins with.
* A restored database is another one, with credentials and an archive of its own; its source is never touched.

``following.py`` has the rules of replicas, ``followed.py`` those of what they follow.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Self
from uuid import UUID

from eventsourcing.domain import event

from domain.aggregate import Aggregate, Claim
from domain.archive import Plan, archive_uuid
from domain.database.engines import ENGINES, check_class, check_identifier, check_parameters
from domain.database.following import Following
from domain.errors import Invalid
from domain.server import ServerSpec
from domain.server.spec import check_engine
from domain.values import public_id


class Database(Following):
    """One database server."""

    PREFIX = "db"

    class RestoreRequested(Aggregate.Event):
        """It shall begin with what another one was at a moment; without one, with what a backup holds."""

        source_id: str
        source_name: str
        archive_id: str
        backup_id: str
        to: datetime | None
        is_latest: bool

    class RestoreAdvanced(Aggregate.Event):
        """Its files are being made."""

        step: str

    class Restored(Aggregate.Event):
        """Its files are those of that moment; the last change in them was made then."""

        reached: datetime | None
        took_s: float

    class Prepared(Aggregate.Event):
        """Its parameters are set, but for those that wait for a restart."""

        server: str
        pending_restart: list[str]

    @classmethod
    def create(cls, spec: ServerSpec) -> Self:
        """Ask for a database; ``settings``: class, database, parameters, synchronous, storage_gb. Raises Invalid."""
        check_engine({name: engine.versions for name, engine in ENGINES.items()}, spec.engine, spec.version)
        engine, settings = ENGINES[spec.engine], spec.settings
        limits = check_class(engine, settings["class"])
        check_parameters(engine, settings["parameters"])
        if settings["synchronous"] and engine.role != "postgres":
            raise Invalid(
                f"cannot let commits of {engine.name} wait for the archive: only Postgres can", field="backup"
            )
        check_identifier(settings["database"], "database")
        check_identifier(spec.username, "user")
        return super().create(replace(spec, cpus=limits.cpus, memory_mb=limits.memory_mb))

    def restore_from(self, source: "Database", archive_id: str, how: Plan) -> None:
        """Begin with what another database was; until then its archive drops nothing."""
        self.trigger_event(
            self.RestoreRequested,
            source_id=source.public_id,
            source_name=source.name,
            archive_id=archive_id,
            backup_id=how.backup.id,
            to=how.to,
            is_latest=how.is_latest,
        )
        self.conditions.claims.append(self._reading())

    def modify(self, class_: str | None, parameters: Mapping[str, str] | None) -> None:
        """Ask for another class or other parameters. Raises BeingDeleted, Invalid, UnknownParameter, IsReplica."""
        self.refuse_if_deleting()
        if parameters is not None:
            self.refuse_if_replica("change the parameters of", "change those of {source}")
        engine = ENGINES[self.engine]
        limits = check_class(engine, class_ or self.settings["class"])
        wish = {**self.settings, "class": limits.name}
        if parameters is not None:
            check_parameters(engine, parameters)
            wish["parameters"] = dict(parameters)
        # One that does not run cannot be told: it begins with them, in another container.
        self.change(limits.cpus, limits.memory_mb, wish, replaces=self.wanted == "stopped")

    def rotate_credentials(self, login_id: UUID, *, replaces: bool) -> None:
        """Ask for another password. Raises BeingDeleted, ServerStopped, RotationUnderWay, IsReplica."""
        self.refuse_if_replica("change the password of", "change that of {source}")
        super().rotate_credentials(login_id, replaces=replaces)

    def report_parameters(self, parameters: Mapping[str, str]) -> None:
        """Note that the parameters of its source are others: they are those of a replica, too."""
        if self.is_replica and not self.is_deleting:
            self.change(settings={"parameters": dict(parameters)})

    def report_restoring(self, step: str) -> None:
        """Note which step of a restore is under way."""
        if self.is_restoring and step != self.restore_step:
            self.trigger_event(self.RestoreAdvanced, step=step)

    def report_restored(self, reached: datetime | None, took_s: float) -> None:
        """Note that its files are there."""
        if self.is_restoring:
            self.conditions.releases.append(self._reading())
            self.trigger_event(self.Restored, reached=reached, took_s=took_s)

    def held_claims(self) -> list[Claim]:
        """Return what every server holds, and the archive it is made from."""
        held = super().held_claims()
        return [*held, self._reading()] if held and self.is_restoring else held

    def report_prepared(self, server: str, pending_restart: list[str]) -> None:
        """Note which parameters wait for a restart, and what runs."""
        if (server, pending_restart) != (self.server, self.pending_restart):
            self.trigger_event(self.Prepared, server=server, pending_restart=pending_restart)

    @property
    def archive_id(self) -> str:
        """The id of its archive."""
        return public_id("arc", archive_uuid(self.public_id))

    def _reading(self) -> Claim:
        assert self.restored_from is not None  # noqa: S101 - only of what is restored
        return Claim(f"use/{self.restored_from['archive_id']}", self.public_id, self.id, self.name)

    @event(RestoreRequested)
    def _restore_requested(
        self,
        source_id: str,
        source_name: str,
        archive_id: str,
        backup_id: str,
        to: datetime | None,
        is_latest: bool,  # noqa: FBT001
    ) -> None:
        self.restored_from = {
            "source_id": source_id,
            "source_name": source_name,
            "archive_id": archive_id,
            "backup_id": backup_id,
        }
        self.restore_to = to
        self.restores_latest = is_latest
        self.is_restoring = True
        self._turn("restoring")

    @event(RestoreAdvanced)
    def _restore_advanced(self, step: str) -> None:
        self.restore_step = step
        self._turn("restoring")

    @event(Restored)
    def _restored(self, reached: datetime | None, took_s: float) -> None:  # noqa: ARG002 - for readers
        self.is_restoring = False
        self._turn("starting")

    @event(Prepared)
    def _prepared(self, server: str, pending_restart: list[str]) -> None:
        self.server = server
        self.pending_restart = pending_restart

    def _begin(self, account_id: str, name: str, tags: dict[str, str]) -> None:
        super()._begin(account_id, name, tags)
        self.restored_from: dict[str, str] | None = None
        self.restore_to: datetime | None = None
        self.restores_latest = False
        self.restore_step: str | None = None
        self.is_restoring = False
        self.server: str | None = None
        """What it says it is, with its exact version."""
        self.pending_restart: list[str] = []
