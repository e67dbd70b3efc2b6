"""Accounts are isolated: resources of another account are never found."""

from typing import Any

import httpx
import pytest

from tests.http.in_process import WAIT, Cloud, done, refused


@pytest.fixture
async def theirs(cloud: Cloud) -> dict[str, Any]:
    """The resources of the account ``main``, by kind."""
    instance = await cloud.launched("secret-web", ports=[{"port": 80, "publish": 8081}])
    volume = done(await cloud.admin.post("/api/volumes", json={"name": "secret-data"}, headers=WAIT))
    vpc = (await cloud.admin.get("/api/vpcs/default")).json()
    key = (await cloud.admin.get("/api/keys")).json()["items"][0]
    return {"instance": instance, "volume": volume, "vpc": vpc, "key": key}


@pytest.fixture
async def we(cloud: Cloud) -> httpx.AsyncClient:
    """An admin of another account."""
    return await cloud.another(account="other")


async def test_another_accounts_id_is_not_found_on_any_route(
    theirs: dict[str, Any], we: httpx.AsyncClient
) -> None:
    paths: list[tuple[str, str, Any]] = []
    for kind, plural in (("instance", "instances"), ("volume", "volumes"), ("vpc", "vpcs"), ("key", "keys")):
        path = f"/api/{plural}/{theirs[kind]['id']}"
        paths += [("GET", path, None), ("DELETE", path, None)]
        if kind != "key":
            paths.append(("PATCH", path, {"tags": {"mine": "now"}}))
        resource = f"/api/resources/{theirs[kind]['id']}"
        paths += [("GET", resource + tail, None) for tail in ("", "/history", "/why")]
    instance = f"/api/instances/{theirs['instance']['id']}"
    paths += [("POST", f"{instance}/{wish}", None) for wish in ("start", "stop", "reboot")]
    paths += [("GET", f"{instance}/logs", None), ("POST", f"{instance}/exec", {"command": ["echo"]})]
    volume = f"/api/volumes/{theirs['volume']['id']}"
    paths += [("POST", f"{volume}/{wish}", {"instance": "x", "path": "/x"}) for wish in ("attach",)]
    paths += [("POST", f"{volume}/detach", {"instance": "x"})]
    for method, path, body in paths:
        answer = await we.request(method, path, json=body)
        refused(answer, 404, "not_found")
        assert "secret" not in answer.text


async def test_another_accounts_name_is_not_found(theirs: dict[str, Any], we: httpx.AsyncClient) -> None:
    for path in ("/api/instances/secret-web", "/api/volumes/secret-data"):
        refused(await we.get(path), 404, "not_found")
        refused(await we.delete(path), 404, "not_found")
    mine = (await we.get("/api/vpcs/default")).json()
    assert mine["id"] != theirs["vpc"]["id"]
    assert mine["account_id"] == "other"


async def test_lists_hold_what_is_ones_own(theirs: dict[str, Any], we: httpx.AsyncClient) -> None:
    everything = (await we.get("/api/resources?ended=true")).text
    everything += (await we.get("/api/timeline")).text
    everything += (await we.get("/api/diff?from=0")).text
    for kind in ("instance", "volume", "vpc"):
        assert theirs[kind]["id"] not in everything
    assert "secret" not in everything


async def test_no_body_refers_to_what_another_account_has(
    theirs: dict[str, Any], we: httpx.AsyncClient
) -> None:
    launch = {"name": "web", "image": "nginx:1.27"}
    for body in (
        {**launch, "vpc": theirs["vpc"]["id"]},
        {**launch, "volumes": [{"volume": theirs["volume"]["id"], "path": "/data"}]},
        {**launch, "volumes": [{"volume": "secret-data", "path": "/data"}]},
        {**launch, "vpc": "nosuch"},
    ):
        refused(await we.post("/api/instances", json=body), 404, "not_found")
    done(await we.post("/api/volumes", json={"name": "data"}, headers=WAIT), "available")
    for instance in (theirs["instance"]["id"], "secret-web"):
        for wish, more in (("attach", {"path": "/data"}), ("detach", {})):
            answer = await we.post(f"/api/volumes/data/{wish}", json={"instance": instance, **more})
            refused(answer, 404, "not_found")
    assert [item["name"] for item in (await we.get("/api/resources?kind=instance")).json()["items"]] == []


async def test_a_port_clash_does_not_tell_whose_port_it_is(
    theirs: dict[str, Any], we: httpx.AsyncClient
) -> None:
    body = {"name": "web", "image": "nginx:1.27", "ports": [{"port": 80, "publish": 8081}]}
    answer = await we.post("/api/instances", json=body)
    refused(answer, 409, "port_taken", "8081", "a resource of another account")
    assert "secret" not in answer.text
    assert theirs["instance"]["id"] not in answer.text
    assert "main" not in answer.text


async def test_a_range_clash_does_not_tell_whose_range_it_is(
    theirs: dict[str, Any], we: httpx.AsyncClient
) -> None:
    answer = await we.post("/api/vpcs", json={"name": "web", "cidr": theirs["vpc"]["spec"]["cidr"]})
    refused(answer, 409, "range_taken", "another VPC")
    assert "default" not in answer.text


async def test_two_accounts_use_the_same_names(theirs: dict[str, Any], we: httpx.AsyncClient) -> None:
    mine = done(
        await we.post("/api/instances", json={"name": "secret-web", "image": "nginx:1.27"}, headers=WAIT)
    )
    assert mine["id"] != theirs["instance"]["id"]
    done(await we.delete("/api/instances/secret-web", headers=WAIT), "terminated")
    assert theirs["instance"]["status"] == "running"


async def test_a_new_account_has_a_network(we: httpx.AsyncClient) -> None:
    found = (await we.get("/api/vpcs/default")).json()
    assert (found["status"], found["account_id"]) in {("creating", "other"), ("available", "other")}
    done(
        await we.post("/api/instances", json={"name": "web", "image": "nginx:1.27"}, headers=WAIT), "running"
    )


async def test_only_the_first_account_makes_others(cloud: Cloud, we: httpx.AsyncClient) -> None:
    answer = await we.post("/api/keys", json={"name": "spy", "role": "viewer", "account": "main"})
    assert refused(answer, 403, "forbidden", "`main`", "only keys of main may")["field"] == "account"
    done(await we.post("/api/keys", json={"name": "ci", "role": "viewer", "account": "other"}))
    for account in ("Bad", "", "a" * 64):
        answer = await cloud.admin.post("/api/keys", json={"name": "x", "role": "viewer", "account": account})
        assert account == "" or refused(answer, 422, "invalid", "1 to 63")["field"] == "account"
