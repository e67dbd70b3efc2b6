"""Signing in with a browser: cookies, tickets, and what another site must not be able to do."""

import asyncio
from datetime import UTC, datetime, timedelta
from http.cookies import SimpleCookie
from typing import Any, Self

import httpx
import psycopg
import pytest
from websockets.exceptions import ConnectionClosed

from tests.http.conftest import Api
from tests.http.following import until

COOKIE = "miniaws_session"


class Browser:
    """Keeps cookies, and never holds a key."""

    def __init__(self, api: Api) -> None:
        self.origin = api.settings.url
        self.http = httpx.AsyncClient(base_url=api.settings.url, timeout=30, trust_env=False)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.http.aclose()

    async def sign_in(self, body: dict[str, Any]) -> httpx.Response:
        return await self.http.post("/api/session", json=body, headers={"Origin": self.origin})

    @property
    def cookie(self) -> str:
        return f"{COOKIE}={self.http.cookies[COOKIE]}"


async def test_a_key_becomes_a_cookie_that_no_script_can_read(api: Api) -> None:
    async with Browser(api) as browser:
        answer = await browser.sign_in({"api_key": api.key})
        assert answer.status_code == 201
        assert {name: answer.json()[name] for name in ("role", "account", "name")} == {
            "role": "admin",
            "account": "main",
            "name": "admin",
        }
        cookie = SimpleCookie(answer.headers["set-cookie"])[COOKIE]
        assert cookie["httponly"]
        assert cookie["samesite"] == "strict"
        assert cookie["path"] == "/"
        assert not cookie["secure"]
        assert api.key not in answer.text + answer.headers["set-cookie"]
        assert answer.headers["cache-control"] == "no-store"
        who = (await browser.http.get("/api/session")).json()
        assert (who["account"], who["browser"]) == ("main", True)
        assert (await browser.http.get("/api/instances")).status_code == 200


async def test_over_tls_the_cookie_is_bound_to_the_host(api: Api) -> None:
    answer = await api.http.post("/api/session", headers={"X-Forwarded-Proto": "https"})
    cookie = SimpleCookie(answer.headers["set-cookie"])["__Host-miniaws_session"]
    assert cookie["secure"]
    assert not cookie["domain"]


async def test_a_session_that_is_closed_or_unknown_opens_nothing(api: Api) -> None:
    async with Browser(api) as browser:
        await browser.sign_in({"api_key": api.key})
        kept = {"Cookie": browser.cookie}
        answer = await browser.http.delete("/api/session", headers={"Origin": browser.origin})
        assert answer.status_code == 204
        assert COOKIE not in browser.http.cookies
        for cookie in (kept, {"Cookie": f"{COOKIE}=made-up"}, {}):
            refused = await browser.http.get("/api/instances", headers=cookie)
            assert (refused.status_code, refused.json()["code"]) == (401, "unauthenticated")


@pytest.mark.parametrize("body", [{"api_key": "miniaws_wrong"}, {"ticket": "wrong"}, {}, None])
async def test_what_opens_nothing_opens_no_session(api: Api, body: dict[str, Any] | None) -> None:
    async with Browser(api) as browser:
        answer = await browser.http.post("/api/session", json=body)
        assert answer.status_code == 401
        assert "set-cookie" not in answer.headers


async def test_two_ways_at_once_are_refused(api: Api) -> None:
    async with Browser(api) as browser:
        answer = await browser.sign_in({"api_key": api.key, "ticket": "x"})
        assert (answer.status_code, answer.json()["field"]) == (422, "ticket")


