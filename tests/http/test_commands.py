"""Responses to commands: 202 with the document, its location and its version; versions; waiting."""

import asyncio

import httpx

from tests.http.in_process import WAIT, Cloud, done, refused


async def test_a_command_is_answered_with_the_document_where_it_is_and_its_version(cloud: Cloud) -> None:
    answer = await cloud.admin.post("/api/vpcs", json={"name": "web", "tags": {"env": "test"}})
    document = done(answer, "creating")
    assert answer.headers["location"] == f"/api/vpcs/{document['id']}"
    assert answer.headers["etag"] == '"1"'
    # Its default subnet and security group are saved with it.
    assert int(answer.headers["miniaws-position"]) == document["position"] + 2
    assert (document["kind"], document["name"], document["tags"]) == ("vpc", "web", {"env": "test"})
    assert set(document) == {
        "id", "kind", "name", "status", "status_reason", "account_id", "tags", "version", "position",
        "created_at", "updated_at", "created_by", "spec", "observed",
    }  # fmt: skip
    read = await cloud.admin.get(answer.headers["location"], params={"as_of": document["position"]})
    assert (read.json(), read.headers["etag"]) == (document, answer.headers["etag"])


async def test_what_was_answered_is_read_at_once(cloud: Cloud) -> None:
    for number in range(10):
        document = done(await cloud.admin.post("/api/vpcs", json={"name": f"web-{number}"}))
        read = await cloud.admin.get(f"/api/vpcs/web-{number}")
        assert read.json()["id"] == document["id"]


async def test_the_life_of_an_instance(cloud: Cloud) -> None:
    document = await cloud.launched(ports=[{"port": 80, "publish": 8081}], env={"A": "1"})
    assert document["spec"]["env"] == ["A"]
    assert document["observed"]["address"]
    path = f"/api/instances/{document['id']}"
    for wish, status in (("stop", "stopped"), ("start", "running"), ("reboot", "running")):
        done(await cloud.admin.post(f"{path}/{wish}", headers=WAIT), status)
    changed = done(await cloud.admin.patch(path, json={"type": "small", "tags": {"a": "b"}}, headers=WAIT))
    assert changed["tags"] == {"a": "b"}
    done(await cloud.admin.delete(path, headers=WAIT), "terminated")
    assert (await cloud.admin.get("/api/instances")).json()["items"] == []
    assert (await cloud.admin.get("/api/instances?ended=true")).json()["items"][0]["id"] == document["id"]
    history = (await cloud.admin.get(f"/api/resources/{document['id']}/history")).json()["items"]
    statuses = [version["status"] for version in history]
    assert statuses[:3] == ["pending", "pending", "running"]
    assert statuses[-2:] == ["terminating", "terminated"]


async def test_a_command_waits_until_the_resource_has_settled(cloud: Cloud) -> None:
    answer = await cloud.admin.post("/api/vpcs", json={"name": "web"}, headers=WAIT)
    assert done(answer)["status"] == "available"
    assert answer.headers["etag"] == '"2"'


async def test_a_command_waits_no_longer_than_it_was_asked_to(cloud: Cloud) -> None:
    cloud.engine.fail("networks.ensure", RuntimeError("never"), None)
    answer = await cloud.admin.post("/api/vpcs", json={"name": "web"}, headers={"Prefer": "wait=1"})
    assert done(answer)["status"] == "creating"


async def test_an_instance_and_what_it_needs_can_be_asked_for_at_once(cloud: Cloud) -> None:
    vpc, volume = await asyncio.gather(
        cloud.admin.post("/api/vpcs", json={"name": "web"}),
        cloud.admin.post("/api/volumes", json={"name": "data"}),
    )
    assert {vpc.status_code, volume.status_code} == {202}
    found = await cloud.launched(vpc="web", volumes=[{"volume": "data", "path": "/data"}])
    history = (await cloud.admin.get(f"/api/resources/{found['id']}/history")).json()["items"]
    # What is given an address is another version, saved with the first.
    assert [version["status"] for version in history] == ["pending", "pending", "running"]


async def test_a_change_decided_on_an_older_version_is_refused(cloud: Cloud) -> None:
    document = await cloud.launched()
    path = f"/api/instances/{document['id']}"
    current = (await cloud.admin.get(path)).headers["etag"]
    stale = {"If-Match": '"1"'}
    for request in (
        cloud.admin.patch(path, json={"tags": {}}, headers=stale),
        cloud.admin.delete(path, headers=stale),
        cloud.admin.post(f"{path}/stop", headers=stale),
    ):
        problem = refused(await request, 412, "stale_version", "web-1", "version 1 was expected", "retry")
        assert f'"{problem["version"]}"' == current
    done(await cloud.admin.patch(path, json={"tags": {"a": "b"}}, headers={"If-Match": current}))
    done(await cloud.admin.patch(path, json={"tags": {}}, headers={"If-Match": "*"}))


