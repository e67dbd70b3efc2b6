"""Limits of keys and addresses, which all API processes of a host share, and who may read `/metrics`."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from domain.aggregate import Claim
from tests.http.in_process import Cloud, open_cloud, refused

WRONG = "miniaws_" + "w" * 43
FEW = 5


def at(app: FastAPI, address: str, key: str | None, **headers: str) -> httpx.AsyncClient:
    """Return a client of an address, with a key or none."""
    given = headers if key is None else {"Authorization": key, **headers}
    transport = httpx.ASGITransport(app, client=(address, 50_000))
    return httpx.AsyncClient(transport=transport, base_url="http://localhost", headers=given)


@pytest.fixture
async def strict(prepared_url: str, tmp_path: Path) -> AsyncGenerator[Cloud]:
    """A cloud that allows few wrong keys."""
    async with open_cloud(prepared_url, tmp_path, failed_auth_per_minute=FEW) as opened:
        yield opened


async def exhaust(app: FastAPI, address: str, key: str = WRONG) -> httpx.Response:
    """Present wrong keys until the address is limited; return that response."""
    client = at(app, address, key)
    for _ in range(FEW):
        refused(await client.get("/api/vpcs"), 401, "unauthenticated")
    return await client.get("/api/vpcs")


class Counting:
    """Counts the lookups of a key in the store."""

    def __init__(self, app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
        self.reads = 0
        store = app.state.cloud.ports.store
        claim = store.claim

        async def counted(scope: str, key: str) -> Claim | None:
            self.reads += 1
            return await claim(scope, key)

        monkeypatch.setattr(store, "claim", counted)


async def test_wrong_keys_are_limited_before_anything_is_read(
    strict: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    counting = Counting(strict.app, monkeypatch)
    limited = await exhaust(strict.app, "192.0.2.1")
    problem = refused(limited, 429, "too_many_requests", "too many were wrong", "retry after")
    assert 1 <= problem["retry_after_s"] == int(limited.headers["retry-after"]) <= 60 / FEW
    read = counting.reads
    assert read == FEW
    for number in range(50):
        answer = await at(strict.app, "192.0.2.1", f"miniaws_{number:043}").get("/api/vpcs")
        refused(answer, 429, "too_many_requests")
    assert counting.reads == read


async def test_a_key_that_was_accepted_before_is_accepted_from_a_limited_address(strict: Cloud) -> None:
    good = at(strict.app, "192.0.2.1", strict.key)
    assert (await good.get("/api/vpcs")).status_code == 200
    await exhaust(strict.app, "192.0.2.1")
    strict.app.state.authenticator.forget_all()
    assert (await good.get("/api/vpcs")).status_code == 200
    refused(await at(strict.app, "192.0.2.1", WRONG).get("/api/vpcs"), 429, "too_many_requests")


async def test_requests_that_succeed_do_not_limit_an_address(strict: Cloud) -> None:
    for _ in range(3 * FEW):
        assert (await at(strict.app, "192.0.2.1", strict.key).get("/api/vpcs")).status_code == 200
        refused(await at(strict.app, "192.0.2.1", None).get("/api/vpcs"), 401, "unauthenticated")
    other = await strict.another("viewer")
    assert (
        await at(strict.app, "192.0.2.1", other.headers["authorization"]).get("/api/vpcs")
    ).status_code == 200


async def test_another_address_is_not_limited(strict: Cloud) -> None:
    await exhaust(strict.app, "192.0.2.1")
    refused(await at(strict.app, "192.0.2.2", WRONG).get("/api/vpcs"), 401, "unauthenticated")


async def test_the_addresses_of_one_ipv6_network_are_one(strict: Cloud) -> None:
    await exhaust(strict.app, "2001:db8::1")
    refused(await at(strict.app, "2001:db8::ffff", WRONG).get("/api/vpcs"), 429, "too_many_requests")
    refused(await at(strict.app, "2001:db8:1::1", WRONG).get("/api/vpcs"), 401, "unauthenticated")


async def test_a_revoked_key_counts_as_wrong(strict: Cloud) -> None:
    client = await strict.another("viewer", name="gone")
    key = client.headers["authorization"]
    assert (await at(strict.app, "192.0.2.1", key).get("/api/vpcs")).status_code == 200
    await strict.admin.delete("/api/keys/gone")
    refused(await exhaust(strict.app, "192.0.2.1", key), 429, "too_many_requests")


async def test_signing_in_with_wrong_keys_and_tickets_is_limited(strict: Cloud) -> None:
    client = at(strict.app, "192.0.2.1", None)
    for number in range(FEW):
        body = {"ticket": "x"} if number % 2 else {"api_key": WRONG}
        refused(await client.post("/api/session", json=body), 401, "unauthenticated")
    refused(await client.post("/api/session", json={"api_key": WRONG}), 429, "too_many_requests")
    refused(await at(strict.app, "192.0.2.1", WRONG).get("/api/vpcs"), 429, "too_many_requests")


async def test_processes_share_the_limits(cloud: Cloud) -> None:
    apps = [
        await cloud.another_process(rate_limit=0.01, rate_burst=4, failed_auth_per_minute=1) for _ in range(2)
    ]
    clients = [cloud.client(cloud.key, app) for app in apps]
    found = [(await clients[number % 2].get("/api/vpcs")).status_code for number in range(6)]
    assert found == [200] * 4 + [429] * 2
    refused(await at(apps[0], "192.0.2.1", WRONG).get("/api/vpcs"), 401, "unauthenticated")
    refused(await at(apps[1], "192.0.2.1", WRONG).get("/api/vpcs"), 429, "too_many_requests")


async def test_every_answer_tells_what_is_left(cloud: Cloud) -> None:
    strict = cloud.client(cloud.key, await cloud.another_process(rate_limit=0.5, rate_burst=2))
    answers = [await strict.get("/api/vpcs") for _ in range(3)]
    assert [each.headers["ratelimit-limit"] for each in answers] == ["2"] * 3
    assert [each.headers["ratelimit-remaining"] for each in answers] == ["1", "0", "0"]
    assert [int(each.headers["ratelimit-reset"]) for each in answers] == [2, 4, 4]
    assert answers[2].headers["retry-after"] == "2"


async def shown(client: httpx.AsyncClient) -> str:
    """Return the metrics that a client can read."""
    answer = await client.get("/metrics")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/plain")
    return answer.text


async def _with_figures(cloud: Cloud, account: str) -> httpx.AsyncClient:
    """Return a client of an account that has a cache with metrics."""
    client = await cloud.another("operator", account, name=f"op-{account}")
    body = {"name": f"cache-{account}", "engine": "redis"}
    answer = await client.post("/api/caches", json=body, headers={"Prefer": "wait=20"})
    assert answer.json()["status"] == "available", answer.text
    return client


async def test_figures_need_a_key(cloud: Cloud) -> None:
    for address in ("127.0.0.1", "192.0.2.1"):
        refused(await at(cloud.app, address, None).get("/metrics"), 401, "unauthenticated")
        refused(await at(cloud.app, address, WRONG).get("/metrics"), 401, "unauthenticated")


async def test_an_account_sees_its_own_figures_only(cloud: Cloud) -> None:
    one, two = await asyncio.gather(_with_figures(cloud, "one"), _with_figures(cloud, "two"))
    for client, own, other in ((one, "one", "two"), (two, "two", "one")):
        text = await shown(client)
        assert f'miniaws_cache_clients{{account="{own}"' in text
        assert f"cache-{other}" not in text
        series = [line for line in text.splitlines() if not line.startswith("#")]
        assert [line for line in series if f'account="{own}"' not in line] == []
    everything = await shown(cloud.admin)
    for part in ("cache-one", "cache-two", "miniaws_http_request_seconds_bucket", "miniaws_host_cpu_cores"):
        assert part in everything
    for role in ("viewer", "operator"):
        assert "cache-one" not in await shown(await cloud.another(role))


@pytest.mark.parametrize(
    ("address", "headers", "status"),
    [
        ("127.0.0.1", {}, 200),
        ("::1", {}, 200),
        ("192.0.2.1", {}, 401),
        ("127.0.0.1", {"X-Forwarded-For": "192.0.2.1"}, 401),
        ("127.0.0.1", {"Forwarded": "for=192.0.2.1"}, 401),
    ],
)
async def test_figures_can_be_public_on_this_machine(
    cloud: Cloud, address: str, headers: dict[str, Any], status: int
) -> None:
    app = await cloud.another_process(metrics_public=True)
    assert (await at(app, address, None, **headers).get("/metrics")).status_code == status
    refused(await at(app, address, None, **headers).get("/api/vpcs"), 401, "unauthenticated")
