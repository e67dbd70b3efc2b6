"""Rotations that are cut off anywhere, with every kind of server whose password is changed."""

import os

from tests.journeys.queue_clients import is_taken
from tests.journeys.running_cloud import RunningCloud, kill, wait_until

TORTURE = bool(os.environ.get("MINIAWS_TORTURE"))
STEPS = ("rotation_requested", "started", "credentials_rotated") if TORTURE else ("started",)
"""What is told of a rotation that replaces the container; NATS is rotated so."""
ENGINES = ("nats", "rabbitmq") if TORTURE else ("nats",)


def test_a_rotation_that_is_killed_at_any_step_ends_with_one_password(own_cloud: RunningCloud) -> None:
    for engine in ENGINES:
        own_cloud.http.post("/api/queues", json={"name": engine, "engine": engine}).raise_for_status()
    own_cloud.http.post("/api/caches", json={"name": "redis"}).raise_for_status()
    paths = [*(f"/api/queues/{engine}" for engine in ENGINES), "/api/caches/redis"]
    for path in paths:
        settled(own_cloud, path)
    nats = own_cloud.show("/api/queues/nats")["id"]
    for step in STEPS:
        known = len(own_cloud.types(nats))
        before = {path: own_cloud.show(f"{path}/connection")["url"] for path in paths}
        for path in paths:
            own_cloud.http.post(f"{path}/rotate-credentials").raise_for_status()
        wait_until(lambda: step in own_cloud.types(nats)[known:], f"{step} was told")  # noqa: B023 - called at once
        kill(own_cloud.controllers[-1])
        own_cloud.start_controller()
        for path in paths:
            settled(own_cloud, path)
            after = own_cloud.show(f"{path}/connection")["url"]
            assert (is_taken(before[path]), is_taken(after)) == (False, True), (path, step)


def settled(cloud: RunningCloud, path: str) -> None:
    wait_until(lambda: cloud.show(path)["status"] == "available", f"{path} is available", 180)