async def test_what_is_no_etag_is_refused(cloud: Cloud) -> None:
    for etag in ["3", '"x"', '""', "W/3", '"1", "2"']:
        answer = await cloud.admin.patch("/api/vpcs/default", json={"tags": {}}, headers={"If-Match": etag})
        refused(answer, 400, "invalid_etag", "If-Match")


async def test_changes_of_one_resource_at_once_are_all_kept(cloud: Cloud) -> None:
    writers = [
        cloud.admin.patch("/api/vpcs/default", json={"tags": {"writer": str(number)}}) for number in range(16)
    ]
    versions = [done(answer)["version"] for answer in await asyncio.gather(*writers)]
    assert len(set(versions)) == 16
    history = await cloud.admin.get("/api/vpcs/default")
    assert history.json()["version"] == max(versions)


async def test_sixteen_writers_of_one_name_have_one_winner(cloud: Cloud) -> None:
    asked = [cloud.admin.post("/api/volumes", json={"name": "data"}) for _ in range(16)]
    answers = await asyncio.gather(*asked)
    assert sorted(answer.status_code for answer in answers) == [202, *[409] * 15]
    lost = next(answer for answer in answers if answer.status_code == 409)
    assert refused(lost, 409, "name_taken", "`data`", "volume", "choose another")["field"] == "name"


async def test_sixteen_new_accounts_at_once_get_a_network_each(cloud: Cloud) -> None:
    asked = [
        cloud.admin.post("/api/keys", json={"name": "a", "role": "admin", "account": f"class-{number}"})
        for number in range(8)
    ] + [
        cloud.admin.post("/api/keys", json={"name": f"k-{number}", "role": "admin", "account": "class-x"})
        for number in range(8)
    ]
    answers = await asyncio.gather(*asked)
    assert {answer.status_code for answer in answers} == {202}, [answer.text for answer in answers]
    ranges: list[str] = []
    for answer in [*answers[:8], answers[8]]:
        vpcs = (await cloud.client(answer.json()["key"]).get("/api/vpcs")).json()["items"]
        assert [vpc["name"] for vpc in vpcs] == ["default"]
        ranges.append(vpcs[0]["spec"]["cidr"])
    assert len(set(ranges)) == 9


async def test_a_vpc_in_use_is_not_deleted_and_its_users_are_listed(cloud: Cloud) -> None:
    first, second = await cloud.launched("web-1"), await cloud.launched("web-2")
    problem = refused(
        await cloud.admin.delete("/api/vpcs/default"),
        409,
        "conflict",
        "default",
        "web-1",
        first["id"],
        "web-2",
    )
    assert [user["id"] for user in problem["used_by"]] == sorted([first["id"], second["id"]])
    for each in (first, second):
        done(await cloud.admin.delete(f"/api/instances/{each['id']}", headers=WAIT), "terminated")
    done(await cloud.admin.delete("/api/vpcs/default", headers=WAIT), "deleted")


async def test_a_deleted_name_can_be_used_again(cloud: Cloud) -> None:
    first = done(await cloud.admin.post("/api/volumes", json={"name": "data"}, headers=WAIT))
    done(await cloud.admin.delete("/api/volumes/data", headers=WAIT), "deleted")
    second = done(await cloud.admin.post("/api/volumes", json={"name": "data"}, headers=WAIT), "available")
    assert first["id"] != second["id"]
    assert (await cloud.admin.get("/api/volumes/data")).json()["id"] == second["id"]


async def test_a_volume_is_attached_to_a_stopped_instance_only(cloud: Cloud) -> None:
    await cloud.launched()
    done(await cloud.admin.post("/api/volumes", json={"name": "data"}, headers=WAIT))
    wish = {"instance": "web-1", "path": "/data"}
    answer = await cloud.admin.post("/api/volumes/data/attach", json=wish)
    refused(answer, 409, "instance_not_stopped", "web-1", "stop it first")
    done(await cloud.admin.post("/api/instances/web-1/stop", headers=WAIT), "stopped")
    attached = done(await cloud.admin.post("/api/volumes/data/attach", json=wish))
    assert attached["observed"]["attached_to"]["name"] == "web-1"
    refused(await cloud.admin.delete("/api/volumes/data"), 409, "volume_in_use", "web-1", "detach it first")
    done(await cloud.admin.post("/api/volumes/data/detach", json={"instance": "web-1"}))
    again = await cloud.admin.post("/api/volumes/data/detach", json={"instance": "web-1"})
    refused(again, 409, "volume_not_attached", "data")


async def test_a_host_port_that_is_held_is_refused_by_the_name_of_its_holder(cloud: Cloud) -> None:
    await cloud.launched(ports=[{"port": 80, "publish": 8081}])
    body = {"name": "web-2", "image": "nginx:1.27", "ports": [{"port": 80, "publish": 8081}]}
    problem = refused(
        await cloud.admin.post("/api/instances", json=body), 409, "port_taken", "instance web-1"
    )
    assert (problem["field"], (await _names(cloud.admin))) == ("ports.0.publish", ["web-1"])


async def _names(client: httpx.AsyncClient) -> list[str]:
    return [item["name"] for item in (await client.get("/api/instances")).json()["items"]]
