"""The console with many resources and many events: the real API and a real browser; only the engine is a pretence."""

import asyncio
import os
import re
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor

import pytest
from playwright.sync_api import Page, expect
from pydantic import SecretStr

from adapters.embedded_postgres import EmbeddedPostgres
from miniaws import bootstrap
from miniaws.settings import Settings
from tests.conftest import scratch_database
from tests.http.writing import Writer
from tests.journeys.in_browser import go, shown_position, sign_in
from tests.journeys.running_cloud import IMAGE, RunningCloud, running_cloud, wait_until

ROWS = 5000 if "MINIAWS_TORTURE" in os.environ else 500
BURST = 5000
COLLECT = """() => {
    window.got = [];
    const { port } = new SharedWorker('/stream-worker.js');
    port.onmessage = ({ data }) => {
        if (data.type === 'events') window.got.push(...data.events.map((event) => event.position));
    };
    port.start();
}"""


@pytest.fixture(scope="module")
def url(postgres: EmbeddedPostgres) -> Generator[str]:
    """An empty database for all of these tests."""
    with scratch_database(postgres) as found:
        yield found


@pytest.fixture(scope="module")
def pretended(tmp_path_factory: pytest.TempPathFactory, url: str, engine: str) -> Generator[RunningCloud]:
    """A cloud whose containers cost nothing."""
    home = tmp_path_factory.mktemp("cloud")
    with running_cloud(home, url, "mawtest-pretended", engine, MINIAWS_ENGINE="memory") as found:
        yield found


def write(cloud: RunningCloud, url: str, volumes: int, events: int) -> None:
    """Have volumes, and change their tags so often."""

    async def run() -> None:
        settings = Settings(data_dir=cloud.home, database_url=SecretStr(url))
        async with bootstrap.open_cloud(settings, bootstrap.memory_world()) as opened:
            writer = Writer(opened)
            await writer.begin(volumes)
            await writer.write(events)

    # The browser's driver has a loop in this thread.
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, run()).result()


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
    search.fill("web-042")
    search.press("Enter")
    expect(page.get_by_text("10 found").first).to_be_visible()
    expect(page.get_by_role("link", name="web-0427", exact=True)).to_be_visible()


def test_a_burst_of_events_reaches_the_page_whole_while_it_is_used(
    page: Page, pretended: RunningCloud, url: str
) -> None:
    sign_in(page, pretended)
    expect(page.get_by_role("button", name="The stream: Live")).to_be_visible()
    page.evaluate(COLLECT)
    go(page, "Timeline")

    write(pretended, url, 5, BURST)
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
    page: Page, pretended: RunningCloud, url: str
) -> None:
    write(pretended, url, 1, 1200)
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
