"""State that survives a reload, data that is never stored, and the keyboard, in a real browser."""

import re

import pytest
from playwright.sync_api import Browser, FilePayload, Page, expect

from tests.certificates import pair
from tests.conftest import free_port
from tests.journeys.in_browser import DROPPED, act, go, new_page, shown_position, sign_in
from tests.journeys.running_cloud import RunningCloud, wait_until

REFUSED = re.compile(f"{DROPPED.pattern}|status of 4")
KEPT = "() => JSON.stringify({...localStorage, ...sessionStorage})"
VOLUMES = 22


@pytest.fixture
def volumes(cloud: RunningCloud) -> RunningCloud:
    """More volumes than a page of the table shows: v-00 and so on."""
    for number in range(VOLUMES):
        body = {"name": f"v-{number:02}", "tags": {"odd": str(number % 2)}}
        cloud.http.post("/api/volumes", json=body).raise_for_status()
    return cloud


def names(page: Page) -> list[str]:
    """Return the names in the table, from the top."""
    return page.get_by_role("link", name=re.compile("^v-")).all_inner_texts()


def test_a_table_is_shown_again_as_it_was_left(page: Page, volumes: RunningCloud) -> None:
    last = [f"v-{number:02}" for number in (1, 0)]
    sign_in(page, volumes)
    go(page, "Volumes")
    expect(page.get_by_role("link", name="v-00", exact=True)).to_be_visible()
    page.get_by_role("columnheader", name="Name").get_by_role("button").press("Enter")
    expect(page.get_by_role("link", name="v-21", exact=True)).to_be_visible()
    page.get_by_role("button", name="Page 2", exact=True).click()
    expect(page).to_have_url(re.compile("sort=-name&page=2"))
    expect(page.get_by_role("link", name="v-00", exact=True)).to_be_visible()
    assert names(page) == last
    page.reload()
    expect(page.get_by_role("link", name="v-00", exact=True)).to_be_visible()
    assert names(page) == last
    page.get_by_role("link", name="v-00", exact=True).click()
    expect(page.get_by_test_id("name")).to_have_text("v-00")
    page.go_back()
    expect(page.get_by_role("link", name="v-01", exact=True)).to_be_visible()
    assert names(page) == last
    page.get_by_role("combobox", name="Filter Volumes").fill("v-1")
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="v-21", exact=True)).to_have_count(0)
    expect(page).to_have_url(re.compile("filter=%3Av-1"))
    with page.context.expect_page() as opened:
        page.evaluate("() => { window.open(location.href); }")
    expect(opened.value.get_by_role("link", name="v-19", exact=True)).to_be_visible()
    assert names(opened.value) == [f"v-{number}" for number in range(19, 9, -1)]
    go(page, "Volumes")
    expect(page.get_by_role("link", name="v-02", exact=True)).to_be_visible()


def test_the_moment_goes_along_and_comes_back(page: Page, cloud: RunningCloud) -> None:
    cloud.http.post("/api/volumes", json={"name": "v-00"}).raise_for_status()
    sign_in(page, cloud)
    go(page, "Volumes")
    page.get_by_role("button", name="Previous event").click()
    expect(page).to_have_url(re.compile("at="))
    at = shown_position(page)
    go(page, "VPCs")
    page.get_by_role("link", name="default", exact=True).click()
    page.get_by_role("tab", name="History").click()
    expect(page).to_have_url(re.compile("tab=history"))
    assert shown_position(page) == at
    page.reload()
    expect(page.get_by_role("table", name="History")).to_be_visible()
    page.get_by_test_id("past").get_by_role("button", name="Return to now").click()
    expect(page.get_by_test_id("past")).to_have_count(0)
    page.go_back()
    expect(page.get_by_test_id("past")).to_be_visible()
    assert shown_position(page) == at


def test_what_is_under_way_is_told_of_after_a_reload(page: Page, cloud: RunningCloud) -> None:
    stubborn = ["sh", "-c", "trap '' TERM; while :; do sleep 1; done"]
    instance = cloud.launch("web-1", command=stubborn, env={"TOKEN": "sesame"})
    notices = page.get_by_role("region", name="Notices")
    sign_in(page, cloud)
    page.goto(f"{cloud.http.base_url}/instances/detail/?id={instance['id']}")
    act(page, "Stop")
    expect(notices).to_contain_text("Stop: web-1 is stopping")
    kept = page.evaluate(KEPT)
    page.reload()
    assert instance["id"] in kept
    assert "sesame" not in kept
    assert "web-1" not in kept
    expect(notices).to_contain_text("Stop: web-1 is stopped")
    assert instance["id"] not in page.evaluate(KEPT)


