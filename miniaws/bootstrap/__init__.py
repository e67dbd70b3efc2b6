"""The composition root: the one place that knows every part."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool

from adapters.embedded_postgres import EmbeddedPostgres
from adapters.event_store import Follower, PostgresEventStore, ProjectedPosition, migrate
from adapters.sessions import PostgresSessions
from adapters.system import SystemChance, SystemClock
from adapters.vault import Vault
from miniaws import profile
from miniaws.application import Cloud, Ports
from miniaws.bootstrap.worlds import World, world
from miniaws.bootstrap.worlds import memory_world as memory_world
from miniaws.keyring import Exhibit
from miniaws.process_managers.archive import ArchiveManager
from miniaws.process_managers.cache import CacheManager
from miniaws.process_managers.database import DatabaseManager
from miniaws.process_managers.instance import InstanceManager
from miniaws.process_managers.load_balancer import LoadBalancerManager
from miniaws.process_managers.orphan import OrphanManager
from miniaws.process_managers.queue import QueueManager
from miniaws.process_managers.scaling_group import ScalingGroupManager
from miniaws.process_managers.snapshot import SnapshotManager
from miniaws.process_managers.volume import VolumeManager
from miniaws.process_managers.vpc import VpcManager
from miniaws.runtime.controller import Controller, Parts
from miniaws.runtime.metrics import Collector
from miniaws.runtime.queue import WorkQueue
from miniaws.runtime.traffic import TrafficCollector
from miniaws.runtime.workers import ProcessManager
from miniaws.settings import Settings
from miniaws.tail import Tail
from miniaws.tasks import end
from projections import rebuild
from projections.activity import Activity
from projections.inventory import SCHEMA, Inventory
from projections.metrics import Kept, Metrics
from projections.traffic import TrafficView

if TYPE_CHECKING:
    from fastapi import FastAPI


def conninfo(settings: Settings) -> str:
    """Return where the store is: the given database, or the embedded one."""
    if settings.database_url is not None:
        return settings.database_url.get_secret_value()
    return EmbeddedPostgres(settings.home, settings.postgres_port).url()


def prepare(settings: Settings) -> None:
    """Bring the store up to date; whoever starts first does it, the others wait."""
    settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    database = conninfo(settings)
    migrate(database)
    rebuild.ensure(database)


@asynccontextmanager
async def open_cloud(
    settings: Settings, in_world: World, exhibit: Exhibit | None = None
) -> AsyncGenerator[Cloud, None]:
    """Open the store and the read models."""
    database = conninfo(settings)
    store = PostgresEventStore(database, Vault.at(settings.home / "master.key"))
    inventory = Inventory(database)
    if exhibit is not None:
        inventory = Inventory(database, begins=exhibit.begins, ends_at=exhibit.ends_at)
    visibility = ProjectedPosition(database)
    sessions = PostgresSessions(database)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(in_world.close)
        stack.push_async_callback(store.close)
        await inventory.open()
        stack.push_async_callback(inventory.close)
        await sessions.connect()
        stack.push_async_callback(sessions.disconnect)
        listening = asyncio.create_task(visibility.run(), name="visibility")
        stack.push_async_callback(end, listening)
        yield Cloud(settings, _ports(settings, in_world, store, inventory, visibility, sessions))


def _ports(
    settings: Settings,
    in_world: World,
    store: PostgresEventStore,
    inventory: Inventory,
    visibility: ProjectedPosition,
    sessions: PostgresSessions,
) -> Ports:
    return Ports(
        store=store,
        inventory=inventory,
        activity=Activity(inventory),
        metrics=Metrics(inventory, kept(settings)),
        traffic=TrafficView(inventory),
        sessions=sessions,
        visibility=visibility,
        containers=in_world.containers,
        networks=in_world.networks,
        volumes=in_world.volumes,
        images=in_world.images,
        caches=in_world.caches,
        queues=in_world.queues,
        databases=in_world.databases,
        archives=in_world.archives,
        replicators=in_world.replicators,
        copies=in_world.copies,
        targets=in_world.targets,
        clock=SystemClock(),
        chance=SystemChance(),
    )


def create_api(
    settings: Settings, in_world: World | None = None, exhibit: Exhibit | None = None
) -> "FastAPI":
    """Return the HTTP API; with an exhibit, one that only shows."""
    # A third of what starting takes: a controller, which has to be there again soon, does without it.
    from miniaws.http.app import create_app  # noqa: PLC0415

    @asynccontextmanager
    async def opened() -> AsyncGenerator[tuple[Cloud, Tail], None]:
        async with open_cloud(settings, in_world or world(settings), exhibit) as cloud:
            tail = Tail(lambda: Follower(conninfo(settings)), await cloud.ports.store.head())
            following = asyncio.create_task(tail.run(), name="tail")
            try:
                yield cloud, tail
            finally:
                await end(following)

    return create_app(settings, opened, exhibit)


@asynccontextmanager
async def open_controller(
    settings: Settings, in_world: World | None = None
) -> AsyncGenerator[Controller, None]:
    """Open a controller; run it with ``run``."""
    found = in_world or world(settings)
    async with (
        open_cloud(settings, found) as cloud,
        _pool(settings, 4) as pool,
        _pool(settings, 2) as metrics_pool,
    ):
        instances = InstanceManager(cloud, found.containers)
        managers = _managers(cloud, found, instances)
        parts = Parts(
            open_log=lambda: Follower(conninfo(settings)),
            queue=WorkQueue(pool),
            managers=managers,
            engine=found.watch,
            notice=instances.notice,
            collector=Collector(metrics_pool, found.stats, cloud.ports.clock, kept(settings)),
            traffic=TrafficCollector(
                metrics_pool, found.proxies, WorkQueue(pool), cloud.ports.clock, kept(settings)
            ),
        )
        yield Controller(cloud, parts)


def _managers(cloud: Cloud, found: World, instances: InstanceManager) -> tuple[ProcessManager, ...]:
    return (
        VpcManager(cloud, found.networks),
        VolumeManager(cloud, found.volumes, found.copies),
        SnapshotManager(cloud, found.copies),
        instances,
        CacheManager(cloud, found.containers, found.caches),
        ScalingGroupManager(cloud),
        QueueManager(cloud, found.containers, found.queues),
        DatabaseManager(cloud, found.containers, found.databases, found.archives, found.replicators),
        ArchiveManager(cloud, found.containers, found.volumes, found.archives),
        LoadBalancerManager(cloud, found.proxies),
        OrphanManager(cloud),
    )


def _pool(settings: Settings, size: int) -> AsyncConnectionPool[AsyncConnection[DictRow]]:
    """Return connections that see the read model, to be opened by who uses them.

    Not for what must be on disk when it is answered: work that a crash forgets is done again, to no effect.
    """
    return AsyncConnectionPool(
        conninfo(settings),
        min_size=1,
        max_size=size,
        open=False,
        kwargs={
            "autocommit": True,
            "row_factory": dict_row,
            "options": f"-c search_path={SCHEMA},public -c synchronous_commit=off",
        },
    )


def kept(settings: Settings) -> Kept:
    """Return for how long metrics are kept."""
    return Kept(
        timedelta(hours=settings.metrics_second_hours),
        timedelta(days=settings.metrics_minute_days),
        timedelta(days=settings.metrics_hour_days),
    )


def database_answers(settings: Settings) -> bool:
    """Tell whether the store can be connected to."""
    try:
        psycopg.connect(conninfo(settings), connect_timeout=3).close()
    except psycopg.OperationalError:
        return False
    return True


async def ensure_first_key(settings: Settings) -> None:
    """Have a profile whose admin key works."""
    async with open_cloud(settings, world(settings)) as cloud:
        await profile.ensure(cloud)
