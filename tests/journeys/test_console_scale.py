"""The console with many resources and events: the real API, a real browser, and a simulated engine."""

import re

from playwright.sync_api import Page, expect

from miniaws.application import Cloud
from tests.http.writing import Writer
from tests.journeys.in_browser import go, shown_position, sign_in
from tests.journeys.pretended_cloud import past_the_api
from tests.journeys.running_cloud import IMAGE, RunningCloud, wait_until
from tests.samples import sample

ROWS = sample(200, 5000)
BURST = sample(1000, 5000)
COLLECT = """() => {
    window.got = [];
    const { port } = new SharedWorker('/stream-worker.js');
    port.onmessage = ({ data }) => {
        if (data.type === 'events') window.got.push(...data.events.map((event) => event.position));
    };
    port.start();
    port.postMessage({ session: localStorage.getItem('miniaws-session') });
}"""


def write(cloud: RunningCloud, url: str, volumes: int, events: int) -> None:
    """Create volumes, and change their tags repeatedly."""

    async def work(opened: Cloud) -> None:
        writer = Writer(opened)
        await writer.begin(volumes)
        await writer.write(events)

    past_the_api(cloud, url, work)


def test_many_rows_are_paged_filtered_and_stay_live(page: Page, pretended: RunningCloud) -> None:
    pretended.post("/api/vpcs", {"name": "wide", "cidr": "10.64.0.0/16"})
    for number in range(ROWS):
        body = {"name": f"web-{number:04}", "image": IMAGE, "type": "nano", "vpc": "wide"}
        assert pretended.http.post("/api/instances", json=body).status_code == 202
    sign_in(page, pretended)
    go(page, "Instances")
    expect(page.get_by_role("heading", name=f"Instances ({ROWS})")).to_be_visible()
    page.get_by_role("button", name=f"Page {ROWS // 20}", exact=True).click()
    last = page.get_by_role("row", name=f"web-{ROWS - 1:04}")
    expect(last).to_contain_text("running")
    pretended.post(f"/api/instances/web-{ROWS - 1:04}/stop")
    expect(last).to_contain_text("stopped")
    search = page.get_by_label("Filter Instances")
    search.fill("web-004")
    search.press("Enter")
    expect(page.get_by_text("10 found").first).to_be_visible()
    expect(page.get_by_role("link", name="web-0047", exact=True)).to_be_visible()


def test_a_burst_of_events_reaches_the_page_whole_while_it_is_used(
    page: Page, pretended: RunningCloud, pretended_url: str
) -> None:
    sign_in(page, pretended)
    expect(page.get_by_role("button", name="The stream: Live")).to_be_visible()
    page.evaluate(COLLECT)
    go(page, "Timeline")

    write(pretended, pretended_url, 5, BURST)
    go(page, "Volumes")
    expect(page.get_by_role("heading", name="Volumes (5)")).to_be_visible()
    head = pretended.show("/api/timeline?limit=1")["items"][0]["position"]
    wait_until(lambda: page.evaluate("() => window.got.at(-1)") == head, "the last event is there")
    got = page.evaluate("() => window.got")
    assert got == list(range(head - len(got) + 1, head + 1))
    assert len(got) > BURST
    go(page, "Dashboard")
    expect(page.get_by_test_id("feed").locator("li").first).to_contain_text("volume.tags_changed")


def test_the_slider_reaches_all_of_history_and_steps_from_anywhere(
    page: Page, pretended: RunningCloud, pretended_url: str
) -> None:
    write(pretended, pretended_url, 1, 1200)
    events = pretended.show("/api/timeline?order=oldest&limit=1000")["items"]
    first, second = events[0]["position"], events[1]["position"]
    sign_in(page, pretended)
    slider = page.get_by_role("slider", name="Moment")
    slider.press("Home")
    expect(page).to_have_url(re.compile(f"at={first}$"))
    expect(page.get_by_test_id("past")).to_contain_text(events[0]["summary"])
    page.get_by_role("button", name="Next event").click()
    expect(page).to_have_url(re.compile(f"at={second}$"))
    page.get_by_role("button", name="Previous event").click()
    expect(page).to_have_url(re.compile(f"at={first}$"))
    newest = pretended.show("/api/timeline?limit=2")["items"]
    page.get_by_role("button", name="Return to now").click()
    page.get_by_role("button", name="Previous event").click()
    expect(page).to_have_url(re.compile(f"at={newest[1]['position']}$"))
    page.get_by_role("button", name="Next event").click()
    expect(page.get_by_test_id("past")).not_to_be_visible()
    assert shown_position(page) == float("inf")
