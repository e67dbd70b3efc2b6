"""Browsers cannot reach this server under a foreign name, or frame or execute a response."""

import httpx
import pytest
from fastapi.routing import APIRoute
from pydantic import ValidationError
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from miniaws.http.app import ROUTERS
from miniaws.http.hosts import AllowedHosts
from miniaws.settings import Settings
from tests.http.conftest import Api
from tests.http.in_process import Cloud, refused

FOREIGN = [
    "evil.example",
    "evil.example:8080",
    "localhost.evil.example",
    "127.0.0.1.evil.example",
    "evil.example@localhost",
    "notlocalhost",
    "[evil.example]",
    "::1",
    "2130706433",
    "localhost:80:80",
    ".localhost",
    "",
]
OURS = [
    "localhost",
    "LOCALHOST:8080",
    "console.localhost",
    "localhost.",
    "127.0.0.1",
    "[::1]:8080",
    "10.1.2.3:80",
]
PATHS = ["/", "/docs/", "/problems", "/metrics", "/health/live", "/openapi.json", "/api/vpcs", "/nosuch"]


@pytest.mark.parametrize("path", PATHS)
async def test_a_request_for_another_host_is_refused_with_the_remedy(cloud: Cloud, path: str) -> None:
    for host in FOREIGN:
        answer = await cloud.admin.get(path, headers={"Host": host})
        problem = refused(answer, 421, "unknown_host", "MINIAWS_ALLOWED_HOSTS")
        assert problem["field"] == "Host"
    for host in OURS:
        assert (await cloud.admin.get(path, headers={"Host": host})).status_code != 421, host


async def test_a_request_that_names_two_hosts_is_refused(cloud: Cloud) -> None:
    headers = [(b"host", b"localhost"), (b"host", b"evil.example")]
    refused(await cloud.client(None).get("/", headers=headers), 421, "unknown_host")


async def test_nobody_signs_in_under_another_host(cloud: Cloud) -> None:
    answer = await cloud.client(None).post(
        "/api/session",
        json={"api_key": cloud.key},
        headers={"Host": "evil.example", "Origin": "http://evil.example"},
    )
    refused(answer, 421, "unknown_host")


async def test_a_socket_for_another_host_is_refused(api: Api) -> None:
    headers = {"Authorization": api.key}
    for host, status in (("evil.example", 421), ("localhost", None)):
        url = f"ws://{host}:{api.settings.port}/api/dashboard/ws"
        opening = connect(
            url, additional_headers=headers, proxy=None, host="127.0.0.1", port=api.settings.port
        )
        if status is None:
            async with opening as socket:
                await socket.recv()
        else:
            with pytest.raises(InvalidStatus) as refusal:
                await opening
            assert refusal.value.response.status_code == status
            assert b"MINIAWS_ALLOWED_HOSTS" in (refusal.value.response.body or b"")


async def test_names_can_be_allowed(cloud: Cloud) -> None:
    settings = {"host": "cloud.example", "allowed_hosts": "one.example, *.two.example"}
    app = await cloud.another_process(**settings)
    for host, status in {
        "cloud.example": 200,
        "One.example:8080": 200,
        "a.b.two.example": 200,
        "two.example": 421,
        "a.one.example": 421,
    }.items():
        answer = await cloud.client(None, app).get("/health/live", headers={"Host": host})
        assert answer.status_code == status, host


def test_any_name_can_be_allowed() -> None:
    assert AllowedHosts.of(Settings(allowed_hosts="*")).allows("evil.example")


@pytest.mark.parametrize(
    "given", ["http://one.example", "one.example:8080", "one.example,,two", "a b", "*one"]
)
def test_what_is_no_list_of_names_is_refused(given: str) -> None:
    with pytest.raises(ValidationError):
        Settings(allowed_hosts=given)


def policy_of(answer: httpx.Response) -> dict[str, str]:
    """Return the directives of a response's content security policy."""
    parts = (part.strip().partition(" ") for part in answer.headers["content-security-policy"].split(";"))
    return {name: value for name, _, value in parts}


async def test_no_answer_can_be_framed_or_run_as_something_else(cloud: Cloud) -> None:
    answers = [await cloud.admin.get(path) for path in (*PATHS, "/favicon.ico", "/api/dashboard/summary")]
    answers.append(await cloud.client(None).get("/api/vpcs"))
    answers += [
        await cloud.admin.request(method, route.path.replace("{", "").replace("}", ""))
        for route in [each for router in ROUTERS for each in router.routes]
        if isinstance(route, APIRoute) and route.name not in {"stream", "sign_out"}
        for method in route.methods or ()
    ]
    for answer in answers:
        policy = policy_of(answer)
        assert policy["frame-ancestors"] == "'none'", answer.url
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "unsafe-inline" not in policy.get("script-src", policy["default-src"])
        if "text/html" not in answer.headers.get("content-type", ""):
            continue
        # In quotes are keywords and hashes; a hash may contain anything.
        origins = [each for value in policy.values() for each in value.split() if not each.startswith("'")]
        assert not [each for each in origins if "//" in each or "*" in each], "nothing from elsewhere"
    assert {
        str(each.url.path) for each in answers if "text/html" in each.headers.get("content-type", "")
    } >= {
        "/",
        "/docs/",
        "/problems",
    }
