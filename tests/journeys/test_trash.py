"""What is deleted comes back from the trash with its files, on a real engine."""

from datetime import UTC, datetime
from typing import Any

import psycopg

from tests.conftest import build_images, free_port
from tests.journeys.running_cloud import RunningCloud, kill, wait_until

WRITE = ["sh", "-c", "echo root > /note; echo volume > /data/note"]
READ = ["sh", "-c", "cat /note /data/note; hostname"]


def read(cloud: RunningCloud, name: str) -> list[str]:
    answer = cloud.http.post(f"/api/instances/{name}/exec", json={"command": READ})
    return answer.json()["stdout"].split()


def restored(cloud: RunningCloud, document: dict[str, Any], **body: str) -> dict[str, Any]:
    return cloud.post(f"/api/trash/{document['id']}/restore", body)


def test_an_instance_comes_back_with_its_files_even_into_a_vpc_that_was_made_again(
    keeping: RunningCloud,
) -> None:
    keeping.post("/api/vpcs", {"name": "shop"})
    data = keeping.post("/api/volumes", {"name": "data"})
    mounts = {"vpc": "shop", "volumes": [{"volume": "data", "path": "/data"}]}
    web = keeping.launch("web-1", **mounts, ports=[{"port": 8080, "publish": free_port()}])
    keeping.http.post("/api/instances/web-1/exec", json={"command": WRITE}).raise_for_status()
    assert keeping.delete("/api/instances/web-1")["status"] == "trashed"
    for controller in keeping.controllers:
        kill(controller)
    keeping.start_controller()
    # The same network, and the same container.
    container = keeping.container(web["id"]).id
    assert restored(keeping, web)["status"] == "running"
    assert (keeping.container(web["id"]).id, read(keeping, "web-1")) == (
        container,
        ["root", "volume", "web-1"],
    )
    # Another network of the same name, and another name.
    assert keeping.delete("/api/instances/web-1")["status"] == "trashed"
    assert keeping.delete("/api/vpcs/shop")["status"] == "deleted"
    keeping.post("/api/vpcs", {"name": "shop"})
    assert restored(keeping, web, name="web-2")["status"] == "running"
    assert read(keeping, "web-2") == ["root", "volume", "web-2"]
    # A volume that is purged does not wait for the instance in the trash.
    assert keeping.delete("/api/instances/web-2")["status"] == "trashed"
    assert keeping.delete("/api/volumes/data?purge=true")["status"] == "deleted"
    assert data["id"] not in {id_ for _, id_ in keeping.things()}
    assert restored(keeping, web)["spec"]["volumes"] == []
    assert read(keeping, "web-2") == ["root", "web-2"]
    assert keeping.delete("/api/instances/web-2?purge=true")["status"] == "terminated"
    wait_until(
        lambda: web["id"] not in {id_ for _, id_ in keeping.things()},
        "nothing is left of the instance",
    )
    assert keeping.show("/api/orphans?ended=true")["items"] == []


def test_a_database_comes_back_with_its_rows_and_is_restored_from_meanwhile(
    keeping: RunningCloud,
) -> None:
    build_images("postgres")
    made = keeping.post("/api/databases", {"name": "orders", "publish": free_port()})
    wait_until(lambda: keeping.show("/api/databases/orders")["status"] == "available", "orders is available")
    url = keeping.show("/api/databases/orders/connection")["url"]
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("create table kept (n int); insert into kept values (7)")
    written_at = datetime.now(UTC)
    wait_until(lambda: _restorable(keeping, made) > written_at, "the rows are in the archive")
    assert keeping.delete("/api/databases/orders")["status"] == "trashed"
    archive = keeping.show(f"/api/databases/{made['id']}/backups")
    wait_until(
        lambda: not [id_ for id_ in keeping.containers() if id_.startswith(archive["id"])],
        "the archive rests",
    )
    copy = keeping.post(f"/api/databases/{made['id']}/restore", {"name": "copy", "publish": free_port()})
    wait_until(
        lambda: keeping.show("/api/databases/copy")["status"] in {"backing-up", "available"},
        "the copy",
    )
    assert restored(keeping, made)["status"] == "available"
    assert keeping.show("/api/databases/orders/connection")["url"] == url
    for name in ("orders", "copy"):
        with psycopg.connect(keeping.show(f"/api/databases/{name}/connection")["url"]) as connection:
            assert connection.execute("select n from kept").fetchall() == [(7,)]
    back_at = datetime.now(UTC)
    wait_until(lambda: _restorable(keeping, made) > back_at, "orders is archived again")
    assert keeping.delete(f"/api/databases/{made['id']}?purge=true&keep_backups=false")["status"] == "deleted"
    assert copy["spec"]["restored_from"]["id"] == made["id"]


def _restorable(cloud: RunningCloud, made: dict[str, Any]) -> datetime:
    """Return the newest moment to which a database can be restored."""
    return datetime.fromisoformat(cloud.show(f"/api/databases/{made['id']}/restorable")["to"])


def test_a_restored_database_takes_the_place_of_the_current_one_though_the_controller_is_killed(
    keeping: RunningCloud,
) -> None:
    build_images("postgres")
    made = keeping.post("/api/databases", {"name": "orders", "publish": free_port()})
    wait_until(lambda: keeping.show("/api/databases/orders")["status"] == "available", "orders is available")
    url = keeping.show("/api/databases/orders/connection")["url"]
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("create table kept (n int); insert into kept values (7)")
        moment = datetime.now(UTC)
        connection.execute("delete from kept")
    body = {"in_place": True, "to": moment.isoformat()}
    answer = keeping.http.post("/api/databases/orders/restore", json=body)
    assert answer.status_code == 202, answer.text
    restored_id = answer.json()["id"]

    def now() -> dict[str, Any]:
        return keeping.show(f"/api/databases/{restored_id}")

    wait_until(
        lambda: "replaced_by" in keeping.show(f"/api/databases/{made['id']}")["observed"],
        "it gives way",
    )
    for controller in keeping.controllers:
        kill(controller)
    keeping.start_controller()
    wait_until(lambda: now()["status"] == "available", "the restored database is available", 180)
    assert now()["name"] == "orders"
    assert now()["observed"]["swap"]["unavailable_s"] > 0
    with psycopg.connect(url) as connection:
        assert connection.execute("select n from kept").fetchall() == [(7,)]
    before = keeping.show(f"/api/databases/{made['id']}")
    assert (before["status"], before["name"].startswith("orders-until-")) == ("trashed", True)
    assert restored(keeping, before)["status"] == "available"
    keeping.post(f"/api/databases/{made['id']}/rotate-credentials")
    assert keeping.show("/api/databases/orders/connection")["url"] == url
    names = {each["name"] for each in keeping.show("/api/databases")["items"]}
    assert names == {"orders", before["name"]}
    assert {each["name"] for each in keeping.show("/api/archives")["items"]} == names
