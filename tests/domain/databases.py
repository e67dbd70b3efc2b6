"""A requested database, a server like the cache of ``servers.py``, and its archive."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from domain.archive import Archive, Backup, Policy
from domain.database import Database
from domain.server import ServerSpec
from tests.domain.pretended import told
from tests.domain.servers import cache_spec

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
SETTINGS: dict[str, Any] = {
    "class": "small",
    "database": "app",
    "parameters": {},
    "synchronous": False,
    "storage_gb": None,
}


def database_spec(**changes: Any) -> ServerSpec:
    wanted = cache_spec(
        name="orders",
        engine="postgres",
        version="15",
        image="miniaws/postgres:local",
        memory_mb=512,
        port=5432,
        username="app",
        settings=SETTINGS,
    )
    return replace(wanted, **changes)


def database(**changes: Any) -> Database:
    """Return a requested database, with its events collected."""
    found = Database.create(database_spec(**changes))
    told(found)
    return found


def archive(policy: Policy | None = None) -> Archive:
    """Return the archive of one, with its events collected."""
    found = Archive.create(
        account_id="main",
        database_id=database().public_id,
        name="orders",
        engine="postgres",
        version="15",
        image="miniaws/postgres:local",
        admin_id=UUID(int=9),
        policy=policy or Policy(),
        tags={},
    )
    found.report_available()
    told(found)
    return found


def backup(number: int, hours: float, **changes: Any) -> Backup:
    """Return a backup that ended ``hours`` after noon, with the log from ten times its number on."""
    return replace(Backup(f"b{number}", NOON + timedelta(hours=hours), number * 10, 1000), **changes)


def backed_up(found: Archive, hours: float, why: Any = "scheduled") -> str:
    """Add a backup to an archive that ended ``hours`` after noon."""
    ended = NOON + timedelta(hours=hours)
    backup_id = found.request_backup(why, ended - timedelta(minutes=1))
    found.report_backup(
        Backup(backup_id, ended, found.made * 10, 1000), ended - timedelta(minutes=1), "1/0/1", "abc"
    )
    return backup_id
