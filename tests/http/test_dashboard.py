"""The dashboard: problems first, real metrics, and nothing of other accounts."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.errors import Refused
from tests.http.conftest import Api
from tests.http.following import DEADLINE_S, ReplicationSource, until


@pytest.fixture
async def web(api: Api) -> dict[str, Any]:
    """An instance that runs at half of its share."""
    answer = await api.post("/api/instances", {"name": "web", "image": "nginx:1", "type": "micro"})
    api.stats.load(answer.json()["id"], cores=0.25, memory_bytes=32 * 2**20, bytes_per_s=500)
    return answer.json()


async def eventually(look: Callable[[], Awaitable[Any]]) -> Any:
    """Wait for a value, and return it."""
    async with asyncio.timeout(DEADLINE_S):
        while not (found := await look()):  # noqa: ASYNC110 - metrics come once a second
            await asyncio.sleep(0.1)
    return found


async def get(api: Api, path: str, **headers: str) -> dict[str, Any]:
    answer = await api.http.get(path, headers=headers)
    assert answer.is_success, answer.text
    return answer.json()


async def measured(api: Api, samples: int) -> list[dict[str, Any]]:
    """Return points of the instance at half of its share, when there are enough."""

    async def look() -> list[dict[str, Any]]:
        points = (await get(api, "/api/instances/web/metrics?step=1"))["points"]
        busy = [point for point in points if point["cpu_percent"] and point["cpu_percent"] > 45]
        return busy if len(busy) >= samples else []

    return await eventually(look)


async def test_metrics_of_an_instance_are_what_it_used(api: Api, web: dict[str, Any]) -> None:
    point = (await measured(api, 3))[-1]
    assert point["cpu_percent"] == pytest.approx(50, rel=0.1)
    assert point["cpu_cores"] == pytest.approx(0.25, rel=0.1)
    assert point["memory_percent"] == pytest.approx(25)
    assert point["memory_bytes"] == 32 * 2**20
    assert point["network_rx_bytes_per_s"] == pytest.approx(500, rel=0.1)
    assert point["samples"] == 1
    shown = await get(api, f"/api/instances/{web['id']}/metrics")
    assert (shown["step"], shown["units"]["cpu_cores"]) == (10, "cores")
    assert shown["points"][0]["cpu_percent"] is None


async def test_what_does_not_run_is_missing_and_not_zero(api: Api, web: dict[str, Any]) -> None:
    await measured(api, 2)
    await api.post(f"/api/instances/{web['id']}/stop")
    stopped = datetime.now(UTC) + timedelta(seconds=1)

    async def look() -> bool:
        return datetime.now(UTC) > stopped + timedelta(seconds=2)

    await eventually(look)
    since = stopped.isoformat().replace("+00:00", "Z")
    points = (await get(api, f"/api/instances/web/metrics?step=1&from={since}"))["points"]
    assert len(points) >= 2
    assert {(point["samples"], point["cpu_percent"]) for point in points} == {(0, None)}


async def test_metrics_of_the_past_stay_after_the_instance(api: Api, web: dict[str, Any]) -> None:
    last = datetime.fromisoformat((await measured(api, 2))[-1]["at"])
    moment = last.isoformat().replace("+00:00", "Z")
    await api.post("/api/vpcs", {"name": "later", "cidr": "10.70.0.0/24"})
    await api.http.delete(f"/api/instances/{web['id']}")

    async def is_gone() -> bool:
        return (await api.http.get(f"/api/instances/{web['id']}")).json()["status"] == "terminated"

    await eventually(is_gone)
    shown = await get(api, f"/api/instances/web/metrics?as_of={moment}&step=1")
    assert datetime.fromisoformat(shown["to"]) == last
    assert shown["points"][-1]["samples"] == 1


async def test_metrics_belong_to_their_account(api: Api, web: dict[str, Any]) -> None:
    key, _ = await api.key_of("class-1")
    answer = await api.http.get(f"/api/instances/{web['id']}/metrics", headers={"Authorization": key})
    assert answer.status_code == 404
    stats = await get(api, "/api/dashboard/stats", Authorization=key)
    assert stats["resources"] == []
    await measured(api, 2)
    async with ReplicationSource(api.settings.port, key).sse("?include=metrics") as stream:
        assert (await until(stream.messages(), "metrics")).data["resources"] == {}


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("from=yesterday", "from"),
        ("to=2026-01-01", "to"),
        ("from=2026-02-01T00:00:00Z&to=2026-01-01T00:00:00Z", "from"),
        ("from=2990-01-01T00:00:00Z", "from"),
        ("from=2026-01-01T00:00:00Z&to=2026-01-01T00:01:00Z&step=1", "step"),
        ("step=0", "step"),
        ("steps=1", "steps"),
    ],
)
async def test_impossible_windows_are_refused(api: Api, web: dict[str, Any], query: str, field: str) -> None:
    for path in (f"/api/instances/{web['id']}/metrics", "/api/dashboard/stats"):
        answer = await api.http.get(f"{path}?{query}")
        assert (answer.status_code, answer.json()["field"]) == (422, field)


async def test_stats_are_columns_of_one_length_for_host_and_resources(api: Api, web: dict[str, Any]) -> None:
    await measured(api, 3)
    start = (datetime.now(UTC) - timedelta(seconds=20)).isoformat().replace("+00:00", "Z")
    stats = await get(api, f"/api/dashboard/stats?from={start}&step=1")
    (resource,) = stats["resources"]
    assert (resource["id"], resource["name"]) == (web["id"], "web")
    lengths = {len(stats["times"])}
    lengths |= {len(column[name]) for column in (stats["host"], resource) for name in stats["units"]}
    assert len(lengths) == 1
    assert stats["times"] == list(range(stats["times"][0], stats["times"][-1] + 1))
    assert any(value is not None for value in stats["host"]["memory_bytes"])
    assert resource["cpu_percent"][0] is None
    assert any(value and value > 45 for value in resource["cpu_percent"])


async def test_prometheus_sees_what_runs_now(api: Api, web: dict[str, Any]) -> None:
    await measured(api, 2)
    labels = f'account="main",instance="{web["id"]}",name="web"'

    async def figures() -> str:
        return (await api.http.get("/metrics")).text

    text = await figures()
    (line,) = [
        line for line in text.splitlines() if line.startswith(f"miniaws_instance_cpu_percent{{{labels}}}")
    ]
    assert float(line.rpartition(" ")[2]) == pytest.approx(50, rel=0.2)
    assert "miniaws_host_memory_bytes " in text
    await api.post(f"/api/instances/{web['id']}/stop")

    async def is_gone() -> bool:
        return labels not in await figures()

    await eventually(is_gone)


async def test_the_summary_counts_by_kind_and_status(api: Api, web: dict[str, Any]) -> None:
    summary = await get(api, "/api/dashboard/summary")
    assert summary["counts"]["instance"] == {"total": 1, "by_status": {"running": 1}}
    assert summary["counts"]["vpc"]["by_status"] == {"available": 1}
    assert summary["problems"] == []
    assert list(summary)[:2] == ["position", "problems"]
    before = await get(api, f"/api/dashboard/summary?as_of={web['position']}")
    assert before["work"] is None
    assert before["counts"]["instance"]["total"] == 1
    empty = await get(api, "/api/dashboard/summary?as_of=0")
    assert empty["counts"] == {}


async def test_the_summary_shows_what_is_wrong_and_why(api: Api) -> None:
    api.engine.fail("containers.ensure", Refused("cannot create it: no room"), None)
    await api.http.post("/api/instances", json={"name": "stuck", "image": "nginx:1"})

    async def problems() -> Any:
        summary = await get(api, "/api/dashboard/summary")
        return summary if summary["problems"] and summary["work"]["failing"] else None

    summary = await eventually(problems)
    (problem,) = summary["problems"]
    assert (problem["name"], problem["status"]) == ("stuck", "error")
    assert "no room" in problem["status_reason"]
    (failing,) = summary["work"]["failing"]
    assert failing["id"] == problem["id"]
    assert "no room" in failing["why"]
    assert summary["projection"]["lag_events"] >= 0
    key, _ = await api.key_of("class-1")
    other = await get(api, "/api/dashboard/summary", Authorization=key)
    assert (other["problems"], other["work"]["failing"]) == ([], [])


async def test_the_newest_events_are_those_of_the_timeline(api: Api, web: dict[str, Any]) -> None:
    del web
    events = await get(api, "/api/dashboard/events?limit=3")
    timeline = await get(api, "/api/timeline?limit=3")
    assert events["items"] == timeline["items"]
    assert len(events["items"]) == 3
    assert (await api.http.get("/api/dashboard/events?limit=0")).status_code == 422


async def test_summaries_come_when_something_changes_and_at_most_once_a_second(api: Api) -> None:
    async with api.followed.sse("?include=summary") as stream:
        messages = stream.messages()
        first = await until(messages, "summary")
        began = asyncio.get_running_loop().time()
        for number in range(1, 6):
            await api.http.post("/api/vpcs", json={"name": f"v-{number}", "cidr": f"10.70.{number}.0/24"})
        seen = 1
        while (await until(messages, "summary")).data["counts"]["vpc"]["by_status"].get("available") != 6:
            seen += 1
        took = asyncio.get_running_loop().time() - began
    assert first.data["counts"]["vpc"]["total"] == 1
    assert seen <= took + 2


async def test_figures_come_once_a_second(api: Api, web: dict[str, Any]) -> None:
    await measured(api, 2)
    async with api.followed.socket("?include=metrics") as socket:
        messages = socket.messages()
        figures = [(await until(messages, "metrics")).data for _ in range(2)]
    assert figures[1]["resources"][web["id"]]["name"] == "web"
    assert figures[1]["resources"][web["id"]]["cpu_percent"] == pytest.approx(50, rel=0.2)
    assert figures[1]["host"]["memory_bytes"] is not None
    assert figures[0]["at"] < figures[1]["at"]


async def test_nothing_is_asked_while_nobody_watches(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    metrics = type(api.cloud.ports.metrics)
    newest = metrics.newest

    async def noting(self: Any, *arguments: Any, **more: Any) -> Any:
        asked.append(arguments)
        return await newest(self, *arguments, **more)

    monkeypatch.setattr(metrics, "newest", noting)
    async with api.followed.sse("?include=events") as stream:
        await until(stream.messages(), "hello")
        for _ in range(6):
            await until(stream.messages(), ":")
    assert asked == []
