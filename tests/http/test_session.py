"""Browser sessions: tokens, tickets, and attacks from another site or port."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from websockets.exceptions import ConnectionClosed

from tests.http.browsing import Browser, run
from tests.http.conftest import Api
from tests.http.following import until


async def test_a_key_becomes_a_token_and_no_cookie(api: Api) -> None:
    async with Browser(api) as browser:
        answer = await browser.sign_in({"api_key": api.key})
        assert answer.status_code == 201
        assert {name: answer.json()[name] for name in ("role", "account", "name")} == {
            "role": "admin",
            "account": "main",
            "name": "admin",
        }
        assert api.key not in answer.text
        assert answer.headers["cache-control"] == "no-store"
        who = (await browser.http.get("/api/session")).json()
        assert (who["account"], who["browser"]) == ("main", True)
        assert (await browser.http.get("/api/instances")).status_code == 200
        assert len(browser.http.cookies) == 0


async def test_no_answer_sets_a_cookie_and_no_cookie_signs_in(api: Api) -> None:
    """Browsers send cookies to every port of a host, so also to programs on published ports."""
    async with Browser(api) as browser:
        await browser.sign_in({"api_key": api.key})
        for method, path in (("POST", "/api/session/tickets"), ("GET", "/api/session"), ("GET", "/")):
            answer = await browser.http.request(method, path)
            assert "set-cookie" not in answer.headers
        for name in ("miniaws_session", "__Host-miniaws_session", "session", "token"):
            cookie = {"Cookie": f"{name}={browser.token}", "Authorization": ""}
            assert (await browser.http.get("/api/session", headers=cookie)).status_code == 401


async def test_a_session_that_is_closed_or_unknown_opens_nothing(api: Api) -> None:
    async with Browser(api) as browser:
        await browser.sign_in({"api_key": api.key})
        answer = await browser.http.delete("/api/session", headers={"Origin": browser.origin})
        assert answer.status_code == 204
        for authorization in (browser.authorization, "Bearer miniaws_session_made-up", ""):
            refused = await browser.http.get("/api/instances", headers={"Authorization": authorization})
            assert (refused.status_code, refused.json()["code"]) == (401, "unauthenticated")


@pytest.mark.parametrize("body", [{"api_key": "miniaws_wrong"}, {"ticket": "wrong"}, {}, None])
async def test_what_opens_nothing_opens_no_session(api: Api, body: dict[str, Any] | None) -> None:
    async with Browser(api) as browser:
        answer = await browser.http.post("/api/session", json=body)
        assert answer.status_code == 401
        assert "token" not in answer.json()


async def test_two_ways_at_once_are_refused(api: Api) -> None:
    async with Browser(api) as browser:
        answer = await browser.sign_in({"api_key": api.key, "ticket": "x"})
        assert (answer.status_code, answer.json()["field"]) == (422, "ticket")


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
async def test_a_page_of_another_origin_cannot_use_a_session(api: Api, headers: dict[str, str]) -> None:
    async with Browser(api) as browser:
        await browser.sign_in({"api_key": api.key})
        vpc = {"name": "foreign", "cidr": "10.77.0.0/24"}
        for answer in (
            await browser.http.post("/api/vpcs", json=vpc, headers=headers),
            await browser.http.get("/api/vpcs", headers=headers),
            await browser.http.delete("/api/session", headers=headers),
        ):
            assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
        ours = {"Origin": browser.origin, "Sec-Fetch-Site": "same-origin"}
        answer = await browser.http.post("/api/vpcs", json=vpc, headers=ours)
        assert answer.status_code == 202, answer.text


async def test_another_site_can_sign_nobody_in(api: Api) -> None:
    async with Browser(api) as browser:
        answer = await browser.http.post(
            "/api/session", json={"api_key": api.key}, headers={"Origin": "http://evil.example"}
        )
        assert answer.status_code == 403


async def test_a_session_ends_with_its_key(api: Api) -> None:
    key, key_id = await api.key_of("main", "short-lived")
    async with Browser(api) as browser:
        await browser.sign_in({"api_key": key})
        assert (await browser.http.get("/api/session")).json()["key"] == key_id
        await api.http.delete(f"/api/keys/{key_id}")

        async def is_out() -> bool:
            return (await browser.http.get("/api/session")).status_code == 401

        async with asyncio.timeout(20):
            while not await is_out():  # noqa: ASYNC110 - the revocation travels through the log
                await asyncio.sleep(0.02)


async def test_a_session_does_not_outlive_its_key(api: Api) -> None:
    expires_at = datetime.now(UTC) + timedelta(seconds=3)
    key, _ = await api.key_of("main", "expiring", expires_at=expires_at.isoformat())
    async with Browser(api) as browser:
        answer = await browser.sign_in({"api_key": key})
        assert datetime.fromisoformat(answer.json()["expires_at"]) == expires_at


async def test_a_role_holds_in_a_browser_too(api: Api) -> None:
    key, _ = await api.key_of("main", "reader", role="viewer")
    async with Browser(api) as browser:
        await browser.sign_in({"api_key": key})
        answer = await browser.http.post(
            "/api/vpcs", json={"name": "v", "cidr": "10.78.0.0/24"}, headers={"Origin": browser.origin}
        )
        assert answer.status_code == 403


async def test_the_database_holds_nothing_that_signs_in(api: Api) -> None:
    ticket = (await api.post("/api/session/tickets")).json()["ticket"]
    async with Browser(api) as browser:
        await browser.sign_in({"api_key": api.key})
        secrets = [ticket, browser.token, api.key]
    assert api.settings.database_url is not None
    with psycopg.connect(api.settings.database_url.get_secret_value()) as connection:
        rows = connection.execute("SELECT s::text FROM sessions s").fetchall()
    assert len(rows) == 2
    assert not any(secret in str(rows) for secret in secrets)


async def test_a_socket_opens_with_a_ticket_or_with_the_session_of_a_page_of_ours(api: Api) -> None:
    ticket = (await api.post("/api/session/tickets")).json()["ticket"]
    async with api.followed.socket(f"?ticket={ticket}", Origin="http://elsewhere.example") as socket:
        await until(socket.messages(), "hello")
    async with api.followed.socket(f"?ticket={ticket}", Origin=api.settings.url) as socket:
        assert await _closed(socket.connection) == 4401
    async with Browser(api) as browser:
        await browser.sign_in({"api_key": api.key})
    ours = {"Authorization": browser.authorization}
    async with api.followed.socket(**ours, Origin=api.settings.url) as socket:
        await until(socket.messages(), "hello")
    async with api.followed.socket(**ours, Origin="http://evil.example") as socket:
        assert await _closed(socket.connection) == 4403


async def _closed(connection: Any) -> int:
    with pytest.raises(ConnectionClosed) as closed:
        await connection.recv()
    assert closed.value.rcvd is not None
    return closed.value.rcvd.code


async def test_a_browser_follows_the_stream_with_its_token(api: Api) -> None:
    async with Browser(api) as browser:
        await browser.sign_in({"api_key": api.key})
    async with api.followed.sse(Authorization=browser.authorization) as stream:
        assert stream.status == 200
        await until(stream.messages(), "hello")


async def test_a_session_closed_while_nobody_listened_ends_its_streams(api: Api) -> None:
    """The notification is lost; the API checks its sessions once it listens again."""
    async with Browser(api) as leaving, Browser(api) as staying:
        await leaving.sign_in({"api_key": api.key})
        await staying.sign_in({"api_key": api.key})
        async with (
            api.followed.sse("?include=events", Authorization=leaving.authorization) as stream,
            api.followed.sse("?include=events", Authorization=staying.authorization) as other,
        ):
            ending, going_on = stream.messages(), other.messages()
            await until(ending, "hello")
            await until(going_on, "hello")
            run(api, "ALTER TABLE sessions DISABLE TRIGGER session_closed")
            await leaving.http.delete("/api/session")
            await _lose_connections(api, "LISTEN session_closed")
            await until(ending, "end")
            await api.post("/api/vpcs", {"name": "after"})
            await until(going_on, "vpc.create_requested")


async def _lose_connections(api: Api, query: str) -> None:
    await api.cloud.ports.inventory.rows(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND query = %(text)s",
        text=query,
    )
