"""Snapshots of volumes in use on a real engine: taking, restoring, deleting the source, and a kill."""

import secrets
from pathlib import Path
from typing import Any

from tests.journeys.running_cloud import RunningCloud, kill, wait_until

WRITES = "i=0; while true; do i=$((i+1)); echo $i >> /data/first; echo $i >> /data/second; done"
"""Each write goes to the first file and then to the second, so every snapshot must show this order."""
COUNT = "wc -l < /data/first; wc -l < /data/second; tail -n 1 /data/first; sha256sum /data/fixed"


def sh(cloud: RunningCloud, instance: str, script: str) -> str:
    ran = cloud.http.post(f"/api/instances/{instance}/exec", json={"command": ["sh", "-c", script]})
    assert ran.json()["exit_code"] == 0, ran.text
    return ran.json()["stdout"]


def writer(cloud: RunningCloud, name: str, volume: str) -> dict[str, Any]:
    command = ["sh", "-c", WRITES]
    return cloud.launch(name, command=command, volumes=[{"volume": volume, "path": "/data"}])


def settled(cloud: RunningCloud, path: str, wanted: str = "available") -> dict[str, Any]:
    wait_until(lambda: cloud.show(path)["status"] == wanted, f"{path} is {wanted}", 120)
    return cloud.show(path)


def reads(cloud: RunningCloud, name: str, volume: str) -> tuple[int, int, int, str]:
    """Return the files that a separate instance finds in a volume."""
    cloud.launch(name, volumes=[{"volume": volume, "path": "/data"}])
    first, second, last, fixed = sh(cloud, name, COUNT).splitlines()
    cloud.delete(f"/api/instances/{name}")
    return int(first), int(second), int(last), fixed


def test_a_snapshot_of_a_volume_in_use_is_one_moment_and_outlives_it(cloud: RunningCloud) -> None:
    cloud.post("/api/volumes", {"name": "data", "size_gb": 1})
    web = writer(cloud, "writer", "data")
    fixed = sh(cloud, "writer", "head -c 2000000 /dev/urandom > /data/fixed; sha256sum /data/fixed").strip()
    cloud.post("/api/snapshots", {"name": "all", "all": True})
    everything = settled(cloud, "/api/snapshots/all")
    assert [each["name"] for each in everything["spec"]["volumes"]] == ["data"]
    assert everything["observed"]["paused"] == [web["id"]]
    assert everything["observed"]["pause_ms"] > 0
    wait_until(
        lambda: cloud.show("/api/snapshots/all")["observed"]["verified_at"] is not None, "it is verified"
    )
    assert cloud.instance("writer")["status"] == "running"
    assert cloud.types(web["id"]) == ["launch_requested", "interface_assigned", "started", "command_executed"]

    cloud.post("/api/snapshots/all/restore", {"name": "copy"})
    settled(cloud, "/api/volumes/copy")
    first, second, last, found = reads(cloud, "reader", "copy")
    assert found == fixed
    # One moment: the files agree, and the writer went on afterwards.
    assert 0 < first == last
    assert first - second in {0, 1}
    assert int(sh(cloud, "writer", "wc -l < /data/first")) > first

    cloud.delete("/api/instances/writer")
    cloud.delete("/api/volumes/data")
    cloud.delete("/api/volumes/copy")
    cloud.post("/api/snapshots/all/restore", {"name": "again"})
    settled(cloud, "/api/volumes/again")
    assert reads(cloud, "reader-2", "again") == (first, second, last, found)
    cloud.delete("/api/volumes/again")
    settled_end = cloud.delete("/api/snapshots/all")
    assert settled_end["status"] == "deleted"
    assert cloud.containers() == {}
    assert cloud.engine.volumes.list(filters={"label": f"miniaws.cloud={cloud.cloud}"}) == []


def test_a_copy_at_a_target_survives_the_loss_of_all_that_is_here(
    own_cloud: RunningCloud, tmp_path: Path
) -> None:
    cloud, folder = own_cloud, tmp_path / "elsewhere"
    folder.mkdir()
    targets = cloud.home / "copy-targets.toml"
    targets.touch(mode=0o600)
    targets.write_text(f'[disk]\nlocation = "file://{folder}"\n')
    cloud.post("/api/volumes", {"name": "data"})
    cloud.launch("writer", volumes=[{"volume": "data", "path": "/data"}])
    fixed = sh(cloud, "writer", "head -c 2000000 /dev/urandom > /data/fixed; sha256sum /data/fixed")
    cloud.post("/api/snapshots", {"name": "before", "volume": "data"})
    original = settled(cloud, "/api/snapshots/before")
    (controller,) = cloud.controllers
    cloud.http.post("/api/snapshots/before/copies", json={"to": "disk"})
    wait_until(lambda: bool(list(folder.iterdir())), "the copy has begun")
    kill(controller)
    cloud.controllers.clear()
    cloud.start_controller()
    copy = settled(cloud, "/api/snapshots/before-disk")
    assert copy["observed"]["bytes"] == original["observed"]["bytes"] >= 2_000_000
    (known,) = cloud.show("/api/snapshots/before")["observed"]["copies"]
    assert (known["state"], known["added_bytes"] >= 2_000_000) == ("available", True)
    wait_until(lambda: cloud.show("/api/snapshots/before-disk")["observed"]["verified_at"], "it is verified")
    for path in ("/api/instances/writer", "/api/snapshots/before", "/api/volumes/data"):
        cloud.delete(path)
    cloud.post("/api/snapshots/before-disk/restore", {"name": "again"})
    settled(cloud, "/api/volumes/again")
    cloud.launch("reader", volumes=[{"volume": "again", "path": "/data"}])
    assert sh(cloud, "reader", "sha256sum /data/fixed") == fixed
    cloud.empty()
    assert list(folder.iterdir()) == []
    assert cloud.containers() == {}


def test_a_controller_killed_while_containers_are_paused_for_it(own_cloud: RunningCloud) -> None:
    cloud = own_cloud
    cloud.post("/api/volumes", {"name": "data"})
    web = writer(cloud, "writer", "data")
    sh(cloud, "writer", f"echo {secrets.token_hex()} > /data/fixed")
    cloud.http.post("/api/snapshots", json={"name": "before", "volume": "data"})
    (controller,) = cloud.controllers
    wait_until(lambda: cloud.container(web["id"]).status == "paused", "the writer is paused")
    kill(controller)
    cloud.controllers.clear()
    cloud.start_controller()
    found = settled(cloud, "/api/snapshots/before")
    assert found["observed"]["paused"] == [web["id"]]
    wait_until(lambda: cloud.container(web["id"]).status == "running", "the writer continues")
    assert cloud.types(web["id"]) == ["launch_requested", "interface_assigned", "started", "command_executed"]
    wait_until(lambda: set(cloud.containers()) == {web["id"]}, "nothing else is left")
