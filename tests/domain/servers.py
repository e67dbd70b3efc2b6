"""A requested cache, as an example of a server, and its container."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from domain.cache import Cache
from domain.ports import SeenContainer
from domain.server import ServerSpec
from domain.values import public_id
from tests.domain.pretended import VPC, told

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
PASSWORD, OTHER_PASSWORD = UUID(int=7), UUID(int=8)
SETTINGS: dict[str, Any] = {"eviction": "noeviction", "persistence": "none", "parameters": {}}


def cache_spec(**changes: Any) -> ServerSpec:
    wanted = ServerSpec(
        account_id="main",
        name="sessions",
        engine="redis",
        version="7",
        image="redis:7",
        cpus=1.0,
        memory_mb=64,
        vpc_id=public_id("vpc", VPC),
        vpc_name="default",
        port=6379,
        username="default",
        login_id=PASSWORD,
        settings=SETTINGS,
    )
    return replace(wanted, **changes)


def asked_for(**changes: Any) -> Cache:
    """Return a requested cache, with its events collected."""
    cache = Cache.create(cache_spec(**changes))
    told(cache)
    return cache


def running(**changes: Any) -> Cache:
    """Return a cache that is available in its first run."""
    cache = asked_for(**changes)
    cache.report_started("10.0.0.2", EPOCH)
    cache.report_available()
    told(cache)
    return cache


def container(run: int = 0, **changes: Any) -> SeenContainer:
    """Return the container of such a cache as it is seen in its first run, or in a later one."""
    seen = SeenContainer(
        state="running",
        generation=1,
        started_at=EPOCH + timedelta(seconds=run),
        finished_at=None,
        exit_code=None,
        oom_killed=False,
        address="10.0.0.2",
        cpus=1.0,
        memory_mb=64,
    )
    return replace(seen, **changes)
