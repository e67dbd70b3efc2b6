"""The console with many resources and many events: the real API and a real browser; only the engine is a pretence."""

import asyncio
import os
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from pydantic import SecretStr

from miniaws import bootstrap
from miniaws.settings import Settings
from tests.http.writing import Writer
from tests.journeys.in_browser import go, sign_in
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


@pytest.fixture
def pretended(tmp_path: Path, database_url: str, cloud_name: str, engine: str) -> Generator[RunningCloud]:
    """A cloud whose containers cost nothing."""
    with running_cloud(tmp_path, database_url, cloud_name, engine, MINIAWS_ENGINE="memory") as found:
        yield found


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
    page: Page, pretended: RunningCloud, database_url: str
) -> None:
    sign_in(page, pretended)
    expect(page.get_by_role("button", name="The stream: Live")).to_be_visible()
    page.evaluate(COLLECT)
    go(page, "Timeline")

    async def write() -> None:
        settings = Settings(data_dir=pretended.home, database_url=SecretStr(database_url))
        async with bootstrap.open_cloud(settings, bootstrap.memory_world()) as cloud:
            writer = Writer(cloud)
            await writer.begin(5)
            await writer.write(BURST)

    # The browser's driver has a loop in this thread.
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, write()).result()
    go(page, "Volumes")
    expect(page.get_by_role("heading", name="Volumes (5)")).to_be_visible()
    head = pretended.show("/api/timeline?limit=1")["items"][0]["position"]
    wait_until(lambda: page.evaluate("() => window.got.at(-1)") == head, "the last event is there")
    got = page.evaluate("() => window.got")
    assert got == list(range(head - len(got) + 1, head + 1))
    assert len(got) > BURST
    go(page, "Dashboard")
    expect(page.get_by_test_id("feed").locator("li").first).to_contain_text("volume.tags_changed")
