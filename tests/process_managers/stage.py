"""A cloud on a real Postgres with simulated containers, whose managers run when a test calls them."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

from pydantic import SecretStr

from adapters.memory import MemoryEngine, MemoryProxies
from adapters.memory.engine import MemoryContainer
from domain.aggregate import Aggregate
from domain.errors import PortError
from domain.instance import Instance
from domain.store import Cause
from domain.volume import Volume
from domain.vpc import Vpc
from miniaws import bootstrap, telemetry
from miniaws.application import Cloud, Request
from miniaws.capabilities import CAPABILITIES
from miniaws.commands import instance as instances
from miniaws.commands import volume as volumes
from miniaws.commands import vpc as vpcs
from miniaws.settings import Settings
from projections.inventory import InventoryProjection
from tests.projections.logs import project

A = TypeVar("A", bound=Aggregate)
REQUEST = Request(Cause(actor="key-test", account_id="main"))


@dataclass
class MovedClock:
    """A clock that a test advances."""

    at: datetime

    def now(self) -> datetime:
        return self.at


@dataclass
class Stage:
    cloud: Cloud
    engine: MemoryEngine
    world: bootstrap.Infrastructure
    database_url: str
    heard: int = 0
    managers: dict[str, Any] = field(default_factory=dict[str, Any])

    def __post_init__(self) -> None:
        assert isinstance(self.world.proxies, MemoryProxies)
        self.proxies = self.world.proxies
        self.restart_controller()

    def restart_controller(self) -> None:
        """Start new managers without state."""
        self.heard = len(self.engine.events)
        self.managers = {each.kind: each.manager(self.cloud) for each in CAPABILITIES if each.has_manager}

    def stop_clock(self, at: datetime) -> MovedClock:
        """Set the clock to this moment."""
        clock = MovedClock(at)
        self.cloud.ports = replace(self.cloud.ports, clock=clock)
        return clock

    async def project(self) -> None:
        """Project all events."""
        await project(self.database_url, InventoryProjection())

    async def vpc(self, name: str = "default") -> Vpc:
        saved = await vpcs.create(self.cloud, REQUEST, vpcs.CreateVpc(name=name))
        return await self.load(Vpc, saved.aggregate.id)

    async def volume(self, name: str = "data", size_gb: int | None = None) -> Volume:
        saved = await volumes.create(self.cloud, REQUEST, volumes.CreateVolume(name=name, size_gb=size_gb))
        return await self.load(Volume, saved.aggregate.id)

    async def launch(self, **wish: Any) -> Instance:
        """Launch an instance in the VPC `default`, which is created if it is missing."""
        if not await self.cloud.ports.store.claims("name/main/vpc"):
            await self.settle(await self.vpc())
        wanted: dict[str, Any] = {"name": "web-1", "image": "nginx:1.27", **wish}
        saved = await instances.launch(self.cloud, REQUEST, instances.LaunchInstance(**wanted))
        return await self.load(Instance, saved.aggregate.id)

    async def running(self, **wish: Any) -> Instance:
        return await self.settle(await self.launch(**wish))

    async def ask(self, about: A, wish: Callable[[A], None]) -> A:
        """Change a resource as a user, and run the managers."""
        await self.cloud.change(REQUEST, type(about), about.public_id, wish)
        return await self.settle(about)

    async def load(self, kind: type[A], resource_id: UUID) -> A:
        return await self.cloud.load_by_id(kind, resource_id)

    async def pass_(self, about: Aggregate) -> str:
        """Reconcile once, after passing the events of the engine to the manager, and return the result."""
        manager = self.managers[about.KIND]
        if isinstance(about, Instance):
            for event in self.engine.events[self.heard :]:
                manager.notice(event)
            self.heard = len(self.engine.events)
        done = await manager.reconcile(about.id)
        return done.sentence

    async def settle(self, about: A) -> A:
        """Reconcile twice and return the resource; the second time must change nothing."""
        await self.pass_(about)
        before = (await self.told(about), list(self.engine.events))
        await self.pass_(about)
        assert (await self.told(about), list(self.engine.events)) == before, "the second pass did something"
        return await self.load(type(about), about.id)

    async def refused(self, about: A) -> A:
        """Run a reconcile that fails."""
        try:
            sentence = await self.pass_(about)
        except PortError:
            return await self.load(type(about), about.id)
        raise AssertionError(f"the pass did not fail: {sentence}")

    async def told(self, about: Aggregate) -> list[str]:
        """Return the events of a resource, by stored name without the kind, but for that which gave it an address."""
        events = await self.cloud.ports.store.events(about.id)
        names = [event.type.partition(".")[2] for event in events]
        return [name for name in names if name not in {"interface_assigned", "addresses_assigned"}]

    async def last(self, about: Aggregate, event_type: str) -> dict[str, Any]:
        """Return the newest event of a type."""
        events = await self.cloud.ports.store.events(about.id)
        return next(event.payload for event in reversed(events) if event.type.endswith("." + event_type))

    def container(self, about: Instance) -> MemoryContainer:
        return self.engine.containers[about.public_id]


@asynccontextmanager
async def open_stage(database_url: str, directory: Path, **more: Any) -> AsyncGenerator[Stage]:
    settings = Settings(
        data_dir=directory, database_url=SecretStr(database_url), engine="memory", log_level="error", **more
    )
    telemetry.configure_logs(settings)
    bootstrap.prepare(settings)
    engine = MemoryEngine()
    engine.completes.clear()
    world = bootstrap.memory_infrastructure(engine)
    async with bootstrap.open_cloud(settings, world) as cloud:
        yield Stage(cloud, engine, world, database_url)
