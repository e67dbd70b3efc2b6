"""The console's dashboard in Chromium: what is transferred for it, and how soon it shows something."""

import os
import shutil
from dataclasses import dataclass
from statistics import median

from playwright.sync_api import Browser, BrowserContext, sync_playwright

from benchmarks import machine, servers, tables

VISITS = 5
PATIENCE_MS = 30_000
_CARD = """() => document.querySelector('[data-testid=card-vpcs]')?.textContent.includes('available')
    && performance.now()"""
_PAINT = "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
_FILES = """() => performance.getEntriesByType('resource').map((each) => (
    { path: new URL(each.name).pathname, transferred: each.transferSize, gzip: each.encodedBodySize }
))"""


@dataclass(frozen=True, slots=True)
class Visit:
    """What one visit of the dashboard took."""

    scripts_bytes: int
    styles_bytes: int
    transferred_bytes: int
    """Of all files, with their headers; what the browser kept counts nothing."""
    paint_ms: float
    card_ms: float


def run() -> None:
    """Measure visits by browsers that know nothing of the console, and by one that was there before."""
    program = shutil.which("chromium")
    if program is None:
        print("cannot measure without chromium: run scripts/setup --bench")
        return
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with (
        machine.home() as place,
        servers.cloud(place, MINIAWS_ENGINE="memory") as cloud,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=program, args=arguments)
        cold = [_cold(browser, cloud) for _ in range(VISITS)]
        warm = _warm(browser, cloud)
        browser.close()
    print(f"\nthe dashboard, medians of {VISITS} visits")
    tables.show("scripts, gzip", median(each.scripts_bytes for each in cold) / 1000, "kB", at_most=600)
    tables.show("styles, gzip", median(each.styles_bytes for each in cold) / 1000, "kB")
    for name, visits in (("cold", cold), ("warm", warm)):
        tables.show(
            f"transferred, {name} cache", median(each.transferred_bytes for each in visits) / 1000, "kB"
        )
        tables.show(f"first contentful paint, {name} cache", median(each.paint_ms for each in visits), "ms")
        tables.show(
            f"first card with its numbers, {name} cache", median(each.card_ms for each in visits), "ms"
        )


def _cold(browser: Browser, cloud: servers.Cloud) -> Visit:
    context = _signed_in(browser, cloud)
    found = _visit(context, cloud)
    context.close()
    return found


def _warm(browser: Browser, cloud: servers.Cloud) -> list[Visit]:
    context = _signed_in(browser, cloud)
    _visit(context, cloud)
    found = [_visit(context, cloud) for _ in range(VISITS)]
    context.close()
    return found


def _signed_in(browser: Browser, cloud: servers.Cloud) -> BrowserContext:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    url = f"http://127.0.0.1:{cloud.port}"
    answer = context.request.post(f"{url}/api/session", data={"api_key": cloud.key})
    context.add_init_script(f"localStorage.setItem('miniaws-session', '{answer.json()['token']}')")
    return context


def _visit(context: BrowserContext, cloud: servers.Cloud) -> Visit:
    page = context.new_page()
    page.goto(f"http://127.0.0.1:{cloud.port}/", wait_until="commit")
    card_ms = page.wait_for_function(_CARD, timeout=PATIENCE_MS).json_value()
    page.wait_for_load_state()
    files = page.evaluate(_FILES)
    paint_ms = page.evaluate(_PAINT)
    page.close()

    def gzipped(suffix: str) -> int:
        return sum(each["gzip"] for each in files if each["path"].endswith(suffix))

    transferred = sum(each["transferred"] for each in files)
    return Visit(gzipped(".js"), gzipped(".css"), transferred, paint_ms, card_ms)


if __name__ == "__main__":
    run()
