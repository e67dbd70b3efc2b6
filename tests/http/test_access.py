"""Access: roles, expiry, revocation, the last admin, and rate limits."""

import asyncio
import gc
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from domain.errors import Unauthenticated
from domain.values import parse_id
from miniaws import application
from miniaws.http.auth.authenticator import Authenticator
from tests.http.in_process import Cloud, done, refused
from tests.process_managers.stage import MovedClock
from tests.runtime.running import eventually


async def answers(client: httpx.AsyncClient, status: int) -> bool:
    """Return whether a client currently gets this status."""
    return (await client.get("/api/vpcs")).status_code == status


LAUNCH = {"name": "web", "image": "nginx:1.27"}


async def test_every_route_but_the_public_ones_needs_a_key(cloud: Cloud) -> None:
    nobody = cloud.client(None)
    for path, operations in cloud.app.openapi()["paths"].items():
        for method in operations:
            answer = await nobody.request(method, path.replace("{", "").replace("}", ""))
            if path.startswith(("/api/", "/metrics")) and (method, path) != ("post", "/api/session"):
                refused(answer, 401, "unauthenticated", "`Authorization: miniaws_<key>`")
                assert answer.headers["www-authenticate"] == "Bearer"
            elif not path.startswith("/api/"):
                assert answer.status_code == 200, path
    assert (await nobody.get("/openapi.json")).status_code == 200
    assert (await nobody.get("/docs/")).status_code == 200, "run scripts/setup --dev"


async def test_a_wrong_key_opens_nothing(cloud: Cloud) -> None:
    for authorization in [
        "x",
        "Bearer x",
        "Basic YTpi",
        "miniaws_",
        "miniaws_" + "a" * 43,
        "Bearer miniaws_ä",
        "miniaws_%00",
    ]:
        answer = await cloud.client(None).get(
            "/api/vpcs", headers=[(b"authorization", authorization.encode())]
        )
        refused(answer, 401, "unauthenticated")


async def test_wrong_keys_leave_nothing_in_memory(cloud: Cloud) -> None:
    for number in range(20):
        wrong = cloud.client(f"miniaws_{number:043}")
        refused(await wrong.get("/api/vpcs"), 401, "unauthenticated", "unknown, revoked or expired")
    gc.collect()
    assert [each for each in gc.get_objects() if isinstance(each, Unauthenticated)] == []


async def test_a_key_is_accepted_after_bearer(cloud: Cloud) -> None:
    assert (await cloud.client(f"Bearer {cloud.key}").get("/api/vpcs")).status_code == 200


async def test_a_viewer_reads_and_changes_nothing(cloud: Cloud) -> None:
    await cloud.launched()
    viewer = await cloud.another("viewer")
    assert (await viewer.get("/api/instances/web-1")).status_code == 200
    for request in (
        viewer.post("/api/instances", json=LAUNCH),
        viewer.post("/api/instances/web-1/stop"),
        viewer.post("/api/instances/web-1/exec", json={"command": ["echo"]}),
        viewer.patch("/api/instances/web-1", json={"tags": {}}),
        viewer.delete("/api/instances/web-1"),
        viewer.post("/api/vpcs", json={"name": "web"}),
        viewer.post("/api/volumes", json={"name": "data"}),
    ):
        refused(await request, 403, "forbidden", "viewer", "it takes operator")


async def test_an_operator_changes_resources_and_manages_no_keys(cloud: Cloud) -> None:
    operator = await cloud.another("operator")
    done(await operator.post("/api/volumes", json={"name": "data"}))
    for request in (
        operator.post("/api/keys", json={"name": "mine", "role": "viewer"}),
        operator.delete("/api/keys/admin"),
    ):
        refused(await request, 403, "forbidden", "operator", "it takes admin")


async def test_an_expired_key_opens_nothing(cloud: Cloud) -> None:
    until = datetime.now(UTC) + timedelta(seconds=1)
    client = await cloud.another("viewer", expires_at=until.isoformat())
    assert (await client.get("/api/vpcs")).status_code == 200
    await eventually(lambda: answers(client, 401))
    refused(await client.get("/api/vpcs"), 401, "unauthenticated", "expired")
    assert datetime.now(UTC) >= until


async def test_a_key_is_not_issued_for_the_past(cloud: Cloud) -> None:
    for at in ("2001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00"):
        body = {"name": "old", "role": "viewer", "expires_at": at}
        answer = await cloud.admin.post("/api/keys", json=body)
        assert refused(answer, 422, "invalid", "in the future")["field"] == "expires_at"


async def test_a_revoked_key_opens_nothing_at_once(cloud: Cloud) -> None:
    for number in range(5):
        client = await cloud.another("viewer", name=f"short-{number}")
        assert (await client.get("/api/vpcs")).status_code == 200
        done(await cloud.admin.delete(f"/api/keys/short-{number}"), "revoked")
        refused(await client.get("/api/vpcs"), 401, "unauthenticated", "revoked")


