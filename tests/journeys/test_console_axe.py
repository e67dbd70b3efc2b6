"""No page of the console shuts anybody out: axe finds nothing serious, in the light and the dark, wide and narrow.

Narrow by ``make torture``.
"""

import os
from collections.abc import Generator, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, ViewportSize, expect

from tests.conftest import ROOT
from tests.journeys.in_browser import REFUSED, new_page, sign_in, violations
from tests.journeys.pretended_cloud import backed_up, populate, trouble
from tests.journeys.running_cloud import RunningCloud

BUILT = ROOT / "miniaws" / "console"
WIDE: ViewportSize = {"width": 1280, "height": 900}
NARROW: ViewportSize = {"width": 390, "height": 844}
PAGES = ("timeline", "topology", "changes")
KINDS = (
    *("instances", "scaling-groups", "vpcs", "load-balancers", "volumes", "snapshots"),
    *("databases", "archives", "caches", "queues", "keys", "orphans"),
)
# Each page four times, with all its tabs, takes minutes: `make torture` does that.
SIZES = (WIDE, NARROW) if "MINIAWS_TORTURE" in os.environ else (WIDE,)
COLOURS = ("color-contrast", "link-in-text-block")


@pytest.fixture(scope="module")
def moment(pretended: RunningCloud, pretended_url: str) -> int:
    """Have something of every kind; return a moment at which there was an orphan, and something was wrong."""
    populate(pretended)
    backed_up(pretended, pretended_url)
    return trouble(pretended, pretended_url)


def test_every_page_is_looked_at() -> None:
    folders = {file.relative_to(BUILT).parts[0] for file in BUILT.rglob("*/index.html")}
    assert folders - {"404", "_not-found"} == {*PAGES, *KINDS}


def addresses(cloud: RunningCloud, moment: int, kind: str) -> Iterator[str]:
    """Yield the pages of a kind; of one resource, that of which there is most to see."""
    items = cloud.show(f"/api/{kind}?as_of={moment}")["items"]
    yield f"/{kind}/?at={moment}"
    yield f"/{kind}/detail/?id={max(items, key=lambda item: len(str(item)))['id']}"
    if (BUILT / kind / "create").exists():
        yield f"/{kind}/create/"


def tabs(page: Page) -> Iterator[tuple[str, Locator | None]]:
    """Yield the whole page, then what stands in each of its further tabs."""
    expect(page.get_by_role("heading", level=1).first).to_be_visible()
    tabs = page.get_by_role("tab")
    for index in range(max(1, tabs.count())):
        name = ""
        if tabs.count():
            name = tabs.nth(index).inner_text()
            tabs.nth(index).click()
        expect(page.get_by_text("Loading", exact=True)).to_have_count(0)
        yield name, page.get_by_role("tabpanel") if index else None


def wrong(page: Page, within: Locator | None) -> Iterator[tuple[str, list[Any]]]:
    """Yield what is wrong in each mode. In the dark, only colours are others."""
    for is_dark, rules in ((False, ()), (True, COLOURS)):
        page.emulate_media(color_scheme="dark" if is_dark else "light", reduced_motion="reduce")
        expect(page.locator("body.awsui-dark-mode")).to_have_count(int(is_dark))
        if found := violations(page, within, rules):
            yield "dark" if is_dark else "light", found


@pytest.fixture
def page(browser: Browser) -> Generator[Page]:
    """A page of which the API refuses something: what only pretends to run has no logs."""
    with new_page(browser, REFUSED) as found:
        yield found


def look(page: Page, cloud: RunningCloud, addresses: Iterator[str]) -> dict[str, list[Any]]:
    """Return what is wrong with each page, wide and narrow."""
    found: dict[str, list[Any]] = {}
    sign_in(page, cloud)
    for address in addresses:
        page.goto(f"{cloud.http.base_url}{address}")
        for size in SIZES:
            page.set_viewport_size(size)
            for tab, panel in tabs(page):
                for mode, wrongs in wrong(page, panel):
                    found[f"{address} {tab} {mode} {size['width']}"] = wrongs
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_no_page_of_a_kind_shuts_anybody_out(
    page: Page, pretended: RunningCloud, moment: int, kind: str
) -> None:
    assert look(page, pretended, addresses(pretended, moment, kind)) == {}


def test_no_other_page_shuts_anybody_out(page: Page, pretended: RunningCloud, moment: int) -> None:
    others = ("/", f"/?at={moment}", *(f"/{name}/" for name in PAGES))
    assert look(page, pretended, iter(others)) == {}


def test_nobody_is_shut_out_before_signing_in(page: Page, pretended: RunningCloud) -> None:
    page.goto(str(pretended.http.base_url))
    expect(page.get_by_role("heading", level=1)).to_contain_text("Sign in")
    assert violations(page) == []
