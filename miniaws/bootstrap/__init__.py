"""The composition root: the one place that knows every part."""

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
from adapters.heartbeats import PostgresHeartbeats
from adapters.rate_table import RateTable
from adapters.sessions import PostgresSessions
from adapters.system import SystemClock, SystemRandomSource
from adapters.vault import Vault
from miniaws import telemetry
from miniaws.application import Cloud
from miniaws.bootstrap import first_key
from miniaws.bootstrap.infrastructure import memory_infrastructure as memory_infrastructure
from miniaws.bootstrap.infrastructure import world
from miniaws.capabilities import CAPABILITIES
from miniaws.http.auth.authenticator import ReadOnlyBundle
from miniaws.http.live.subscription import EventSubscription
from miniaws.ports import Infrastructure as Infrastructure
from miniaws.ports import Ports
from miniaws.process_managers.instance import InstanceManager
from miniaws.runtime.controller import Controller, ControllerDependencies
from miniaws.runtime.metrics import Collector
from miniaws.runtime.queue import WorkQueue
from miniaws.runtime.traffic import TrafficCollector
from miniaws.settings import Settings
from miniaws.tasks import Loop, Loops
from projections import rebuild
from projections.activity import Activity
from projections.inventory import SCHEMA, Inventory, PositionMoved
from projections.metrics import Metrics, Retention
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
    settings: Settings,
    infrastructure: Infrastructure,
    bundle: ReadOnlyBundle | None = None,
    loops: Loops | None = None,
) -> AsyncGenerator[Cloud, None]:
    """Open the store and the read models; ``loops`` are those of the process."""
    database = conninfo(settings)
    vault = Vault.at(settings.home / "master.key")
    store = PostgresEventStore(database, vault, on_append=telemetry.APPEND_SECONDS.observe)
    inventory = Inventory(database)
    if bundle is not None:
        inventory = Inventory(database, begins=bundle.begins, ends_at=bundle.ends_at)
    visibility = ProjectedPosition(database)
    sessions = PostgresSessions(database)
    heartbeats = PostgresHeartbeats(database)
    rates = RateTable(settings.home / "rate-limits")
    async with AsyncExitStack() as stack:
        stack.callback(rates.close)
        stack.push_async_callback(infrastructure.close)
        stack.push_async_callback(store.close)
        await inventory.open()
        stack.push_async_callback(inventory.close)
        await sessions.connect()
        stack.push_async_callback(sessions.disconnect)
        await heartbeats.connect()
        stack.push_async_callback(heartbeats.disconnect)
        following = Loop("visibility", visibility.run, longest_delay_s=1)
        await stack.enter_async_context((loops or new_loops()).running(following))
        yield Cloud(
            settings,
            _ports(
                settings, infrastructure, store, inventory, visibility, sessions, heartbeats, rates, vault
            ),
        )


def new_loops() -> Loops:
    """Return the loops of a process, of which none runs yet."""
    return Loops(psycopg.Error, PositionMoved)


def _ports(  # noqa: PLR0913, PLR0917 - one for each part that is opened
    settings: Settings,
    infrastructure: Infrastructure,
    store: PostgresEventStore,
    inventory: Inventory,
    visibility: ProjectedPosition,
    sessions: PostgresSessions,
    heartbeats: PostgresHeartbeats,
    rates: RateTable,
    vault: Vault,
) -> Ports:
    return Ports(
        **infrastructure.as_arguments(),
        store=store,
        inventory=inventory,
        activity=Activity(inventory),
        metrics=Metrics(inventory, retention(settings)),
        traffic=TrafficView(inventory),
        sessions=sessions,
        heartbeats=heartbeats,
        visibility=visibility,
        clock=SystemClock(),
        random=SystemRandomSource(),
        rates=rates,
        derivation=vault,
    )


def create_api(
    settings: Settings, infrastructure: Infrastructure | None = None, bundle: ReadOnlyBundle | None = None
) -> "FastAPI":
    """Return the HTTP API; with a bundle, one that refuses changes."""
    # A third of what starting takes: a controller, which has to be there again soon, does without it.
    from miniaws.http.app import create_app  # noqa: PLC0415

    loops = new_loops()

    @asynccontextmanager
    async def opened() -> AsyncGenerator[tuple[Cloud, EventSubscription], None]:
        async with open_cloud(settings, infrastructure or world(settings), bundle, loops) as cloud:
            tail = EventSubscription(lambda: Follower(conninfo(settings)), await cloud.ports.store.head())
            yield cloud, tail

    return create_app(settings, opened, bundle, loops)


@asynccontextmanager
async def open_controller(
    settings: Settings, infrastructure: Infrastructure | None = None
) -> AsyncGenerator[Controller, None]:
    """Open a controller; run it with ``run``."""
    found, loops = infrastructure or world(settings), new_loops()
    async with (
        open_cloud(settings, found, loops=loops) as cloud,
        _pool(settings, 4) as pool,
        _pool(settings, 2) as metrics_pool,
    ):
        managers = [each.manager(cloud) for each in CAPABILITIES if each.has_manager]
        instances = next(each for each in managers if isinstance(each, InstanceManager))
        parts = ControllerDependencies(
            open_log=lambda: Follower(conninfo(settings)),
            queue=WorkQueue(pool),
            managers=managers,
            engine=found.watch,
            notice=instances.notice,
            collector=Collector(metrics_pool, found.stats, cloud.ports.clock, retention(settings)),
            traffic=TrafficCollector(
                metrics_pool, found.proxies, WorkQueue(pool), cloud.ports.clock, retention(settings)
            ),
        )
        yield Controller(cloud, parts, loops)


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


def retention(settings: Settings) -> Retention:
    """Return how long metrics are retained."""
    return Retention(
        timedelta(hours=settings.metrics_second_hours),
        timedelta(days=settings.metrics_minute_days),
        timedelta(days=settings.metrics_hour_days),
    )


def database_answers(settings: Settings) -> bool:
    """Return whether the store accepts connections."""
    try:
        psycopg.connect(conninfo(settings), connect_timeout=3).close()
    except psycopg.OperationalError:
        return False
    return True


async def ensure_first_key(settings: Settings) -> None:
    """Ensure a profile with a valid admin key."""
    async with open_cloud(settings, world(settings)) as cloud:
        await first_key.ensure(cloud)
