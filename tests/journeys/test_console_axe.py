"""The console is accessible: axe finds no serious violations, in light and dark mode, wide and narrow.

With axe narrow, and each tab in the dark, only by ``make torture``. Each page is always compared with the width of a
phone.
"""

from collections.abc import Generator, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, ViewportSize, expect

from tests.conftest import ROOT
from tests.journeys.in_browser import REFUSED, expect_to_fit, new_page, sign_in, violations
from tests.journeys.pretended_cloud import populate, trouble
from tests.journeys.running_cloud import RunningCloud
from tests.samples import TORTURE

SETTINGS = {"MINIAWS_TRASH_HOURS": "72"}
BUILT = ROOT / "miniaws" / "console"
WIDE: ViewportSize = {"width": 1280, "height": 900}
NARROW: ViewportSize = {"width": 390, "height": 844}
NARROWEST: ViewportSize = {"width": 320, "height": 844}
"""As in success criterion 1.4.10 of WCAG, Reflow."""
LONG = "a-name-that-is-as-long-as-a-name-may-be-and-a-bit-too-long-to-read"[:63]
PAGES = ("timeline", "topology", "changes")
KINDS = (
    *(
        "instances",
        "scaling-groups",
        "vpcs",
        "subnets",
        "security-groups",
        "load-balancers",
        "volumes",
        "snapshots",
    ),
    *("databases", "archives", "caches", "queues", "keys", "plans", "trash", "orphans"),
)
# Each tab of each page four times takes minutes: `make torture` does that.
SIZES = (WIDE, NARROW) if TORTURE else (WIDE,)
PHONES = (NARROW, NARROWEST) if TORTURE else (NARROWEST,)
COLOURS = ("color-contrast", "link-in-text-block")


@pytest.fixture(scope="module")
def moment(pretended: RunningCloud, pretended_url: str) -> int:
    """Create a resource of every kind; return a moment with an orphan and a failure."""
    populate(pretended)
    pretended.post("/api/volumes", {"name": LONG, "tags": {LONG: LONG.replace("-", "")}})
    pretended.launch(LONG, tags={LONG: LONG.replace("-", "")}, command=["sh", "-c", "x" * 200])
    return trouble(pretended, pretended_url)


def test_every_page_is_looked_at() -> None:
    folders = {file.relative_to(BUILT).parts[0] for file in BUILT.rglob("*/index.html")}
    # `docs` is Swagger UI, which is not ours to change.
    assert folders - {"404", "_not-found", "docs"} == {*PAGES, *KINDS}


def addresses(cloud: RunningCloud, moment: int, kind: str) -> Iterator[str]:
    """Yield the pages of a kind, with the resource that has most to show."""
    items = cloud.show(f"/api/{kind}?as_of={moment}")["items"]
    yield f"/{kind}/?at={moment}"
    yield f"/{kind}/detail/?id={max(items, key=lambda item: len(str(item)))['id']}"
    if (BUILT / kind / "create").exists():
        yield f"/{kind}/create/"


def tabs(page: Page) -> Iterator[tuple[str, Locator | None]]:
    """Yield the whole page, then each of its other tabs."""
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
    """Yield the violations in each mode. In dark mode only colours differ."""
    modes = ((False, ()), (True, COLOURS)) if TORTURE or within is None else ((False, ()),)
    for is_dark, rules in modes:
        page.emulate_media(color_scheme="dark" if is_dark else "light", reduced_motion="reduce")
        expect(page.locator("body.awsui-dark-mode")).to_have_count(int(is_dark))
        if found := violations(page, within, rules):
            yield "dark" if is_dark else "light", found


@pytest.fixture(scope="module")
def page(browser: Browser, pretended: RunningCloud) -> Generator[Page]:
    """A page that is signed in. The API refuses one of its requests: simulated containers have no logs."""
    with new_page(browser, REFUSED) as found:
        sign_in(found, pretended)
        yield found


def look(page: Page, cloud: RunningCloud, addresses: Iterator[str]) -> dict[str, list[Any]]:
    """Return the violations of each page, wide and narrow; no page is wider than its window."""
    found: dict[str, list[Any]] = {}
    for address in addresses:
        page.set_viewport_size(PHONES[0])
        page.goto(f"{cloud.http.base_url}{address}")
        for _ in tabs(page):
            for phone in PHONES:
                page.set_viewport_size(phone)
                expect_to_fit(page)
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


def test_nobody_is_shut_out_before_signing_in(browser: Browser, pretended: RunningCloud) -> None:
    with new_page(browser, REFUSED) as page:
        page.goto(str(pretended.http.base_url))
        expect(page.get_by_role("heading", level=1)).to_contain_text("Sign in")
        assert violations(page) == []
