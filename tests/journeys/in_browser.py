"""User actions in the console, in a real browser."""

import os
import re
import shutil
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

from tests.conftest import ROOT
from tests.journeys.running_cloud import RunningCloud

AXE = ROOT / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
PATIENCE_MS = 30_000
# A browser drops what it is loading when a container's network appears; the console asks again, as it does when
# something changed a resource while its form was open. For a preloaded style or script, the browser only reports
# the event, without a message.
DROPPED = re.compile(
    "ERR_(NETWORK_CHANGED|CONNECTION|EMPTY_RESPONSE|INCOMPLETE|CONTENT_LENGTH)|status of (503|412)|^Event( |$)"
)

WIDER = """() => {
    const root = document.documentElement;
    const isCut = (element) => element !== null && element !== document.body
        && (getComputedStyle(element).overflowX !== 'visible' || isCut(element.parentElement));
    const beyond = [...document.querySelectorAll('body *')].filter(
        (each) => each.getBoundingClientRect().right > root.clientWidth + 1 && !isCut(each.parentElement));
    return root.scrollWidth <= root.clientWidth ? []
        : [`${root.scrollWidth} of ${root.clientWidth}`, ...beyond.map((each) => each.outerHTML.slice(0, 200))];
}"""
"""What makes a page wider than its window."""
REFUSED = re.compile(f"{DROPPED.pattern}|status of 4")


@contextmanager
def chromium() -> Generator[Browser]:
    """Debian's Chromium."""
    program = shutil.which("chromium")
    assert program is not None, "there is no chromium: run scripts/setup --dev"
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=program, args=arguments)
        yield found
        found.close()


@contextmanager
def new_page(browser: Browser, allowed: re.Pattern[str] = DROPPED) -> Generator[Page]:
    """A page in a new browser context; an error in its console fails the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(PATIENCE_MS)
    expect.set_options(timeout=PATIENCE_MS)
    found = context.new_page()
    wrong: list[str] = []
    found.on(
        "console",
        lambda said: wrong.append(f"{said.text} {said.location['url']}") if said.type == "error" else None,
    )
    found.on("pageerror", lambda error: wrong.append(str(error)))
    yield found
    context.close()
    told = [line for line in wrong if not allowed.search(line)]
    assert not told, told


def sign_in(page: Page, cloud: RunningCloud) -> None:
    """Open the console by a one-time link."""
    ticket = cloud.http.post("/api/session/tickets").json()["ticket"]
    page.goto(f"{cloud.http.base_url}/#ticket={ticket}")
    page.wait_for_selector("html[data-ready]")


def go(page: Page, name: str) -> None:
    """Follow the menu; the page is not reloaded."""
    page.get_by_role("navigation", name="Menu").get_by_role("link", name=name, exact=True).click()


def shown_position(page: Page) -> float:
    """Return the position that the console shows, infinity for the present."""
    found = re.search(r"[?&]at=(\d+)", page.url)
    return int(found[1]) if found else float("inf")


def act(page: Page, name: str) -> None:
    """Choose an action of the resource that is shown."""
    page.get_by_role("button", name="Actions", exact=True).click()
    page.get_by_role("menuitem", name=name, exact=True).click()


def fill(page: Page, label: str, text: str) -> None:
    """Write into a field of the form that is open."""
    page.get_by_role("dialog").get_by_label(re.compile(f"^{re.escape(label)}( . optional)?$")).fill(text)


def confirm(page: Page, name: str) -> None:
    """Submit the open form; it closes when the cloud accepts it."""
    page.get_by_role("dialog").get_by_role("button", name=name, exact=True).click()
    expect(page.get_by_role("dialog")).not_to_be_visible()


def command(page: Page) -> str:
    """Return the command of the form that is open."""
    return page.get_by_role("dialog").get_by_test_id("command").inner_text()


def expect_to_fit(page: Page) -> None:
    """Wait until a page is no wider than its window: it is laid out in several steps."""
    try:
        page.wait_for_function(f"() => ({WIDER})().length === 0")
    except PlaywrightTimeoutError:
        raise AssertionError(f"{page.url} is wider than its window: {page.evaluate(WIDER)[:5]}") from None


def violations(page: Page, within: Locator | None = None, rules: Sequence[str] = ()) -> list[Any]:
    """Return the serious violations that axe finds: rule and element. It checks all rules unless some are named."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(f"() => {{ {AXE.read_text()} }}")
    options = {"resultTypes": ["violations"], **({"runOnly": list(rules)} if rules else {})}
    found = (within or page.locator("html")).evaluate("(it, options) => axe.run(it, options)", options)
    return [
        (each["id"], [node["html"][:200] for node in each["nodes"]][:3])
        for each in found["violations"]
        if each["impact"] in {"serious", "critical"}
    ]
