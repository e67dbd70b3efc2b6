"""The live streams over a real socket: complete, isolated, filtered, and ended for a reason."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from websockets.exceptions import ConnectionClosed

from domain.store import Recorded
from projections.activity import Activity
from tests.http.conftest import Api
from tests.http.following import DEADLINE_S, ExitHistory, ReplicationSource, events, until
from tests.http.in_process import BEGINNING
from tests.http.writing import Writer


async def test_events_come_as_cloud_events_with_their_position_as_id(api: Api) -> None:
    async with api.followed.sse() as stream:
        assert stream.status == 200
        assert stream.headers["content-type"].startswith("text/event-stream")
        assert stream.headers["cache-control"] == "no-store"
        messages = stream.messages()
        start = await until(messages, "hello")
        await api.post("/api/vpcs", {"name": "watched", "cidr": "10.70.0.0/24"})
        created = await until(messages, "vpc.create_requested")
    assert start.position == start.data["position"]
    assert created.name == created.data["type"] == "vpc.create_requested"
    assert created.position == created.data["position"] == int(created.data["id"])
    assert created.data["specversion"] == "1.0"
    assert (created.position or 0) > start.data["position"]


async def test_both_transports_and_the_timeline_tell_the_same(api: Api) -> None:
    await api.post("/api/vpcs", {"name": "told", "cidr": "10.70.1.0/24"})
    log = (await api.http.get("/api/timeline?order=oldest&limit=1000")).json()["items"]
    async with api.followed.sse("?from=0&include=events") as stream:
        by_sse = [message.data for message in await events(stream.messages(), len(log))]
    async with api.followed.socket("?from=0&include=events") as socket:
        by_socket = [message.data for message in await events(socket.messages(), len(log))]
    assert by_sse == by_socket == log


async def test_a_stream_resumes_after_the_last_event_it_got(api: Api) -> None:
    async with api.followed.sse("?from=0") as stream:
        first = (await events(stream.messages(), 2))[-1]
        stream.cut()
    await api.post("/api/vpcs", {"name": "meanwhile", "cidr": "10.70.2.0/24"})
    async with api.followed.sse("?include=events", last_event_id=str(first.position)) as stream:
        by_header = await events(stream.messages(), 1)
    async with api.followed.sse(f"?include=events&from={first.position}") as stream:
        by_query = await events(stream.messages(), 1)
    log = (await api.http.get("/api/timeline?order=oldest&limit=3")).json()["items"]
    assert by_header == by_query
    assert by_header[0].data == log[2]


async def test_an_account_sees_nothing_of_another(api: Api) -> None:
    key, _ = await api.key_of("class-1")
    other = ReplicationSource(api.settings.port, key)
    async with other.sse("?from=0") as stream, other.socket("?from=0") as socket:
        await api.post("/api/vpcs", {"name": "mine", "cidr": "10.70.3.0/24"})
        answer = await api.http.post(
            "/api/vpcs", json={"name": "theirs", "cidr": "10.70.4.0/24"}, headers={"Authorization": key}
        )
        assert answer.status_code == 202
        for messages in (stream.messages(), socket.messages()):
            seen: list[dict[str, Any]] = []
            while not seen or seen[-1]["resourcename"] != "theirs":
                seen += [message.data for message in await events(messages, 1)]
            assert {event["accountid"] for event in seen} == {"class-1"}


async def test_an_event_is_sent_once_reads_show_it(api: Api, database_url: str) -> None:
    store = api.cloud.ports.store
    async with api.followed.sse("?include=events") as stream:
        messages = stream.messages()
        start = await until(messages, "hello")
        async with await psycopg.AsyncConnection.connect(database_url) as projector_stops:
            await projector_stops.execute("SELECT FROM read_model.progress FOR UPDATE")
            posting = asyncio.create_task(
                api.http.post("/api/vpcs", json={"name": "a", "cidr": "10.70.9.0/24"})
            )
            while await store.head() == start.position:  # noqa: ASYNC110 - only the store knows
                await asyncio.sleep(0.01)
            early = asyncio.create_task(until(messages, "vpc.create_requested"))
            resumed = asyncio.create_task(_first_after(api, start.position))
            sent, _ = await asyncio.wait({early, resumed}, timeout=0.3)
            assert sent == set()
        event = await early
        shown = await api.http.get("/api/vpcs/a")
        assert (await resumed).position == event.position
        await posting
    assert shown.is_success
    assert int(shown.headers["Miniaws-Position"]) >= (event.position or 0)


async def test_filters_hold_for_what_was_and_what_comes(api: Api) -> None:
    wanted = (await api.post("/api/vpcs", {"name": "wanted", "cidr": "10.70.5.0/24"})).json()["id"]
    queries = {
        f"?from=0&resource={wanted}": ("subject", wanted),
        "?from=0&kind=vpc": ("resourcekind", "vpc"),
        "?from=0&type=vpc.tags_changed": ("type", "vpc.tags_changed"),
    }
    for query, (name, value) in queries.items():
        async with api.followed.sse(query) as stream:
            await api.http.patch(f"/api/vpcs/{wanted}", json={"tags": {"for": name}})
            await api.post("/api/volumes", {"name": f"noise-{name}"})
            await api.http.patch(f"/api/vpcs/{wanted}", json={"tags": {"last-for": name}})
            seen = await _until_tagged(stream.messages(), f"last-for {name}")
        assert {message.data[name] for message in seen} == {value}
        assert sum(message.name == "vpc.tags_changed" for message in seen) >= 2


async def _first_after(api: Api, position: int | None) -> ExitHistory:
    """Return the first event that a stream sends that resumes after a position."""
    async with api.followed.sse(f"?include=events&from={position}") as stream:
        return (await events(stream.messages(), 1))[0]


async def _until_tagged(messages: AsyncIterator[ExitHistory], tag: str) -> list[ExitHistory]:
    """Return the events up to the one that set this tag, written as key and value."""
    found: list[ExitHistory] = []
    while not found or tag not in [" ".join(each) for each in found[-1].data["data"].get("tags", {}).items()]:
        found += await events(messages, 1)
    return found


async def test_parts_can_be_left_out(api: Api) -> None:
    async with api.followed.sse("?include=summary,metrics") as stream:
        messages = stream.messages()
        seen = {(await until(messages, name)).name for name in ("summary", "metrics")}
        await api.post("/api/vpcs", {"name": "unseen", "cidr": "10.70.6.0/24"})
        summary = await until(messages, "summary")
    assert seen == {"summary", "metrics"}
    assert summary.position is None
    assert summary.data["counts"]["vpc"]["total"] == 2


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("?include=weather", "include"),
        ("?kind=castle", "kind"),
        ("?type=vpc.dreamt", "type"),
        ("?resource=web-1", "resource"),
        ("?from=999999", "from"),
        ("?from=soon", "from"),
        ("?since=1", "since"),
    ],
)
async def test_what_makes_no_sense_is_refused(api: Api, query: str, field: str) -> None:
    answer = await api.http.get(f"/api/dashboard/stream{query}")
    assert (answer.status_code, answer.json()["field"]) == (422, field)


async def test_a_last_event_that_is_no_position_is_refused(api: Api) -> None:
    answer = await api.http.get("/api/dashboard/stream", headers={"Last-Event-ID": "yesterday"})
    assert (answer.status_code, answer.json()["field"]) == (422, "Last-Event-ID")


async def test_a_socket_that_makes_no_sense_is_closed_with_a_reason(api: Api) -> None:
    for query, code in {
        "?kind=castle": 4422,
        "?from=999999": 4422,
        "?api_key=miniaws_wrong": 4401,
        "?ticket=wrong": 4401,
    }.items():
        async with api.followed.socket(query) as socket:
            with pytest.raises(ConnectionClosed) as closed:
                await socket.connection.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == code
        assert BEGINNING.match(closed.value.rcvd.reason)


async def test_silence_is_filled_with_heartbeats(api: Api) -> None:
    async with api.followed.sse("?include=events") as stream:
        messages = stream.messages()
        first = await until(messages, ":")
        second = await until(messages, ":")
    assert first.data.startswith(": ping")
    assert second.data.startswith(": ping")


async def test_a_revoked_key_ends_its_streams_and_no_others(api: Api) -> None:
    key, key_id = await api.key_of("main", "leaver")
    leaver = ReplicationSource(api.settings.port, key)
    async with leaver.sse() as stream, leaver.socket() as socket, api.followed.sse() as stays:
        messages, staying = stream.messages(), stays.messages()
        for each in (messages, staying):
            await until(each, "hello")
        await api.http.delete(f"/api/keys/{key_id}")
        assert (await until(messages, "end")).data == {"reason": "the key was revoked"}
        assert [message async for message in messages] == []
        assert (await until(socket.messages(), "end")).data == {"reason": "the key was revoked"}
        with pytest.raises(ConnectionClosed):
            await socket.connection.recv()
        assert socket.connection.close_code == 4401
        await until(staying, "access_key.revoked")
        await api.post("/api/vpcs", {"name": "later", "cidr": "10.70.7.0/24"})
        await until(staying, "vpc.create_requested")
    async with leaver.sse() as refused:
        assert refused.status == 401


async def test_an_expired_key_ends_its_streams(api: Api) -> None:
    expires_at = datetime.now(UTC) + timedelta(seconds=1.5)
    key, _ = await api.key_of("main", "brief", expires_at=expires_at.isoformat())
    async with ReplicationSource(api.settings.port, key).sse() as stream:
        assert (await until(stream.messages(), "end")).data == {"reason": "the key has expired"}
    assert datetime.now(UTC) >= expires_at


async def test_who_leaves_is_forgotten(api: Api) -> None:
    async with api.followed.sse() as stream, api.followed.socket() as socket:
        await until(stream.messages(), "hello")
        await until(socket.messages(), "hello")
        assert api.hub.count == 2
        stream.cut()
        socket.cut()
        await _nobody_watches(api)


async def test_fifty_clients_share_one_follower(api: Api) -> None:
    writer = Writer(api.cloud)
    await writer.begin(5)
    start = await api.cloud.ports.store.head()
    connections = await _sessions(api)

    async def follow(number: int) -> list[int | None]:
        way = api.followed.sse if number % 2 else api.followed.socket
        async with way(f"?from={start}&include=events") as stream:
            return [message.position for message in await events(stream.messages(), 500)]

    following = [asyncio.create_task(follow(number)) for number in range(50)]
    while api.hub.count < 50:  # noqa: ASYNC110 - they join one by one
        await asyncio.sleep(0.01)
    await writer.write(500)
    found = await asyncio.gather(*following)
    assert all(positions == found[0] for positions in found)
    assert found[0] == sorted(set(found[0]), key=lambda position: position or 0)
    assert await _sessions(api) - connections < 15  # the pools fill up; there is none per client


async def test_a_slow_client_is_cut_can_resume_and_slows_nobody(api: Api) -> None:
    writer = Writer(api.cloud)
    await writer.begin(5)
    start = await api.cloud.ports.store.head()
    async with (
        api.followed.sse(f"?from={start}&include=events", window=4096) as slow,
        api.followed.sse(f"?from={start}&include=events") as quick,
    ):
        keeping_up, told = quick.messages(), list[int | None]()
        for _ in range(80):
            await writer.write(100, padding=2000)
            told += [message.position for message in await events(keeping_up, 100)]
        seen = await _until_it_ends(slow.messages(), 8000)
    assert seen[-1].name == "cut"
    got = [message.position for message in seen[:-1]]
    assert len(got) < 8000
    assert got == told[: len(got)]
    async with api.followed.sse(f"?from={got[-1]}&include=events") as resumed:
        rest = [message.position for message in await events(resumed.messages(), 8000 - len(got))]
    assert got + rest == told


async def test_a_failure_of_the_hub_loses_nothing(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    async with api.followed.sse("?include=events") as stream:
        messages = stream.messages()
        start = await until(messages, "hello")
        activity = type(api.cloud.ports.activity)
        original, failed = activity.cloud_events, asyncio.Event()

        async def fail_once(_self: Activity, _found: Sequence[Recorded]) -> list[dict[str, Any]]:
            monkeypatch.setattr(activity, "cloud_events", original)
            failed.set()
            raise ConnectionError

        monkeypatch.setattr(activity, "cloud_events", fail_once)
        await api.http.post("/api/vpcs", json={"name": "missed", "cidr": "10.70.8.0/24"})
        await until(messages, "cut")
        assert failed.is_set()
    async with api.followed.sse(f"?include=events&from={start.position}") as stream:
        assert (await until(stream.messages(), "vpc.create_requested")).data["resourcename"] == "missed"


async def test_a_server_that_ends_ends_its_streams_at_once(api: Api) -> None:
    async with api.followed.sse() as stream, api.followed.socket() as socket:
        await until(stream.messages(), "hello")
        await until(socket.messages(), "hello")
        api.server.should_exit = True
        async with asyncio.timeout(4):
            assert [m.name async for m in stream.messages() if m.name == "end"] == []
            assert [m.name async for m in socket.messages() if m.name == "end"] == []


async def test_a_key_in_a_socket_s_address_is_in_no_log(
    api: Api, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    async with api.followed.socket(f"?api_key={api.key}", Origin="") as socket:
        await until(socket.messages(), "hello")
    printed = capsys.readouterr()
    assert api.key not in caplog.text.replace("websockets.client", "") + printed.out + printed.err


async def _until_it_ends(messages: AsyncIterator[ExitHistory], most: int) -> list[ExitHistory]:
    """Return all messages except heartbeats, up to a number."""
    found: list[ExitHistory] = []
    async with asyncio.timeout(DEADLINE_S):
        async for message in messages:
            if message.name != ":":
                found.append(message)
            if len(found) == most:
                break
    return found


async def _nobody_watches(api: Api) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while api.hub.count:  # noqa: ASYNC110 - the sockets close in their own time
            await asyncio.sleep(0.02)


async def _sessions(api: Api) -> int:
    rows = await api.cloud.ports.inventory.rows(
        "SELECT count(*) AS count FROM pg_stat_activity WHERE datname = current_database()"
    )
    return rows[0]["count"]
