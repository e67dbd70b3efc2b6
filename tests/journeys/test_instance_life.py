"""The life cycle of an instance, from launch to termination, on a real engine."""

import httpx
import pytest

from tests.conftest import free_port
from tests.journeys.running_cloud import RunningCloud, wait_until


@pytest.fixture
def port() -> int:
    return free_port()


def test_an_instance_lives_as_it_is_told(cloud: RunningCloud, port: int) -> None:
    web = cloud.launch(
        "web-1", ports=[{"port": 8080, "publish": port}], env={"APP_VERSION": "7"}, tags={"env": "test"}
    )
    assert web["status"] == "running"
    assert web["spec"]["env"] == ["APP_VERSION"]
    answer = httpx.get(f"http://127.0.0.1:{port}/").json()
    assert (answer["hostname"], answer["version"]) == ("web-1", "7")

    ran = cloud.http.post(
        "/api/instances/web-1/exec", json={"command": ["sh", "-c", "echo hi; echo no >&2; exit 3"]}
    )
    assert ran.json() == {"exit_code": 3, "stdout": "hi\n", "stderr": "no\n"}
    assert "listening" in cloud.http.get("/api/instances/web-1/logs").text

    assert cloud.post("/api/instances/web-1/stop")["status"] == "stopped"
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://127.0.0.1:{port}/")
    assert cloud.post("/api/instances/web-1/start")["status"] == "running"
    assert cloud.post("/api/instances/web-1/reboot")["status"] == "running"
    httpx.get(f"http://127.0.0.1:{port}/").raise_for_status()

    assert cloud.delete("/api/instances/web-1")["status"] == "terminated"
    assert cloud.containers() == {}
    assert cloud.types(web["id"]) == [
        "launch_requested",
        "interface_assigned",
        "started",
        "command_executed",
        "stop_requested",
        "stopped",
        "start_requested",
        "started",
        "reboot_requested",
        "started",
        "terminate_requested",
        "terminated",
    ]
    as_of = cloud.show(f"/api/instances/{web['id']}?as_of={web['position']}")
    assert as_of["status"] == "running"


def test_the_program_finds_its_user_data_at_its_first_start_and_after_a_replacement(
    cloud: RunningCloud,
) -> None:
    path = "/var/lib/cloud/instance/user-data.txt"
    command = ["sh", "-c", f"cp -p {path} /found; exec sleep 1000"]
    cloud.launch("web-1", user_data="greeting=hi ä\n", command=command)

    def ran(*argv: str) -> str:
        answer = cloud.http.post("/api/instances/web-1/exec", json={"command": argv})
        assert answer.json()["exit_code"] == 0, answer.text
        return answer.json()["stdout"]

    assert ran("cat", "/found") == "greeting=hi ä\n"
    assert ran("stat", "-c", "%a %u", path) == "600 0\n"
    # A volume takes a new container, which is given the same.
    cloud.post("/api/volumes", {"name": "data", "size_gb": None})
    cloud.post("/api/instances/web-1/stop")
    cloud.post("/api/volumes/data/attach", {"instance": "web-1", "path": "/data"})
    assert cloud.post("/api/instances/web-1/start")["status"] == "running"
    assert ran("cat", path) == "greeting=hi ä\n"


def test_a_type_is_a_real_limit_that_changes_while_it_runs(cloud: RunningCloud) -> None:
    web = cloud.launch("web-1")
    answer = cloud.http.patch("/api/instances/web-1", json={"type": "small"})
    assert answer.status_code == 202
    wait_until(lambda: cloud.instance("web-1")["spec"]["memory_mb"] == 256, "the type is small")
    limits = cloud.container(web["id"]).attrs["HostConfig"]
    assert (limits["NanoCpus"], limits["Memory"]) == (1_000_000_000, 256 << 20)
    assert cloud.instance("web-1")["observed"]["started_at"] == web["observed"]["started_at"]


def test_files_outlive_their_instance_in_a_volume(cloud: RunningCloud) -> None:
    cloud.post("/api/volumes", {"name": "data", "size_gb": 1})
    cloud.launch("writer", volumes=[{"volume": "data", "path": "/data"}])
    cloud.http.post("/api/instances/writer/exec", json={"command": ["sh", "-c", "echo kept > /data/f"]})
    cloud.http.post("/api/instances/writer/exec", json={"command": ["sh", "-c", "echo own > /own"]})
    refused = cloud.http.delete("/api/volumes/data")
    assert refused.status_code == 409
    assert "writer" in refused.json()["detail"]

    cloud.delete("/api/instances/writer")
    reader = cloud.launch("reader")
    cloud.http.post("/api/instances/reader/exec", json={"command": ["sh", "-c", "echo mine > /mine"]})
    cloud.post("/api/instances/reader/stop")
    attached = cloud.post("/api/volumes/data/attach", {"instance": "reader", "path": "/kept"})
    assert attached["observed"]["attached_to"]["name"] == "reader"
    assert cloud.post("/api/instances/reader/start")["status"] == "running"
    read = cloud.http.post("/api/instances/reader/exec", json={"command": ["cat", "/kept/f", "/mine"]})
    assert read.json()["stdout"] == "kept\nmine\n"

    cloud.delete(f"/api/instances/{reader['id']}")
    assert cloud.delete("/api/volumes/data")["status"] == "deleted"
    assert cloud.engine.volumes.list(filters={"label": f"miniaws.cloud={cloud.cloud}"}) == []


def test_vpcs_are_apart_and_names_resolve_inside(cloud: RunningCloud) -> None:
    cloud.post("/api/vpcs", {"name": "other"})
    web = cloud.launch("web-1")
    cloud.launch("client")
    cloud.launch("stranger", vpc="other")
    near = cloud.http.post("/api/instances/client/exec", json={"command": ["get", "http://web-1:8080/"]})
    assert '"hostname":"web-1"' in near.json()["stdout"]
    url = f"http://{web['observed']['address']}:8080/"
    far = cloud.http.post("/api/instances/stranger/exec", json={"command": ["get", url]})
    assert far.json()["exit_code"] != 0
    refused = cloud.http.delete("/api/vpcs/other")
    assert refused.status_code == 409
    assert refused.json()["used_by"] == [{"id": cloud.instance("stranger")["id"], "name": "stranger"}]
    cloud.delete("/api/instances/stranger")
    assert cloud.delete("/api/vpcs/other")["status"] == "deleted"
