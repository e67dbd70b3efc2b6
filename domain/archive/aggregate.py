"""Archives: the base backups and the log of one database, from which any moment of it is restored elsewhere.

``backups.py`` has how the backups are made, tried and dropped.

Rules
-----
* An archive belongs to one database and outlives it, until its last backup need not be kept any more.
* What is restored is another database with an archive of its own; nothing is written into this one.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Self
from uuid import UUID, uuid5

from eventsourcing.domain import event

from domain import values
from domain.aggregate import Aggregate, Claim
from domain.archive.backups import BackedUp
from domain.archive.schedule import Policy, check
from domain.errors import Conflict


class ArchiveInUse(Conflict):
    """cannot delete the archive of a database that lives"""

    code = "archive_in_use"


class Archive(BackedUp):
    """What one database can be restored from."""

    PREFIX = "arc"
    IS_PART = True

    class CreateRequested(Aggregate.Created):
        """A database was asked for, and so was its archive. Its own credentials are sealed elsewhere."""

        account_id: str
        name: str
        database_id: str
        engine: str
        version: str
        image: str
        admin_id: str
        policy: dict[str, Any]
        tags: dict[str, str]

    class Released(Aggregate.Event):
        """The database is being deleted; afterwards the backups are kept as long as retention says, or not at all."""

        keep: bool

    class Closed(Aggregate.Event):
        """The database is gone; the backups stay until then."""

        window: list[dict[str, Any]]
        expires_at: datetime

    @staticmethod
    def create_id(database_id: str) -> UUID:
        """Return the id of a database's archive."""
        return archive_uuid(database_id)

    @classmethod
    def create(  # noqa: PLR0913 - what an archive is made of
        cls,
        *,
        account_id: str,
        database_id: str,
        name: str,
        engine: str,
        version: str,
        image: str,
        admin_id: UUID,
        policy: Policy,
        tags: Mapping[str, str],
    ) -> Self:
        """Ask for an archive. Raises Invalid."""
        return cls(
            account_id=account_id,
            name=name,
            database_id=database_id,
            engine=engine,
            version=version,
            image=image,
            admin_id=str(admin_id),
            policy=check(policy).as_json(),
            tags=values.tags(tags),
        )

    def release(self, *, keep: bool) -> None:
        """Say whether the backups outlive the database, which is being deleted."""
        if self.keep is None:
            self.trigger_event(self.Released, keep=keep)

    def close(self, now: datetime, window: list[dict[str, Any]]) -> None:
        """Keep what is here until its time is up, as the database is gone; or give it up at once."""
        if self.expires_at is None:
            days = self.policy.retention_days if self.keep and self.backups else 0
            self.trigger_event(self.Closed, window=window, expires_at=now + timedelta(days=days))

    def refuse_to_delete(self) -> None:
        """Raise ArchiveInUse while the database lives."""
        if self.expires_at is None:
            raise ArchiveInUse(
                f"cannot delete the archive of {self.name}: the database lives; delete it without keeping backups"
            )

    def held_claims(self) -> list[Claim]:
        """Return nothing: it is named after its database, as earlier ones may have been."""
        return []

    def held_secrets(self) -> list[UUID]:
        """Return where the credentials of our own are."""
        return [] if self.status == "deleted" else [UUID(self.admin_id)]

    @property
    def use_scope(self) -> str:
        """The scope of claims of who reads it: nothing is dropped meanwhile."""
        return f"use/{self.public_id}"

    @event(CreateRequested)
    def __init__(  # noqa: PLR0913, PLR0917 - as above
        self,
        account_id: str,
        name: str,
        database_id: str,
        engine: str,
        version: str,
        image: str,
        admin_id: str,
        policy: dict[str, Any],
        tags: dict[str, str],
    ) -> None:
        self._begin(account_id, name, tags)
        self.database_id = database_id
        self.engine = engine
        self.engine_version = version
        self.image = image
        self.admin_id = admin_id
        self._begin_backups(policy)
        self.window: list[dict[str, Any]] = []
        self.expires_at: datetime | None = None
        self.keep: bool | None = None

    @event(Released)
    def _released(self, keep: bool) -> None:  # noqa: FBT001 - a field of the event
        self.keep = keep

    @event(Closed)
    def _closed(self, window: list[dict[str, Any]], expires_at: datetime) -> None:
        self.window = window
        self.expires_at = expires_at
        self.pending = None
        self._turn("available")


def archive_uuid(database_id: str) -> UUID:
    """Return the id of a database's archive."""
    parsed = values.parse_id(database_id)
    assert parsed is not None  # noqa: S101 - an id of ours
    return uuid5(parsed[1], "archive")
