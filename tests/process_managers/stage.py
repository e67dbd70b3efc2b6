"""A cloud on a real Postgres in a world that pretends, whose managers run one pass when a test says so."""

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
from miniaws.commands import instance as instances
from miniaws.commands import volume as volumes
from miniaws.commands import vpc as vpcs
from miniaws.process_managers.archive import ArchiveManager
from miniaws.process_managers.database import DatabaseManager
from miniaws.process_managers.instance import InstanceManager
from miniaws.process_managers.load_balancer import LoadBalancerManager
from miniaws.process_managers.orphan import OrphanManager
from miniaws.process_managers.scaling_group import ScalingGroupManager
from miniaws.process_managers.snapshot import SnapshotManager
from miniaws.process_managers.volume import VolumeManager
from miniaws.process_managers.vpc import VpcManager
from miniaws.settings import Settings
from projections.inventory import InventoryProjection
from tests.projections.logs import project

A = TypeVar("A", bound=Aggregate)
REQUEST = Request(Cause(actor="key-test", account_id="main"))


@dataclass
class MovedClock:
    """A clock that a test moves."""

    at: datetime

    def now(self) -> datetime:
        return self.at


@dataclass
class Stage:
    cloud: Cloud
    engine: MemoryEngine
    world: bootstrap.World
    database_url: str
    heard: int = 0
    managers: dict[str, Any] = field(default_factory=dict[str, Any])

    def __post_init__(self) -> None:
        self.proxies = MemoryProxies(self.engine)
        self.restart_controller()

    def restart_controller(self) -> None:
        """Start managers that remember nothing."""
        self.heard = len(self.engine.events)
        self.managers = {
            "instance": InstanceManager(self.cloud, self.world.containers),
            "scaling_group": ScalingGroupManager(self.cloud),
            "volume": VolumeManager(self.cloud, self.world.volumes, self.world.copies),
            "snapshot": SnapshotManager(self.cloud, self.world.copies),
            "vpc": VpcManager(self.cloud, self.world.networks),
            "load_balancer": LoadBalancerManager(self.cloud, self.proxies),
            "orphan": OrphanManager(self.cloud),
            "database": DatabaseManager(
                self.cloud,
                self.world.containers,
                self.world.databases,
                self.world.archives,
                self.world.replicators,
            ),
            "archive": ArchiveManager(
                self.cloud, self.world.containers, self.world.volumes, self.world.archives
            ),
        }

    def stop_clock(self, at: datetime) -> MovedClock:
        """Let it be this moment until the test moves the clock."""
        clock = MovedClock(at)
        self.cloud.ports = replace(self.cloud.ports, clock=clock)
        return clock

    async def project(self) -> None:
        """Let reads show everything that was told."""
        await project(self.database_url, InventoryProjection())

    async def vpc(self, name: str = "default") -> Vpc:
        saved = await vpcs.create(self.cloud, REQUEST, vpcs.Create(name))
        return await self.load(Vpc, saved.aggregate.id)

    async def volume(self, name: str = "data", size_gb: int | None = None) -> Volume:
        saved = await volumes.create(self.cloud, REQUEST, volumes.Create(name, size_gb))
        return await self.load(Volume, saved.aggregate.id)

    async def launch(self, **wish: Any) -> Instance:
        """Ask for an instance in the VPC `default`, made here when there is none."""
        if not await self.cloud.ports.store.claims("name/main/vpc"):
            await self.settle(await self.vpc())
        wanted: dict[str, Any] = {"name": "web-1", "image": "nginx:1.27", **wish}
        saved = await instances.launch(self.cloud, REQUEST, instances.Launch(**wanted))
        return await self.load(Instance, saved.aggregate.id)

    async def running(self, **wish: Any) -> Instance:
        return await self.settle(await self.launch(**wish))

    async def ask(self, about: A, wish: Callable[[A], None]) -> A:
        """Let a person change something, and the managers bring it about."""
        await self.cloud.change(REQUEST, type(about), about.public_id, wish)
        return await self.settle(about)

    async def load(self, kind: type[A], resource_id: UUID) -> A:
        return await self.cloud.load_by_id(kind, resource_id)

    async def pass_(self, about: Aggregate) -> str:
        """Run one pass, after telling the manager what the engine told, and return its sentence."""
        manager = self.managers[about.KIND]
        if isinstance(about, Instance):
            for event in self.engine.events[self.heard :]:
                manager.notice(event)
            self.heard = len(self.engine.events)
        done = await manager.reconcile(about.id)
        return done.sentence

    async def settle(self, about: A) -> A:
        """Run two passes and return what it became; the second one must change nothing."""
        await self.pass_(about)
        before = (await self.told(about), list(self.engine.events))
        await self.pass_(about)
        assert (await self.told(about), list(self.engine.events)) == before, "the second pass did something"
        return await self.load(type(about), about.id)

    async def refused(self, about: A) -> A:
        """Run a pass that fails."""
        try:
            sentence = await self.pass_(about)
        except PortError:
            return await self.load(type(about), about.id)
        raise AssertionError(f"the pass did not fail: {sentence}")

    async def told(self, about: Aggregate) -> list[str]:
        """Return what happened to a resource, by stored name without the kind."""
        events = await self.cloud.ports.store.events(about.id)
        return [event.type.partition(".")[2] for event in events]

    async def last(self, about: Aggregate, event_type: str) -> dict[str, Any]:
        """Return what the newest event of a type says."""
        events = await self.cloud.ports.store.events(about.id)
        return next(event.payload for event in reversed(events) if event.type.endswith("." + event_type))

    def container(self, about: Instance) -> MemoryContainer:
        return self.engine.containers[about.public_id]


@asynccontextmanager
async def open_stage(database_url: str, directory: Path) -> AsyncGenerator[Stage]:
    settings = Settings(
        data_dir=directory, database_url=SecretStr(database_url), engine="memory", log_level="error"
    )
    telemetry.configure_logs(settings)
    bootstrap.prepare(settings)
    engine = MemoryEngine()
    world = bootstrap.memory_world(engine)
    async with bootstrap.open_cloud(settings, world) as cloud:
        yield Stage(cloud, engine, world, database_url)
