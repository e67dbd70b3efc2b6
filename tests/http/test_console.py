"""The pages of the console as served to a browser."""

import base64
import gzip
import hashlib
from pathlib import Path

import httpx
import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from miniaws.http.console import Console
from miniaws.http.errors import Problem
from tests.http.conftest import Api

SCRIPT = "self.pages = 1"
PAGE = f"<html><script src='/a.js'></script><script>{SCRIPT}</script></html>"


async def otherwise(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer in place of the API."""
    await PlainTextResponse("the API", 418)(scope, receive, send)


@pytest.fixture
def browser(tmp_path: Path) -> httpx.AsyncClient:
    """A client of a small console."""
    for name, text in {
        "index.html": PAGE,
        "404.html": "nothing",
        "instances/index.html": "instances",
        "_next/static/a.js": "x" * 2000,
        "stream-worker.js": "worker",
        "icon.svg": "<svg/>",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return client(tmp_path)


def client(folder: Path, guide: Path = Path("nosuch")) -> httpx.AsyncClient:
    app = Console(otherwise, folder, guide)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://console")


def sha256(text: str) -> str:
    """Return the hash of an inline script or style, as a policy names it."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


async def test_a_page_says_which_scripts_may_run(browser: httpx.AsyncClient) -> None:
    answer = await browser.get("/")
    assert (answer.status_code, answer.text) == (200, PAGE)
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";"))
    assert policy["script-src"] == f"'self' {sha256(SCRIPT)}"
    assert policy["connect-src"] == policy["default-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    worker = await browser.get("/stream-worker.js")
    assert "connect-src 'self'" in worker.headers["content-security-policy"], (
        "a worker has its script's policy"
    )
    assert answer.headers["cache-control"] == "no-cache"


async def test_the_guide_is_served_below_the_reference_of_the_api(tmp_path: Path) -> None:
    style = "body { color: black }"
    (tmp_path / "guide").mkdir()
    (tmp_path / "guide" / "index.html").write_text(f"<style>{style}</style>")
    browser = client(tmp_path, tmp_path / "guide")
    answer = await browser.get("/docs/guide/")
    assert (answer.status_code, answer.text) == (200, f"<style>{style}</style>")
    assert f"style-src-elem 'self' {sha256(style)};" in answer.headers["content-security-policy"]
    assert (await browser.get("/docs/guide")).headers["location"] == "/docs/guide/"


async def test_an_address_without_a_slash_leads_to_its_page(browser: httpx.AsyncClient) -> None:
    answer = await browser.get("/instances?id=i-1&at=5")
    assert (answer.status_code, answer.headers["location"]) == (308, "/instances/?id=i-1&at=5")
    assert (await browser.get("/instances/?id=i-1")).text == "instances"


@pytest.mark.parametrize("path", ["/nowhere", "/nowhere/", "/instances/../../etc/passwd", "//etc/passwd"])
async def test_what_there_is_not_is_told_on_a_page(browser: httpx.AsyncClient, path: str) -> None:
    answer = await browser.get(path, headers={"Accept": "text/html,*/*"})
    assert (answer.status_code, answer.text) == (404, "nothing")
    assert (await browser.get(path)).status_code == 418, "a program gets a response like that of the API"


async def test_what_has_a_hash_in_its_name_is_kept_for_good(browser: httpx.AsyncClient) -> None:
    answer = await browser.get("/_next/static/a.js", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert (answer.headers["content-encoding"], answer.text) == ("gzip", "x" * 2000)
    assert int(answer.headers["content-length"]) == len(gzip.compress(b"x" * 2000, 9, mtime=0))
    plain = await browser.get("/_next/static/a.js", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers


async def test_a_browser_that_asks_by_itself_gets_the_icon(browser: httpx.AsyncClient) -> None:
    answer = await browser.get("/favicon.ico", headers={"Accept": "image/*"})
    assert (answer.status_code, answer.text) == (200, "<svg/>")
    assert answer.headers["content-type"].startswith("image/svg+xml")


async def test_what_did_not_change_is_not_sent_again(browser: httpx.AsyncClient) -> None:
    first = await browser.get("/stream-worker.js")
    again = await browser.get("/stream-worker.js", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("path", ["/api/nothing", "/metrics", "/openapi.json", "/health/x"])
async def test_what_belongs_to_the_api_is_left_to_it(browser: httpx.AsyncClient, path: str) -> None:
    assert (await browser.get(path)).status_code == 418


async def test_nothing_can_be_sent_to_a_page(browser: httpx.AsyncClient) -> None:
    assert (await browser.post("/instances/")).status_code == 418


async def test_a_console_that_is_not_built_says_how_to_build_it(tmp_path: Path) -> None:
    with pytest.raises(
        Problem, match=r"cannot show the console: it is not built here; run `scripts/setup`"
    ) as raised:
        await client(tmp_path).get("/")
    assert (raised.value.status_code, raised.value.code) == (404, "console_not_built")


async def test_pages_need_no_key_and_the_api_does(api: Api) -> None:
    async with httpx.AsyncClient(base_url=api.settings.url) as stranger:
        page = await stranger.get("/")
        assert page.status_code == 200, "run scripts/setup --dev"
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        missing = await stranger.get("/api/nothing")
        assert missing.status_code == 401
    wrong = await api.http.delete("/api/timeline")
    assert (wrong.status_code, wrong.json()["code"]) == (405, "method_not_allowed")
    unknown = await api.http.get("/api/nothing")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "no_such_route")
