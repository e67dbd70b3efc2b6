"""Password rotations that are interrupted at any point, for every kind of server."""

from tests.journeys.queue_clients import is_taken
from tests.journeys.running_cloud import RunningCloud, kill, wait_until
from tests.samples import sample

ROUNDS = sample(0, 5)
LIVE = ("rotation_requested", "credentials_rotated")
"""Events of a rotation without a restart. Between these two, the server has got the new password."""
REPLACED = ("rotation_requested", "started", "credentials_rotated")
"""Events of a rotation with a new container."""
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
    wait_until(lambda: step in cloud.types(server_id)[known:], f"{step} was recorded")
    kill(cloud.controllers.pop())
    passes = cloud.passes()
    cloud.start_controller()
    wait_until(lambda: cloud.passes() > passes, "the new controller works")
    settled(cloud, path)
    after = cloud.show(f"{path}/connection")["url"]
    assert (is_taken(before), is_taken(after)) == (False, True), (path, step)


def settled(cloud: RunningCloud, path: str) -> None:
    wait_until(lambda: cloud.show(path)["status"] == "available", f"{path} is available", 180)
