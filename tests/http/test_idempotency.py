"""An ``Idempotency-Key`` makes a request safe to repeat: nothing is done twice, and the answer is the same."""

import asyncio

from tests.http.in_process import WAIT, Cloud, done, refused
from tests.runtime.running import eventually

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


async def test_a_key_is_shown_once_even_to_who_asks_again(cloud: Cloud) -> None:
    body = {"name": "ci", "role": "viewer"}
    first = done(await cloud.admin.post("/api/keys", json=body, headers=KEY))
    assert first["key"].startswith("miniaws_")
    again = await cloud.admin.post("/api/keys", json=body, headers=KEY)
    problem = refused(again, 409, "key_already_shown", "only its hash is kept", "issue another")
    assert problem["id"] == first["id"]
    assert first["key"] not in again.text


async def test_what_a_program_printed_is_not_kept(cloud: Cloud) -> None:
    await cloud.launched()
    path, body = "/api/instances/web-1/exec", {"command": ["echo", "hello"]}
    first = await cloud.admin.post(path, json=body, headers=KEY)
    assert first.json() == {"exit_code": 0, "stdout": "hello\n", "stderr": ""}
    refused(await cloud.admin.post(path, json=body, headers=KEY), 409, "conflict", "not kept")
