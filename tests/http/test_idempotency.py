"""An ``Idempotency-Key`` makes a request safe to repeat: it takes effect once, with the same response."""

import asyncio
from typing import Any

import pytest

from domain.errors import Unreachable
from tests.http.in_process import WAIT, Cloud, done, refused
from tests.runtime.running import eventually

CI = {"name": "ci", "role": "viewer"}
KEY = {"Idempotency-Key": "order-1"}
LAUNCH = {"name": "web-1", "image": "nginx:1.27"}


async def test_the_same_request_gets_the_same_answer_byte_for_byte(cloud: Cloud) -> None:
    first = await cloud.admin.post("/api/instances", json=LAUNCH, headers=KEY)
    assert done(first, "pending")

    async def runs() -> bool:
        return (await cloud.admin.get("/api/instances/web-1")).json()["status"] == "running"

    await eventually(runs)
    for _ in range(3):
        again = await cloud.admin.post("/api/instances", json=LAUNCH, headers=KEY)
        assert (again.status_code, again.content) == (202, first.content)
        for name in ("location", "etag", "miniaws-position"):
            assert again.headers[name] == first.headers[name]
    assert len((await cloud.admin.get("/api/instances?ended=true")).json()["items"]) == 1


async def test_sixteen_requests_with_one_key_launch_one_instance(cloud: Cloud) -> None:
    asked = [cloud.admin.post("/api/instances", json=LAUNCH, headers=KEY) for _ in range(16)]
    answers = await asyncio.gather(*asked)
    assert {(answer.status_code, answer.content) for answer in answers} == {(202, answers[0].content)}
    assert len((await cloud.admin.get("/api/instances?ended=true")).json()["items"]) == 1


async def test_another_request_with_the_same_key_is_refused(cloud: Cloud) -> None:
    done(await cloud.admin.post("/api/instances", json=LAUNCH, headers=KEY))
    for path, body in (
        ("/api/instances", {**LAUNCH, "type": "small"}),
        ("/api/vpcs", {"name": "web"}),
        ("/api/instances/web-1/stop", None),
    ):
        answer = await cloud.admin.post(path, json=body, headers=KEY)
        problem = refused(answer, 422, "idempotency_key_reused", "choose a new key")
        assert problem["field"] == "Idempotency-Key"


async def test_a_key_is_visible_ascii(cloud: Cloud) -> None:
    for key in ["", "a b", "ä", "x" * 256]:
        answer = await cloud.admin.post(
            "/api/vpcs", json={"name": "web"}, headers=[(b"idempotency-key", key.encode())]
        )
        refused(answer, 422, "invalid", "1 to 255 visible ASCII characters")


async def test_a_refused_request_leaves_the_key_free(cloud: Cloud) -> None:
    bad = {"name": "web-1", "image": "nosuch:1"}
    refused(
        await cloud.admin.post("/api/instances", json=bad, headers=KEY), 422, "unknown_image", "`nosuch:1`"
    )
    done(await cloud.admin.post("/api/instances", json=LAUNCH, headers=KEY))


async def test_keys_of_two_accounts_do_not_meet(cloud: Cloud) -> None:
    other = await cloud.another(account="other")
    first = done(await cloud.admin.post("/api/volumes", json={"name": "data"}, headers=KEY))
    second = done(await other.post("/api/volumes", json={"name": "more"}, headers=KEY))
    assert first["id"] != second["id"]


async def test_every_command_can_be_repeated(cloud: Cloud) -> None:
    await cloud.launched()
    done(await cloud.admin.post("/api/volumes", json={"name": "data"}, headers=WAIT))
    admin, path = cloud.admin, "/api/instances/web-1"
    done(await admin.post(f"{path}/stop", headers=WAIT), "stopped")
    attach = {"instance": "web-1", "path": "/data"}
    for number, (method, where, body) in enumerate(
        [
            ("POST", "/api/volumes/data/attach", attach),
            ("POST", "/api/volumes/data/detach", {"instance": "web-1"}),
            ("PATCH", "/api/volumes/data", {"tags": {"a": "b"}}),
            ("PATCH", "/api/volumes/data", {"tags": {"a": "b"}}),
            ("POST", f"{path}/start", None),
            ("PATCH", path, {"type": "small"}),
            ("POST", f"{path}/reboot", None),
            ("DELETE", path, None),
            ("DELETE", "/api/volumes/data", None),
        ]
    ):
        headers = {"Idempotency-Key": f"step-{number}"}
        first = await admin.request(method, where, json=body, headers=headers)
        again = await admin.request(method, where, json=body, headers=headers)
        assert (first.status_code, again.content) == (202, first.content), where


async def signs_in(cloud: Cloud, key: str) -> bool:
    """Return whether a key is accepted; this uses it."""
    return (await cloud.client(key).get("/api/vpcs")).status_code == 200