def test_a_certificate_is_uploaded_used_and_removed(browser: Browser, cloud: RunningCloud) -> None:
    balancer = cloud.post("/api/load-balancers", {"name": "web", "listeners": [{"port": free_port()}]})
    (pem, key), (_, other) = pair("shop.example"), pair("other.example")
    with new_page(browser, REFUSED) as page:
        sign_in(page, cloud)
        page.goto(f"{cloud.http.base_url}/load-balancers/detail/?id={balancer['id']}&tab=routing")
        page.get_by_role("button", name="Upload a certificate").click()
        form = page.get_by_role("dialog")
        form.get_by_label("Name", exact=True).fill("shop")
        form.get_by_label("Certificate", exact=True).fill(pem)
        form.get_by_label("Private key", exact=True).fill(other)
        form.get_by_role("button", name="Upload a certificate").click()
        expect(form).to_contain_text("must belong to the first certificate")
        file: FilePayload = {"name": "shop.key", "mimeType": "text/plain", "buffer": key.encode()}
        form.get_by_label("Private key: read from a file").set_input_files(file)
        assert "lb certificate web shop --certificate FILE" in form.get_by_test_id("command").inner_text()
        form.get_by_role("button", name="Upload a certificate").click()
        expect(form).not_to_be_visible()
        table = page.get_by_role("table", name="Certificates")
        expect(table).to_contain_text("shop.example")
        secret = key.splitlines()[1]
        assert secret not in page.content() + page.evaluate(KEPT)
        page.get_by_role("button", name="Remove: shop").click()
        form.get_by_label(re.compile("^To be sure")).fill("web")
        page.keyboard.press("Enter")
        expect(table).to_contain_text("No certificate yet")
        past = cloud.show("/api/timeline?type=load_balancer.certificate_uploaded")["items"][0]["position"]
        page.goto(f"{cloud.http.base_url}/load-balancers/detail/?id={balancer['id']}&tab=routing&at={past}")
        expect(table).to_contain_text("shop.example")
        expect(page.get_by_role("button", name="Upload a certificate")).to_be_disabled()


def test_an_instance_is_launched_with_user_data_and_a_program_is_run(
    browser: Browser, cloud: RunningCloud
) -> None:
    with new_page(browser, REFUSED) as page:
        sign_in(page, cloud)
        page.goto(f"{cloud.http.base_url}/instances/create/")
        page.get_by_label("Name", exact=True).fill("web-1")
        page.get_by_role("button", name="More settings").click()
        data = page.get_by_label(re.compile("^User data( . optional)?$"))
        data.fill("#!/bin/sh\necho hi")
        page.get_by_role("button", name="Launch instance").click()
        expect(page.get_by_text("must not be a script").first).to_be_visible()
        data.fill("greeting=hi\n\n")
        expect(page.get_by_test_id("command")).to_contain_text("--user-data @FILE")
        page.get_by_role("button", name="Launch instance").click()
        expect(page.get_by_test_id("status")).to_have_text("running")
        page.get_by_role("tab", name="Run").click()
        page.get_by_label("Program and arguments").fill(
            'sh -c "cat /var/lib/cloud/instance/user-data.txt; exit 3"'
        )
        page.keyboard.press("Enter")
        expect(page.get_by_text("exit code 3")).to_be_visible()
        assert page.get_by_label("What it printed").text_content() == "greeting=hi\n\n"


@pytest.fixture
def volume(cloud: RunningCloud) -> RunningCloud:
    """A volume called `v-00`."""
    cloud.post("/api/volumes", {"name": "v-00"})
    return cloud


def test_a_dialog_is_opened_left_and_sent_by_the_keyboard(page: Page, volume: RunningCloud) -> None:
    sign_in(page, volume)
    page.keyboard.press("/")
    page.keyboard.type("v-00")
    expect(page.get_by_role("option", name=re.compile("^v-00 "))).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("status")).to_have_text("available")
    actions = page.get_by_role("button", name="Actions", exact=True)
    form = page.get_by_role("dialog")
    actions.focus()
    page.keyboard.press("Enter")
    page.get_by_role("menuitem", name="Take a snapshot").focus()
    page.keyboard.press("Enter")
    expect(form).to_be_visible()
    page.keyboard.press("Escape")
    expect(form).to_have_count(0)
    expect(actions).to_be_focused()
    act(page, "Take a snapshot")
    form.get_by_label("Name", exact=True).fill("one")
    page.keyboard.press("Enter")
    expect(page.get_by_role("region", name="Notices")).to_contain_text("one is available")


def test_slider_and_table_are_worked_by_the_keyboard(page: Page, volume: RunningCloud) -> None:
    sign_in(page, volume)
    go(page, "Volumes")
    past = page.get_by_test_id("past")
    page.get_by_role("slider", name="Moment").focus()
    page.keyboard.press("ArrowLeft")
    expect(past).to_be_visible()

    def is_now() -> bool:
        page.keyboard.press("End")
        return past.count() == 0

    wait_until(is_now, "the slider is at its end")
    page.get_by_role("checkbox", name="Choose v-00").focus()
    page.keyboard.press("Space")
    expect(page.get_by_text("(1/1)")).to_be_visible()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("name")).to_have_text("v-00")
