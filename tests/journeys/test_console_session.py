"""The session of the console in a real browser: what keeps it, what ends it, and who never gets it."""

import json
import re
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.journeys.in_browser import REFUSED, new_page, sign_in
from tests.journeys.running_cloud import RunningCloud, wait_until

ANYTHING = re.compile("")
KEPT = "() => JSON.stringify({...localStorage, ...sessionStorage}) + document.cookie"
SHOW_SESSION = "() => localStorage.getItem('miniaws-session')"
ATTACK = Path(__file__).with_name("tenant.html").read_text(encoding="utf-8")


@dataclass
class Tenant:
    """A tenant's program on another port of the console's host. It records everything that it receives."""

    port: int = 0
    page: str = ""
    received: list[tuple[str, str, dict[str, str]]] = field(
        default_factory=list[tuple[str, str, dict[str, str]]]
    )
    report: dict[str, str] | None = None


@contextmanager
def tenant() -> Generator[Tenant]:
    """Serve a tenant's program."""
    found = Tenant()

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            found.received.append((self.command, self.path, dict(self.headers.items())))
            if self.path == "/report":
                found.report = json.loads(body)
            content = found.page.encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_OPTIONS = _answer  # noqa: N815 - the library's names

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Log nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.port = server.server_port
    serving = threading.Thread(target=server.serve_forever, daemon=True)
    serving.start()
    yield found
    server.shutdown()
    server.server_close()
    serving.join()


def open_console(page: Page, cloud: RunningCloud, host: str) -> str:
    """Sign in under a host name and return the console's address."""
    url = f"http://{host}:{cloud.port}"
    ticket = cloud.http.post("/api/session/tickets").json()["ticket"]
    page.goto(f"{url}/#ticket={ticket}")
    page.wait_for_selector("html[data-ready]")
    return url


def accepted(cloud: RunningCloud, received: list[tuple[str, str, dict[str, str]]]) -> list[str]:
    """Replay what a program received, completely and in parts, and return what was not refused."""
    own = {"host", "content-length", "connection", "upgrade", "accept-encoding"}
    whole = {
        tuple((name, value) for name, value in headers.items() if name.lower() not in own)
        for _, _, headers in received
    }
    parts = {
        part for headers in whole for _, value in headers for part in re.split(r"[\s,;=]+", value) if part
    }
    with httpx.Client(base_url=str(cloud.http.base_url), trust_env=False, verify=False) as http:  # noqa: S501
        answers = [
            *(http.get("/api/session", headers=dict(each)) for each in whole),
            *(http.post("/api/vpcs", headers=dict(each), json={"name": "replayed"}) for each in whole),
            *(http.get("/api/session", headers={"Authorization": f"Bearer {each}"}) for each in parts),
            *(http.post("/api/session", json={"ticket": each}) for each in parts),
        ]
    return [f"{each.request.method} {each.url}" for each in answers if each.status_code not in {401, 403}]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_program_on_another_port_of_the_host_gets_nothing_that_signs_in(
    browser: Browser, pretended: RunningCloud, host: str
) -> None:
    with new_page(browser, ANYTHING) as page, tenant() as other:
        console = open_console(page, pretended, host)
        token = page.evaluate(SHOW_SESSION)
        # A cookie shows that the way is open by which the console's session was once lost.
        page.context.add_cookies([{"name": "canary", "value": "sings", "url": console}])
        other.page = ATTACK.replace("CONSOLE", console)
        page.goto(f"http://{host}:{other.port}/navigation")
        wait_until(lambda: other.report is not None, "the page has tried everything")
        ways = {"/navigation", "/image", "/fetch", "/socket", "/form", "/report"}
        assert {path for _, path, _ in other.received} >= ways
        assert all("canary=sings" in headers["Cookie"] for _, path, headers in other.received if path in ways)
        assert token
        assert token not in str(other.received)
        assert accepted(pretended, other.received) == []
        report = other.report
        assert report is not None
        assert report["storage"] == "{}"
        for way in ("read", "blind", "change", "ticket"):
            assert "TypeError" in report[way], (
                "the browser shows a page of another origin nothing of an answer"
            )
        assert report["socket"] == "closed 4401"
        assert "SecurityError" in report["framed"]
        names = {item["name"] for item in pretended.show("/api/vpcs")["items"]}
        assert names == {"default"}
        page.goto(console)
        expect(page.get_by_role("navigation", name="Menu")).to_be_visible()


def test_a_reload_and_a_new_tab_stay_signed_in_and_signing_out_ends_both(
    browser: Browser, pretended: RunningCloud
) -> None:
    with new_page(browser, REFUSED) as page:
        sign_in(page, pretended)
        assert page.context.cookies() == []
        page.reload()
        menu = page.get_by_role("navigation", name="Menu")
        expect(menu).to_be_visible()
        with page.context.expect_page() as opened:
            page.evaluate("() => { window.open(location.href, '_blank', 'noopener'); }")
        second = opened.value
        expect(second.get_by_role("button", name="The stream: Live")).to_be_visible()
        token = page.evaluate(SHOW_SESSION)
        page.get_by_role("button", name=re.compile("^admin")).click()
        page.get_by_role("menuitem", name="Sign out").click()
        for each in (page, second):
            expect(each.get_by_role("heading", name="Sign in to miniaws")).to_be_visible()
        assert token not in page.evaluate(KEPT)
        answer = httpx.get(
            f"{pretended.http.base_url}/api/session", headers={"Authorization": f"Bearer {token}"}
        )
        assert answer.status_code == 401
        # Whoever signs in again in one tab is signed in in the other, too.
        page.get_by_label("Key", exact=True).fill(pretended.http.headers["Authorization"])
        page.get_by_role("button", name="Sign in").click()
        for each in (page, second):
            expect(each.get_by_role("navigation", name="Menu")).to_be_visible()


def test_a_revoked_key_ends_the_console_that_it_opened(browser: Browser, pretended: RunningCloud) -> None:
    issued = pretended.post("/api/keys", {"name": "guest", "role": "viewer"})
    with new_page(browser, REFUSED) as page:
        page.goto(str(pretended.http.base_url))
        page.get_by_label("Key", exact=True).fill(issued["key"])
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("button", name="The stream: Live")).to_be_visible()
        assert issued["key"] not in page.evaluate(KEPT)
        pretended.delete(f"/api/keys/{issued['id']}")
        expect(page.get_by_role("heading", name="Sign in to miniaws")).to_be_visible()


def test_the_api_reference_is_drawn_from_here_alone(page: Page, pretended: RunningCloud) -> None:
    """An error in the page's console, such as a violation of its policy, fails the test."""
    asked: set[str] = set()
    page.on("request", lambda request: asked.add(request.url))
    sign_in(page, pretended)
    page.goto(f"{pretended.http.base_url}/docs")
    expect(page.get_by_role("heading", name=re.compile("^miniaws"))).to_be_visible()
    operation = page.locator("#operations-session-show_session")
    operation.click()
    operation.get_by_role("button", name="Try it out").click()
    operation.get_by_role("button", name="Execute").click()
    expect(operation.locator(".live-responses-table .response-col_status").last).to_contain_text("200")
    assert page.evaluate(SHOW_SESSION) not in page.content(), "the token is not shown"
    own = str(pretended.http.base_url)
    assert [url for url in asked if not url.startswith((own, "data:", "blob:"))] == []
