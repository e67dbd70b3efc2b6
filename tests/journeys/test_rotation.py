"""Rotations that are cut off anywhere, with every kind of server whose password is changed."""

import os

from tests.journeys.queue_clients import is_taken
from tests.journeys.running_cloud import RunningCloud, kill, wait_until

ROUNDS = min(int(os.environ.get("MINIAWS_TORTURE", "0")), 5)
LIVE = ("rotation_requested", "credentials_rotated")
"""What is told of a rotation while the server runs on. Between these two, it has been told the new password."""
REPLACED = ("rotation_requested", "started", "credentials_rotated")
"""What is told of one that takes another container."""
STEPS = (
    {"/api/queues/nats": REPLACED, "/api/queues/rabbitmq": LIVE, "/api/caches/redis": LIVE}
    if ROUNDS
    else {"/api/queues/nats": ("started",), "/api/caches/redis": ("rotation_requested",)}
)


def test_a_rotation_that_is_killed_at_any_step_ends_with_one_password(own_cloud: RunningCloud) -> None:
    for path in STEPS:
        kind, name = path.rsplit("/", 1)
        own_cloud.http.post(kind, json={"name": name, "engine": name}).raise_for_status()
    for path in STEPS:
        settled(own_cloud, path)
    for path, steps in STEPS.items():
        for step in steps * max(1, ROUNDS):
            rotate_and_kill_at(own_cloud, path, step)


def rotate_and_kill_at(cloud: RunningCloud, path: str, step: str) -> None:
    server_id = cloud.show(path)["id"]
    known, before = len(cloud.types(server_id)), cloud.show(f"{path}/connection")["url"]
    cloud.http.post(f"{path}/rotate-credentials").raise_for_status()
    wait_until(lambda: step in cloud.types(server_id)[known:], f"{step} was told")
    kill(cloud.controllers.pop())
    passes = cloud.passes()
    cloud.start_controller()
    wait_until(lambda: cloud.passes() > passes, "the new controller works")
    settled(cloud, path)
    after = cloud.show(f"{path}/connection")["url"]
    assert (is_taken(before), is_taken(after)) == (False, True), (path, step)


def settled(cloud: RunningCloud, path: str) -> None:
    wait_until(lambda: cloud.show(path)["status"] == "available", f"{path} is available", 180)
