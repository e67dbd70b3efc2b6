"""Changes made directly on the engine are detected within seconds, reported and repaired."""

import socket
import time
from typing import Any

import pytest

from tests.conftest import free_port
from tests.journeys.running_cloud import RunningCloud, wait_until

SEEN_S = 5.0


def reasons(cloud: RunningCloud, resource_id: str) -> list[str]:
    items = cloud.show(f"/api/timeline?resource={resource_id}&type=instance.crashed")["items"]
    return [event["data"]["reason"] for event in items]


def heals(cloud: RunningCloud, before: dict[str, Any]) -> bool:
    now = cloud.instance(before["name"])
    return (
        now["status"] == "running"
        and now["version"] > before["version"]
        and bool(reasons(cloud, before["id"]))
    )


def test_a_kill_by_hand_is_told_and_healed(cloud: RunningCloud) -> None:
    web = cloud.launch("web-1")
    cloud.container(web["id"]).kill()
    wait_until(lambda: heals(cloud, web), "it runs again", SEEN_S)
    assert reasons(cloud, web["id"]) == ["killed (exit 137)"]
    assert cloud.types(web["id"])[-2:] == ["crashed", "started"]


def test_a_removal_by_hand_is_told_and_healed(cloud: RunningCloud) -> None:
    web = cloud.launch("web-1")
    cloud.container(web["id"]).remove(force=True)
    wait_until(lambda: heals(cloud, web), "it runs again", SEEN_S)
    assert reasons(cloud, web["id"]) == ["its container was removed by hand"]
    assert len(cloud.containers()) == 1


def test_a_memory_hog_is_told_from_a_crash(cloud: RunningCloud) -> None:
    web = cloud.launch("web-1", command=["sh", "-c", "sleep 1; tail /dev/zero"], restart="never")
    wait_until(lambda: cloud.instance("web-1")["status"] == "stopped", "it was stopped", 10)
    assert "memory" in cloud.instance("web-1")["status_reason"]
    assert cloud.instance("web-1")["observed"]["exit_code"] == 137
    assert cloud.types(web["id"])[-1] == "crashed"


@pytest.mark.parametrize(
    ("restart", "exit_code", "status"),
    [
        ("never", 3, "stopped"),
        ("on-failure", 0, "stopped"),
        ("on-failure", 3, "running"),
        ("always", 0, "running"),
    ],
)
def test_the_restart_policy_decides(cloud: RunningCloud, restart: str, exit_code: int, status: str) -> None:
    # Ends once, one second after its first start, and then runs until it is stopped.
    once = f"[ -e /done ] && exec sleep 1000; touch /done; sleep 1; exit {exit_code}"
    web = cloud.launch("job", command=["sh", "-c", once], restart=restart)
    wait_until(lambda: bool(reasons(cloud, web["id"])), "its exit was reported", 10)
    wait_until(lambda: cloud.instance("job")["status"] == status, f"it is {status}", 10)
    assert f"code {exit_code}" in reasons(cloud, web["id"])[0]


def test_a_taken_port_is_an_error_that_heals(cloud: RunningCloud) -> None:
    port = free_port()
    web = cloud.launch("web-1", ports=[{"port": 8080, "publish": port}])
    cloud.post("/api/instances/web-1/stop")
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", port))
        holder.listen()
        cloud.post("/api/instances/web-1/start")
        wait_until(lambda: cloud.instance("web-1")["status"] == "error", "it is in error", 10)
        assert str(port) in cloud.instance("web-1")["status_reason"]
    wait_until(lambda: cloud.instance("web-1")["status"] == "running", "it runs", 20)
    assert cloud.types(web["id"]).count("failed") == 1


def test_an_orphan_is_removed_and_a_stranger_is_not(cloud: RunningCloud) -> None:
    labels = {"miniaws.cloud": cloud.cloud, "miniaws.kind": "instance", "miniaws.id": "i-" + "a" * 26}
    orphan = cloud.engine.containers.create(
        "miniaws/hello:local", labels={**labels, "miniaws.generation": "1"}
    )
    stranger = cloud.engine.containers.create("miniaws/hello:local")
    name = f"container-{labels['miniaws.id']}"
    try:
        wait_until(lambda: cloud.containers() == {}, "the orphan is gone", 20)
        stranger.reload()
        wait_until(lambda: ended(cloud, name)[:1] == ["removed"], "that is reported", 20)
        assert ended(cloud, name) == ["removed", "removal_requested", "found"]
    finally:
        stranger.remove(force=True)
        if cloud.containers():
            orphan.remove(force=True)


def test_an_orphan_that_cannot_be_removed_says_so_until_it_is_gone(cloud: RunningCloud) -> None:
    labels = {"miniaws.cloud": cloud.cloud, "miniaws.kind": "volume", "miniaws.id": "vol-" + "b" * 25 + "a"}
    volume = cloud.engine.volumes.create(f"{cloud.cloud}-by-hand", labels=labels)
    name = f"volume-{labels['miniaws.id']}"
    try:
        wait_until(lambda: ended(cloud, name)[:1] == ["removal_failed"], "it is reported", 20)
        found = cloud.show(f"/api/orphans/{name}")
        assert (found["status"], found["observed"]["thing"]) == ("error", "volume")
        assert "remove it by hand" in found["status_reason"]
    finally:
        volume.remove(force=True)
    wait_until(lambda: ended(cloud, name)[:1] == ["removed"], "its exit is reported", 20)
    assert cloud.show("/api/orphans")["items"] == []


def ended(cloud: RunningCloud, name: str) -> list[str]:
    """Return the events of the newest orphan of a name, newest first."""
    found = cloud.show(f"/api/orphans?name={name}&ended=true")["items"]
    return cloud.types(max(found, key=lambda item: item["position"])["id"])[::-1] if found else []


def test_looking_again_does_nothing_when_nothing_changed(cloud: RunningCloud) -> None:
    volume = cloud.post("/api/volumes", {"name": "data", "size_gb": 1})
    web = cloud.launch("web-1", volumes=[{"volume": "data", "path": "/data"}])
    looked, settled_ns = cloud.passes(), time.time_ns()
    # Each resync looks at the instance, the volume and the VPC.
    wait_until(lambda: cloud.passes() >= looked + 6, "two resyncs are over", 20)
    assert cloud.passes() < looked + 20
    told = cloud.engine.events(since=settled_ns // 10**9, until=int(time.time()), decode=True)
    ours = [event for event in told if event["timeNano"] > settled_ns and cloud.cloud in str(event["Actor"])]
    assert ours == []
    assert cloud.instance("web-1")["version"] == web["version"]
    assert cloud.show("/api/volumes/data")["version"] == volume["version"] + 1  # attached
