"""What the console shows from before it was opened: stored metrics, and events by request."""

import re

import httpx
from playwright.sync_api import Page, Route, expect

from tests.journeys.in_browser import go, sign_in
from tests.journeys.running_cloud import RunningCloud, wait_until


def is_measured(cloud: RunningCloud) -> bool:
    """Return whether metrics of the host are stored."""
    stats = cloud.show("/api/dashboard/stats")
    return any(value is not None for value in stats["host"]["cpu_percent"])


def test_the_charts_begin_with_what_the_store_has(page: Page, pretended: RunningCloud) -> None:
    wait_until(lambda: is_measured(pretended), "figures are stored")
    # Without its shared worker, which Playwright cannot hold up, a page follows the cloud by itself.
    page.add_init_script("delete window.SharedWorker")
    asked: list[str] = []

    def hold_up(route: Route) -> None:
        asked.append(route.request.url)

    page.route(re.compile("/api/dashboard/stream"), hold_up)
    sign_in(page, pretended)
    chart = page.get_by_role("img", name=re.compile("CPU and memory of the host"))
    expect(chart).to_have_attribute("aria-label", re.compile(r"Newest: CPU \d+\.\d%, Memory \d+\.\d%"))
    assert asked, "nothing came by the stream"


def test_the_timeline_shows_a_request_and_what_it_led_to(page: Page, pretended: RunningCloud) -> None:
    body = {"name": "orders", "engine": "nats"}
    created: httpx.Response = pretended.http.post("/api/queues", json=body, headers={"Prefer": "wait=30"})
    assert created.json()["status"] == "available", created.text
    sign_in(page, pretended)
    go(page, "Timeline")
    table = page.get_by_role("treegrid", name="Events")
    head = table.get_by_role("row", name=re.compile("orders creation requested \\(nats"))
    expect(head).to_contain_text(re.compile(r"led to \d+ more events"))
    part = table.get_by_text(re.compile("vol-[a-z2-7]{26}-queue became available"))
    expect(part).not_to_be_visible()
    head.get_by_role("button").first.click()
    expect(part).to_be_visible()
    expect(table.get_by_role("row", name=re.compile("orders became available"))).to_be_visible()
    expect(head.locator("time")).to_have_attribute(
        "title", re.compile(r"^20\d\d-\d\d-\d\d \d\d:\d\d:\d\d UTC$")
    )
