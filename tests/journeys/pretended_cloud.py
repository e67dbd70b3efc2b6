"""A cloud with simulated containers and a resource of every kind: for tests of the display."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from pydantic import SecretStr

from domain import values
from domain.instance import Instance
from domain.orphan import EngineObject, Orphan
from domain.store import Append, Cause
from miniaws import bootstrap
from miniaws.application import Cloud
from miniaws.settings import Settings
from tests.conftest import free_port
from tests.journeys.running_cloud import IMAGE, RunningCloud, wait_until

GROUP = {
    "name": "workers",
    "template": {"image": IMAGE, "type": "nano", "ports": [{"port": 8080}]},
    "min": 1,
    "max": 2,
}
CAUSE = Cause("system:test", "main")
POLICY = {"type": "target-tracking", "metric": "cpu", "target": 50}


def past_the_api(cloud: RunningCloud, url: str, work: Callable[[Cloud], Awaitable[None]]) -> None:
    """Write to the store directly, like a process manager."""

    async def run() -> None:
        settings = Settings(data_dir=cloud.home, database_url=SecretStr(url))
        async with bootstrap.open_cloud(settings, bootstrap.memory_infrastructure()) as opened:
            await work(opened)

    # The browser's driver has a loop in this thread.
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, run()).result()


def populate(cloud: RunningCloud) -> None:
    """Create one resource of every kind except orphans, one in the trash, and wait until they have settled."""
    clock = {"schedule": "0 3 * * *", "retention_days": 7}
    cloud.post("/api/volumes", {"name": "data", "tags": {"env": "live"}})
    cloud.http.put("/api/volumes/data/snapshot-policy", json=clock).raise_for_status()
    cloud.post("/api/snapshots", {"name": "before-upgrade", "volume": "data"})
    cloud.launch("web-1", ports=[{"port": 8080}], tags={"role": "web"})
    cloud.post("/api/load-balancers", {"name": "web", "listeners": [{"port": free_port()}]})
    cloud.post("/api/load-balancers/web/targets", {"instance": "web-1", "port": 8080})
    cloud.post("/api/load-balancers/web/targets", {"tags": {"role": "web"}, "port": 8081})
    cloud.post("/api/scaling-groups", GROUP)
    cloud.http.put("/api/scaling-groups/workers/policies/keep-cpu", json=POLICY).raise_for_status()
    cloud.post("/api/databases", {"name": "orders", "engine": "postgres"})
    cloud.post("/api/caches", {"name": "sessions"})
    cloud.post("/api/queues", {"name": "jobs", "engine": "rabbitmq"})
    cloud.http.put("/api/queues/jobs/queues/mails", json={}).raise_for_status()
    cloud.post("/api/volumes", {"name": "deleted"})
    cloud.delete("/api/volumes/deleted")
    cloud.post("/api/plans", {"type": "apply", "manifest": [{"kind": "volume", "name": "planned"}]})


def trouble(cloud: RunningCloud, url: str) -> int:
    """Return a moment at which there was an orphan, and an instance that had failed."""
    stray = EngineObject("volume", "volume", values.public_id("vol", uuid4()), "its volume is deleted")
    orphan = Orphan.find(stray, datetime.now(UTC) + timedelta(hours=1))
    reason = "cannot publish port 8080: another program listens there"

    async def work(opened: Cloud) -> None:
        await opened.ports.store.append(Append(orphan.collect_events(), CAUSE, [orphan.take_conditions()]))
        instance = await opened.load(Instance, "main", "web-1")
        await opened.report(Instance, instance.id, CAUSE, lambda it: it.report_failed(reason))

    def failures() -> list[int]:
        items = cloud.show("/api/timeline?type=instance.failed")["items"]
        return [each["position"] for each in items]

    past_the_api(cloud, url, work)
    wait_until(lambda: failures() != [], "it is read")
    return failures()[0]