async def test_another_site_can_change_nothing(api: Api) -> None:
    async with Browser(api) as browser:
        await browser.sign_in({"api_key": api.key})
        vpc = {"name": "foreign", "cidr": "10.77.0.0/24"}
        for headers in ({"Origin": "http://evil.example"}, {"Origin": "null"}, {}):
            answer = await browser.http.post("/api/vpcs", json=vpc, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (403, "forbidden"), headers
        for number, headers in enumerate(({"Origin": browser.origin}, {"X-Miniaws-Request": "1"})):
            ours = {"name": f"ours-{number}", "cidr": f"10.77.{number}.0/24"}
            assert (await browser.http.post("/api/vpcs", json=ours, headers=headers)).status_code == 202
        # A read tells a foreign page nothing: the browser does not let it see the answer.
        assert (await browser.http.get("/api/vpcs", headers={"Origin": "http://evil.example"})).is_success


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


async def test_a_ticket_opens_once(api: Api) -> None:
    ticket = (await api.post("/api/session/tickets")).json()["ticket"]
    async with Browser(api) as first, Browser(api) as second:
        answers = await asyncio.gather(
            *(browser.sign_in({"ticket": ticket}) for browser in (first, second, first, second))
        )
    assert sorted(answer.status_code for answer in answers) == [201, 401, 401, 401]


async def test_a_ticket_is_too_old_after_a_minute(api: Api) -> None:
    issued = (await api.post("/api/session/tickets")).json()
    left = datetime.fromisoformat(issued["expires_at"]) - datetime.now(UTC)
    assert timedelta(seconds=55) < left <= timedelta(seconds=60)
    assert api.settings.database_url is not None
    with psycopg.connect(api.settings.database_url.get_secret_value()) as connection:
        connection.execute("UPDATE sessions SET expires_at = now() - interval '1 second'")
    async with Browser(api) as browser:
        assert (await browser.sign_in({"ticket": issued["ticket"]})).status_code == 401


async def test_a_ticket_is_no_session_and_a_session_no_ticket(api: Api) -> None:
    ticket = (await api.post("/api/session/tickets")).json()["ticket"]
    async with Browser(api) as browser:
        as_cookie = await browser.http.get("/api/session", headers={"Cookie": f"{COOKIE}={ticket}"})
        assert as_cookie.status_code == 401
        await browser.sign_in({"api_key": api.key})
        assert (await browser.sign_in({"ticket": browser.http.cookies[COOKIE]})).status_code == 401


async def test_the_database_holds_nothing_that_signs_in(api: Api) -> None:
    ticket = (await api.post("/api/session/tickets")).json()["ticket"]
    async with Browser(api) as browser:
        await browser.sign_in({"api_key": api.key})
        secrets = [ticket, browser.http.cookies[COOKIE] or "", api.key]
    assert api.settings.database_url is not None
    with psycopg.connect(api.settings.database_url.get_secret_value()) as connection:
        rows = connection.execute("SELECT s::text FROM sessions s").fetchall()
    assert len(rows) == 2
    assert not any(secret in str(rows) for secret in secrets)


async def test_a_socket_opens_with_a_ticket_or_with_the_cookie_of_a_page_of_ours(api: Api) -> None:
    ticket = (await api.post("/api/session/tickets")).json()["ticket"]
    async with api.followed.socket(f"?ticket={ticket}", Origin="http://elsewhere.example") as socket:
        await until(socket.messages(), "hello")
    async with api.followed.socket(f"?ticket={ticket}", Origin=api.settings.url) as socket:
        assert await _closed(socket.connection) == 4401
    async with Browser(api) as browser:
        await browser.sign_in({"api_key": api.key})
        cookie = browser.cookie
    async with api.followed.socket(Cookie=cookie, Origin=api.settings.url) as socket:
        await until(socket.messages(), "hello")
    async with api.followed.socket(Cookie=cookie, Origin="http://evil.example") as socket:
        assert await _closed(socket.connection) == 4403


async def _closed(connection: Any) -> int:
    with pytest.raises(ConnectionClosed) as closed:
        await connection.recv()
    assert closed.value.rcvd is not None
    return closed.value.rcvd.code


async def test_a_browser_follows_the_stream_with_its_cookie(api: Api) -> None:
    async with Browser(api) as browser:
        await browser.sign_in({"api_key": api.key})
        cookie = browser.cookie
    async with api.followed.sse(Authorization="", Cookie=cookie) as stream:
        assert stream.status == 200
        await until(stream.messages(), "hello")


async def test_signing_out_ends_the_streams_of_that_session_and_no_others(api: Api) -> None:
    async with Browser(api) as leaving, Browser(api) as staying:
        await leaving.sign_in({"api_key": api.key})
        await staying.sign_in({"api_key": api.key})
        ours = {"Origin": api.settings.url, "Cookie": leaving.cookie}
        async with (
            api.followed.sse("?include=events", Authorization="", Cookie=leaving.cookie) as stream,
            api.followed.socket("?include=events", **ours) as socket,
            api.followed.sse("?include=events", Authorization="", Cookie=staying.cookie) as other,
            api.followed.sse("?include=events") as with_key,
        ):
            going_on = [other.messages(), with_key.messages()]
            for messages in (stream.messages(), socket.messages(), *going_on):
                await until(messages, "hello")
            await leaving.http.delete("/api/session", headers={"Origin": leaving.origin})
            for messages in (stream.messages(), socket.messages()):
                assert (await until(messages, "end")).data == {"reason": "the session was closed"}
            assert await _closed(socket.connection) == 4401
            await api.post("/api/vpcs", {"name": "after"})
            for messages in going_on:
                await until(messages, "vpc.create_requested")


async def test_a_session_closed_while_nobody_listened_opens_no_stream_again(api: Api) -> None:
    """Who lost the connection that tells of closed sessions lets everybody with a session connect again."""
    async with Browser(api) as browser:
        await browser.sign_in({"api_key": api.key})
        async with (
            api.followed.sse("?include=events", Authorization="", Cookie=browser.cookie) as stream,
            api.followed.sse("?include=events") as with_key,
        ):
            with_session, messages = stream.messages(), with_key.messages()
            await until(with_session, "hello")
            await until(messages, "hello")
            await _lose_connections(api, "LISTEN session_closed")
            await until(with_session, "cut")
            await api.post("/api/vpcs", {"name": "after"})
            await until(messages, "vpc.create_requested")


async def _lose_connections(api: Api, query: str) -> None:
    await api.cloud.ports.inventory.rows(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND query = %(text)s",
        text=query,
    )