async def test_a_revoked_key_opens_nothing_in_another_process(cloud: Cloud) -> None:
    elsewhere = await cloud.another_process()
    client = await cloud.another("viewer", name="short")
    there = cloud.client(client.headers["authorization"], elsewhere)
    assert (await there.get("/api/vpcs")).status_code == 200
    done(await cloud.admin.delete("/api/keys/short"), "revoked")
    await eventually(lambda: answers(there, 401), deadline_s=1)


@pytest.mark.parametrize("moved_s", [60, 3600, -1])
async def test_a_revoked_key_is_refused_after_a_minute_when_no_event_arrives(
    cloud: Cloud, moved_s: int
) -> None:
    client = await cloud.another("viewer", name="short")
    header = client.headers["authorization"]
    clock = MovedClock(datetime.now(UTC))
    # Nothing feeds this one events, as after its subscription died.
    authenticator = Authenticator(cloud.app.state.cloud.ports.store, clock)
    identity = await authenticator.identify(header)
    parsed = parse_id(identity.key_id)
    assert parsed is not None
    await authenticator.of_key(parsed[1])
    done(await cloud.admin.delete("/api/keys/short"), "revoked")
    assert await authenticator.identify(header) == identity, (
        "the key must be remembered for this to show anything"
    )
    clock.at += timedelta(seconds=moved_s)
    with pytest.raises(Unauthenticated):
        await authenticator.identify(header)
    with pytest.raises(Unauthenticated):
        await authenticator.of_key(parsed[1])


async def test_revoking_twice_is_revoking_once(cloud: Cloud) -> None:
    await cloud.another("viewer", name="short")
    first = done(await cloud.admin.delete("/api/keys/short"), "revoked")
    again = done(await cloud.admin.delete(f"/api/keys/{first['id']}"), "revoked")
    assert again["version"] == first["version"]


async def test_an_account_never_loses_its_last_admin_key(cloud: Cloud) -> None:
    problem = refused(await cloud.admin.delete("/api/keys/admin"), 409, "conflict", "last admin key")
    assert "issue another admin key first" in problem["detail"]
    await cloud.another("admin", name="second")
    done(await cloud.admin.delete("/api/keys/admin"), "revoked")


async def test_two_admins_cannot_revoke_each_other(cloud: Cloud) -> None:
    for round_ in range(5):
        account = f"class-{round_}"
        clients = [await cloud.another("admin", account, name=name) for name in ("a", "b")]
        answers = await asyncio.gather(clients[0].delete("/api/keys/b"), clients[1].delete("/api/keys/a"))
        assert sorted(answer.status_code for answer in answers) in ([202, 401], [202, 409]), answers[0].text
        working = [client for client in clients if (await client.get("/api/keys")).status_code == 200]
        assert len(working) == 1


async def test_an_admin_key_that_expired_is_no_admin_key_left(cloud: Cloud) -> None:
    until = datetime.now(UTC) + timedelta(seconds=1)
    soon = await cloud.another("admin", name="soon", expires_at=until.isoformat())
    await eventually(lambda: answers(soon, 401))
    refused(await cloud.admin.delete("/api/keys/admin"), 409, "conflict", "last admin key")


async def test_too_many_requests_are_refused_for_a_while(cloud: Cloud) -> None:
    strict = cloud.client(cloud.key, await cloud.another_process(rate_limit=1, rate_burst=3))
    left: list[str] = []
    while (answer := await strict.get("/api/vpcs")).status_code == 200:
        left.append(answer.headers["ratelimit-remaining"])
    refused(answer, 429, "too_many_requests", "1 requests a second", "retry")
    assert answer.headers["retry-after"] == "1"
    assert left == ["2", "1", "0"]
    assert (await strict.get("/health/live")).status_code == 200, "public routes are not limited"
    await eventually(lambda: answers(strict, 200))


async def test_one_key_does_not_use_up_what_another_may(cloud: Cloud) -> None:
    strict = await cloud.another_process(rate_limit=0.001, rate_burst=1)
    first, second = cloud.client(cloud.key, strict), await cloud.another("viewer")
    await first.get("/api/vpcs")
    refused(await first.get("/api/vpcs"), 429, "too_many_requests")
    assert await answers(cloud.client(second.headers["authorization"], strict), 200)


class Behind:
    """Read models that never catch up."""

    async def wait_for(self, position: int, timeout_s: float) -> bool:
        del position, timeout_s
        return False


async def test_a_key_is_shown_even_when_reads_are_behind(cloud: Cloud) -> None:
    app = await cloud.another_process()
    behind = replace(app.state.cloud.ports, visibility=Behind())
    app.state.cloud = application.Cloud(cloud.settings, behind)
    late = cloud.client(cloud.key, app)
    refused(await late.post("/api/volumes", json={"name": "data"}), 503, "unavailable", "Idempotency-Key")
    issued = await late.post("/api/keys", json={"name": "late", "role": "viewer"})
    assert (issued.status_code, issued.json()["name"]) == (202, "late")
    assert await answers(cloud.client(issued.json()["key"]), 200)
