"""Random histories of a whole cloud: a rewind leads to the estate of the moment, and its undo leads back."""

from collections.abc import AsyncGenerator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.http.in_process import Cloud, open_cloud
from tests.http.test_plans_past import carried_out, estate, position, specs
from tests.projections.histories import by_chance
from tests.samples import sample

TAGS: list[dict[str, str]] = [{}, {"env": "test"}, {"env": "live", "team": "shop"}]


@pytest.fixture
async def cloud(prepared_url: str, tmp_path: Path) -> AsyncGenerator[Cloud]:
    async with open_cloud(prepared_url, tmp_path, trash_hours=72) as opened:
        yield opened


def manifest(random: Random) -> list[dict[str, Any]]:
    """Return a random set of resources that refer to each other."""
    found: list[dict[str, Any]] = [document(random, "vpc", "shop", cidr="10.77.0.0/24")]
    volumes = [name for name in ("files", "logs") if random.random() < 0.7]
    found += [document(random, "volume", name) for name in volumes]
    names = [name for name in ("web-1", "web-2") if random.random() < 0.7]
    for name in names:
        mounted = [volumes.pop()] if volumes and random.random() < 0.5 else []
        spec = {
            "image": random.choice(["nginx:1.27", "nginx:1.28"]),
            "type": random.choice(["nano", "micro"]),
            "vpc": "shop",
            "volumes": [{"volume": each, "path": "/data"} for each in mounted],
        }
        found.append(document(random, "instance", name, **spec))
    if random.random() < 0.7:
        memory = random.choice([64, 128])
        found.append(document(random, "cache", "sessions", vpc="shop", persistence="aof", memory_mb=memory))
    if random.random() < 0.7:
        queues = {name: {} for name in ("orders", "mails") if random.random() < 0.7}
        found.append(document(random, "queue", "jobs", engine="nats", vpc="shop", queues=queues))
    if random.random() < 0.7:
        targets = [{"instance": name, "port": 80} for name in names if random.random() < 0.7]
        listeners = [{"port": random.choice([8090, 8091])}]
        found.append(
            document(random, "load_balancer", "front", vpc="shop", listeners=listeners, targets=targets)
        )
    return found


def document(random: Random, kind: str, name: str, **spec: Any) -> dict[str, Any]:
    return {"kind": kind, "name": name, "tags": random.choice(TAGS), "spec": spec}


@pytest.mark.parametrize("seed", range(sample(1, 40)))
async def test_a_rewind_leads_to_any_moment_and_its_undo_leads_back(cloud: Cloud, seed: int) -> None:
    random = by_chance(seed)
    moments = {}
    for _ in range(3):
        await carried_out(cloud, type="apply", manifest=manifest(random), set="shop", prune=True)
        moments[await position(cloud)] = specs(await estate(cloud))
    then, now = random.choice(list(moments)[:-1]), list(moments)[-1]
    rewound = await carried_out(cloud, type="rewind", to=str(then))
    cannot = [each for each in rewound["observed"]["steps"] if each["action"] == "cannot"]
    assert (cannot, specs(await estate(cloud))) == ([], moments[then])
    events = (
        await cloud.admin.get("/api/timeline", params={"type": "plan.apply_requested", "limit": 1})
    ).json()
    await carried_out(cloud, type="undo", position=events["items"][0]["position"])
    assert specs(await estate(cloud)) == moments[now]
