"""What people do in the console, in a real browser."""

import os
import re
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.conftest import ROOT
from tests.journeys.running_cloud import RunningCloud

AXE = ROOT / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
PATIENCE_MS = 30_000
# A browser drops what it is loading when a container's network appears; the console asks again, as it does when
# something was observed of a resource while its form was open. Of a style or a script that was to be there ahead of its
# use, only the bare event is told.
DROPPED = re.compile(
    "ERR_(NETWORK_CHANGED|CONNECTION|EMPTY_RESPONSE|INCOMPLETE|CONTENT_LENGTH)|status of (503|412)|^Event$"
)


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
    told = [line for line in wrong if not allowed.search(line)]
    assert not told, told


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
    page.get_by_role("button", name="Actions", exact=True).click()
    page.get_by_role("menuitem", name=name, exact=True).click()


def violations(page: Page) -> list[Any]:
    """Return what axe finds that is serious: the rule, and where."""
    page.evaluate(f"() => {{ {AXE.read_text()} }}")
    found = page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")["violations"]
    return [
        (each["id"], [node["html"][:200] for node in each["nodes"]][:3])
        for each in found
        if each["impact"] in {"serious", "critical"}
    ]
