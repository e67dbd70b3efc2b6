"""The console in a real browser, against the real API and real containers."""

import re
from collections import Counter

from playwright.sync_api import Browser, Page, Route, expect

from tests.journeys.in_browser import (
    DROPPED,
    PATIENCE_MS,
    act,
    expect_to_fit,
    go,
    new_page,
    shown_position,
    sign_in,
)
from tests.journeys.running_cloud import RunningCloud

LOST = re.compile(f"{DROPPED.pattern}|ERR_FAILED")
ALL_STYLED = "() => [...document.querySelectorAll('link[rel=stylesheet]')].every(({ sheet }) => sheet)"
MARKER = "window.neverReloaded = true"


def test_an_instance_is_launched_stopped_and_not_there_before(page: Page, cloud: RunningCloud) -> None:
    sign_in(page, cloud)
    assert "ticket" not in page.url
    assert page.evaluate("() => document.cookie + Object.keys(localStorage)") == "miniaws-session"
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
        expect_to_fit(page)
        page.context.close()
    finally:
        cloud.http.delete(f"/api/keys/{key['id']}").raise_for_status()


def test_a_page_of_which_parts_were_lost_on_their_way_is_whole(browser: Browser, cloud: RunningCloud) -> None:
    """A browser drops what it loads when a network of the host appears."""
    asked = Counter[str]()

    def lose_once(route: Route) -> None:
        asked[route.request.url] += 1
        if asked[route.request.url] == 1:
            route.abort("connectionfailed")
        else:
            route.continue_()

    with new_page(browser, LOST) as page:
        page.set_viewport_size({"width": 390, "height": 844})
        page.route(re.compile(r"/_next/static/.*\.(css|js)"), lose_once)
        sign_in(page, cloud)
        page.goto(f"{cloud.http.base_url}/vpcs/")
        expect(page.get_by_role("link", name="default", exact=True)).to_be_visible()
        page.wait_for_function(ALL_STYLED)
        expect_to_fit(page)
    assert min(asked.values()) > 1, asked
