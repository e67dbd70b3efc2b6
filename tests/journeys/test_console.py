"""The console in a real browser, against the real API and real containers."""

import os
import re
import shutil
from collections.abc import Generator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.conftest import ROOT
from tests.journeys.running_cloud import RunningCloud

AXE = ROOT / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
PATIENCE_MS = 30_000
PAGES = ("Dashboard", "Topology", "Timeline", "What changed", "Instances", "Databases")
MARKER = "window.neverReloaded = true"
# A browser drops what it is loading when a container's network appears; the console asks again.
DROPPED = re.compile(
    "ERR_(NETWORK_CHANGED|CONNECTION|EMPTY_RESPONSE|INCOMPLETE|CONTENT_LENGTH)|status of 503"
)


@pytest.fixture(scope="module")
def browser() -> Generator[Browser]:
    """Debian's Chromium."""
    chromium = shutil.which("chromium")
    assert chromium is not None, "there is no chromium: run scripts/setup --dev"
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=chromium, args=arguments)
        yield found
        found.close()


@pytest.fixture
def page(browser: Browser) -> Generator[Page]:
    """A page that no browser had open before; an error on its console fails the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(PATIENCE_MS)
    expect.set_options(timeout=PATIENCE_MS)
    found = context.new_page()
    wrong: list[str] = []
    found.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    found.on("pageerror", lambda error: wrong.append(str(error)))
    yield found
    context.close()
    assert [line for line in wrong if not DROPPED.search(line)] == []


def sign_in(page: Page, cloud: RunningCloud) -> None:
    """Open the console by a one-time link."""
    ticket = cloud.http.post("/api/session/tickets").json()["ticket"]
    page.goto(f"{cloud.http.base_url}/#ticket={ticket}")
    page.wait_for_selector("html[data-ready]")


def go(page: Page, name: str) -> None:
    """Follow the menu; the page is not loaded anew."""
    page.get_by_role("navigation", name="Menu").get_by_role("link", name=name, exact=True).click()


def shown_position(page: Page) -> float:
    """Return the position that the console shows, infinity for the present."""
    found = re.search(r"[?&]at=(\d+)", page.url)
    return int(found[1]) if found else float("inf")


def act(page: Page, name: str) -> None:
    """Choose an action of the resource that is shown."""
    page.get_by_role("button", name="Actions").click()
    page.get_by_role("menuitem", name=name, exact=True).click()


def test_an_instance_is_launched_stopped_and_not_there_before(page: Page, cloud: RunningCloud) -> None:
    sign_in(page, cloud)
    assert "ticket" not in page.url
    assert page.evaluate("() => document.cookie + JSON.stringify(localStorage)") == "{}"
    page.evaluate(f"() => {{ {MARKER} }}")

    go(page, "Instances")
    page.get_by_role("button", name="Launch instance").first.click()
    page.get_by_label("Name", exact=True).fill("web-1")
    expect(page.get_by_test_id("command")).to_have_text(
        "cloud instance launch web-1 --image miniaws/hello:local"
    )
    page.get_by_role("button", name="Launch instance").click()
    expect(page.get_by_test_id("status")).to_have_text("running")
    assert cloud.instance("web-1")["status"] == "running"
    act(page, "Stop")
    expect(page.get_by_test_id("status")).to_have_text("stopped")
    go(page, "Dashboard")
    expect(page.get_by_test_id("feed")).to_contain_text("web-1 stopped")

    go(page, "Instances")
    row = page.get_by_role("link", name="web-1", exact=True)
    expect(row).to_be_visible()
    launched = cloud.show("/api/timeline?kind=instance&type=instance.launch_requested")["items"][0][
        "position"
    ]
    while shown_position(page) >= launched:
        before = page.url
        page.get_by_role("button", name="Previous event").click()
        expect(page).not_to_have_url(before)
    expect(row).not_to_be_visible()
    expect(page.get_by_test_id("past")).to_contain_text("Nothing can be changed here")
    expect(page.get_by_role("button", name="Launch instance").first).to_be_disabled()
    page.get_by_role("button", name="Return to now").click()
    expect(row).to_be_visible()
    assert page.evaluate("() => window.neverReloaded")


def test_what_happens_while_the_server_is_away_is_shown_afterwards(
    page: Page, own_cloud: RunningCloud
) -> None:
    sign_in(page, own_cloud)
    page.evaluate(f"() => {{ {MARKER} }}")
    go(page, "VPCs")
    # Drawn, so all of it is loaded: what is lost on its way would be loaded again.
    expect(page.get_by_role("link", name="default", exact=True)).to_be_visible()
    live = page.get_by_role("button", name="The stream: Live")
    expect(live).to_be_visible()
    own_cloud.kill_api()
    expect(live).not_to_be_visible()
    own_cloud.start_api()
    own_cloud.post("/api/vpcs", {"name": "made-meanwhile"})
    expect(page.get_by_role("link", name="made-meanwhile", exact=True)).to_be_visible()
    expect(live).to_be_visible()
    assert page.evaluate("() => window.neverReloaded")


def test_a_viewer_sees_everything_and_changes_nothing(browser: Browser, cloud: RunningCloud) -> None:
    key = cloud.http.post("/api/keys", json={"name": "looks", "role": "viewer"}).json()
    try:
        page = browser.new_context(color_scheme="dark", viewport={"width": 390, "height": 844}).new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.goto(f"{cloud.http.base_url}/vpcs/")
        page.get_by_label("Key", exact=True).fill(key["key"])
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("link", name="default", exact=True)).to_be_visible(timeout=PATIENCE_MS)
        expect(page.get_by_role("button", name="Create VPC").first).to_be_disabled()
        assert page.evaluate("() => document.body.className").count("awsui-dark-mode") == 1
        width = page.evaluate("() => document.documentElement.scrollWidth")
        assert width <= 390, "the page is wider than a phone"
        page.context.close()
    finally:
        cloud.http.delete(f"/api/keys/{key['id']}").raise_for_status()


def test_no_page_shuts_anybody_out(page: Page, cloud: RunningCloud) -> None:
    cloud.launch("web-1")
    sign_in(page, cloud)
    for name in PAGES:
        go(page, name)
        expect(page.get_by_role("heading", level=1)).to_contain_text(name)
        assert violations(page) == [], name


def violations(page: Page) -> list[Any]:
    """Return what axe finds that is serious: the rule, and where."""
    page.evaluate(f"() => {{ {AXE.read_text()} }}")
    found = page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")["violations"]
    return [
        (each["id"], [node["html"][:200] for node in each["nodes"]][:3])
        for each in found
        if each["impact"] in {"serious", "critical"}
    ]