async def test_who_asks_for_a_key_again_gets_another_secret_and_the_one_before_opens_nothing(
    cloud: Cloud,
) -> None:
    first, second, third = [
        done(await cloud.admin.post("/api/keys", json=CI, headers=KEY), "active") for _ in range(3)
    ]
    assert first["id"] == second["id"] == third["id"]
    assert len({first["key"], second["key"], third["key"]}) == 3
    opens = [await signs_in(cloud, each["key"]) for each in (first, second, third)]
    assert opens == [False, False, True]

    async def is_listed_once_as_used() -> bool:
        listed = (await cloud.admin.get("/api/keys?name=ci&ended=true")).json()["items"]
        assert [each["id"] for each in listed] == [first["id"]]
        return listed[0]["observed"] == {"was_used": True}

    await eventually(is_listed_once_as_used)


async def test_a_key_that_was_used_is_not_shown_again_and_goes_on(cloud: Cloud) -> None:
    first = done(await cloud.admin.post("/api/keys", json=CI, headers=KEY))
    assert await signs_in(cloud, first["key"])
    again = await cloud.admin.post("/api/keys", json=CI, headers=KEY)
    problem = refused(again, 409, "key_already_shown", "only its hash is kept", "revoke it and issue another")
    assert problem["id"] == first["id"]
    assert first["key"] not in again.text
    assert await signs_in(cloud, first["key"])


async def test_a_key_that_was_revoked_comes_not_back(cloud: Cloud) -> None:
    first = done(await cloud.admin.post("/api/keys", json=CI, headers=KEY))
    done(await cloud.admin.delete("/api/keys/ci"), "revoked")
    again = await cloud.admin.post("/api/keys", json=CI, headers=KEY)
    refused(again, 409, "key_already_shown", "it is revoked", "issue another")
    assert not await signs_in(cloud, first["key"])


async def test_a_key_is_either_used_or_replaced(cloud: Cloud) -> None:
    """A concurrent sign-in, also on another host, either gets the key permanently or is refused."""
    elsewhere = await cloud.another_process()
    for number in range(10):
        body, headers = {**CI, "name": f"ci-{number}"}, {"Idempotency-Key": f"once-{number}"}
        first = done(await cloud.admin.post("/api/keys", json=body, headers=headers))
        again, signed_in = await asyncio.gather(
            cloud.admin.post("/api/keys", json=body, headers=headers),
            cloud.client(first["key"], elsewhere).get("/api/vpcs"),
        )
        assert {again.status_code, signed_in.status_code} in ({202, 401}, {409, 200})
        assert await signs_in(cloud, first["key"]) == (signed_in.status_code == 200)


async def test_what_a_program_printed_is_not_kept(cloud: Cloud) -> None:
    await cloud.launched()
    path, body = "/api/instances/web-1/exec", {"command": ["echo", "hello"]}
    first = await cloud.admin.post(path, json=body, headers=KEY)
    assert first.json() == {"exit_code": 0, "stdout": "hello\n", "stderr": ""}
    refused(await cloud.admin.post(path, json=body, headers=KEY), 409, "conflict", "not kept")


@pytest.mark.parametrize(
    ("path", "create", "verb", "body", "call", "events"),
    [
        ("caches", {}, "flush", None, "flush", ["cache.flush_requested", "cache.flushed"]),
        (
            "queues",
            {"engine": "rabbitmq"},
            "purge",
            {"queue": "orders"},
            "purge",
            ["queue.messages_purge_requested", "queue.purged"],
        ),
    ],
)
async def test_what_removes_data_is_recorded_first_and_carried_out_once(
    cloud: Cloud, path: str, create: dict[str, Any], verb: str, body: Any, call: str, events: list[str]
) -> None:
    made = done(
        await cloud.admin.post(f"/api/{path}", json={"name": "s", **create}, headers=WAIT), "available"
    )
    if body:
        done(await cloud.admin.put(f"/api/{path}/s/queues/orders", json={}, headers=WAIT), "available")
    cloud.engine.fail(f"servers.{call}", Unreachable("away"), None)
    for _ in range(2):
        done(await cloud.admin.post(f"/api/{path}/s/{verb}", json=body, headers=KEY))
    cloud.engine.heal(f"servers.{call}")

    async def is_available() -> bool:
        return (await cloud.admin.get(f"/api/{path}/s")).json()["status"] == "available"

    await eventually(is_available)
    for _ in range(2):
        done(await cloud.admin.post(f"/api/{path}/s/{verb}", json=body, headers={**KEY, **WAIT}), "available")
    timeline = (await cloud.admin.get(f"/api/timeline?order=oldest&resource={made['id']}")).json()["items"]
    assert [event["type"] for event in timeline if event["type"] in events] == events
