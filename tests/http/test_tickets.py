"""Tickets: used once, within a minute, and never a way to outlive the session that issued them."""

import asyncio
from datetime import UTC, datetime, timedelta

from tests.http.browsing import Browser, run
from tests.http.conftest import Api


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
    run(api, "UPDATE sessions SET expires_at = now() - interval '1 second'")
    async with Browser(api) as browser:
        assert (await browser.sign_in({"ticket": issued["ticket"]})).status_code == 401


async def test_a_ticket_is_no_session_and_a_session_no_ticket(api: Api) -> None:
    ticket = (await api.post("/api/session/tickets")).json()["ticket"]
    async with Browser(api) as browser:
        as_token = await browser.http.get("/api/session", headers={"Authorization": f"Bearer {ticket}"})
        assert as_token.status_code == 401
        await browser.sign_in({"api_key": api.key})
        assert (await browser.sign_in({"ticket": browser.token})).status_code == 401


async def test_a_session_that_came_from_a_ticket_ends_alone(api: Api) -> None:
    async with Browser(api) as staying, Browser(api) as child:
        await staying.sign_in({"api_key": api.key})
        await child.sign_in({"ticket": await staying.ticket()})
        await child.http.delete("/api/session")
        assert [await each.is_signed_in() for each in (staying, child)] == [True, False]


async def test_a_chain_of_tickets_does_not_outlive_the_first_session(api: Api) -> None:
    async with Browser(api) as first:
        ends_at = (await first.sign_in({"api_key": api.key})).json()["expires_at"]
        ticket = await first.ticket()
        for _ in range(3):
            async with Browser(api) as next_:
                assert (await next_.sign_in({"ticket": ticket})).json()["expires_at"] == ends_at
                ticket = await next_.ticket()


async def test_a_ticket_expires_with_its_session(api: Api) -> None:
    async with Browser(api) as browser, Browser(api) as late:
        await browser.sign_in({"api_key": api.key})
        ticket = await browser.ticket()
        run(api, "UPDATE sessions SET expires_at = now() - interval '1 second' WHERE purpose = 'session'")
        assert (await late.sign_in({"ticket": ticket})).status_code == 401


async def test_signing_out_ends_what_came_from_the_session_and_nothing_else(api: Api) -> None:
    async with (
        Browser(api) as leaving,
        Browser(api) as child,
        Browser(api) as grandchild,
        Browser(api) as other,
    ):
        await leaving.sign_in({"api_key": api.key})
        await other.sign_in({"api_key": api.key})
        await child.sign_in({"ticket": await leaving.ticket()})
        await grandchild.sign_in({"ticket": await child.ticket()})
        unused = [await each.ticket() for each in (leaving, child, grandchild)]
        await leaving.http.delete("/api/session")
        assert [await each.is_signed_in() for each in (leaving, child, grandchild)] == [False] * 3
        async with Browser(api) as late:
            assert [(await late.sign_in({"ticket": each})).status_code for each in unused] == [401] * 3
        assert await other.is_signed_in()


async def test_a_session_opens_no_other_one_by_itself(api: Api) -> None:
    """Otherwise a session could be renewed endlessly."""
    async with Browser(api) as browser:
        await browser.sign_in({"api_key": api.key})
        for body in (None, {"api_key": browser.token}):
            answer = await browser.http.post("/api/session", json=body)
            assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
