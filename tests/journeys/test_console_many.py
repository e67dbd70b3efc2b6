"""Bulk actions, archives and schedules, in a real browser; only the engine is simulated."""

import re
from collections.abc import Generator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.journeys.in_browser import REFUSED, act, command, confirm, fill, go, new_page, sign_in
from tests.journeys.running_cloud import RunningCloud

NAMES = ("many-1", "many-2", "many-3")


@pytest.fixture
def refused(browser: Browser) -> Generator[Page]:
    """A page for which the API refuses a request."""
    with new_page(browser, REFUSED) as found:
        yield found


def choose(page: Page, *names: str) -> None:
    """Select rows of the current table."""
    for name in names:
        page.get_by_role("checkbox", name=f"Choose {name}", exact=True).check()


def test_many_instances_are_stopped_and_terminated_at_once(page: Page, pretended: RunningCloud) -> None:
    for name in (*NAMES, "bystander"):
        pretended.launch(name)
    sign_in(page, pretended)
    go(page, "Instances")
    choose(page, *NAMES)
    act(page, "Stop")
    for name in NAMES:
        expect(page.get_by_role("row", name=name)).to_contain_text("stopped")
    notices = page.get_by_role("region", name="Notices")
    expect(notices).to_contain_text("Stop: 3 of 3 done")
    expect(notices).to_contain_text("cloud instance stop many-2")

    choose(page, "bystander")
    page.get_by_role("button", name="Actions", exact=True).click()
    for name in ("Start", "Stop"):  # one of them is not as the others are
        expect(page.get_by_role("menuitem", name=name, exact=True)).to_be_disabled()
    page.keyboard.press("Escape")
    page.get_by_role("checkbox", name="Choose bystander").uncheck()

    act(page, "Terminate")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("many-1, many-2, many-3")
    assert command(page).splitlines() == [f"cloud instance terminate {name}" for name in NAMES]
    terminate = dialog.get_by_role("button", name="Terminate", exact=True)
    expect(terminate).to_be_disabled()
    dialog.get_by_role("textbox").fill("terminate 4")
    expect(terminate).to_be_disabled()
    dialog.get_by_role("textbox").fill("terminate 3")
    terminate.click()
    for name in NAMES:
        expect(page.get_by_role("row", name=name)).not_to_be_visible()
    expect(page.get_by_role("row", name="bystander")).to_contain_text("running")
    assert [each["name"] for each in pretended.show("/api/instances")["items"]] == ["bystander"]


def test_what_one_of_many_is_refused_keeps_no_other_from_it(refused: Page, pretended: RunningCloud) -> None:
    page = refused
    volume = pretended.post("/api/volumes", {"name": "kept"})
    pretended.post("/api/volumes", {"name": "spare"})
    pretended.launch("user", volumes=[{"volume": volume["id"], "path": "/data"}])
    sign_in(page, pretended)
    go(page, "Volumes")
    choose(page, "kept", "spare")
    act(page, "Delete")
    page.get_by_role("dialog").get_by_role("textbox").fill("delete 2")
    page.get_by_role("dialog").get_by_role("button", name="Delete", exact=True).click()
    notices = page.get_by_role("region", name="Notices")
    expect(notices).to_contain_text("Delete failed for 1 of 2")
    expect(notices).to_contain_text("cannot delete")
    expect(page.get_by_role("row", name="spare")).not_to_be_visible()
    expect(page.get_by_role("row", name="kept")).to_contain_text("available")


def test_snapshots_are_scheduled_otherwise_scheduled_and_not_any_more(
    refused: Page, pretended: RunningCloud
) -> None:
    page = refused
    volume = pretended.post("/api/volumes", {"name": "data"})
    sign_in(page, pretended)
    page.goto(f"{pretended.http.base_url}/volumes/detail/?id={volume['id']}")
    page.get_by_role("tab", name="Snapshots").click()
    panel = page.get_by_role("tabpanel", name="Snapshots")
    expect(panel).to_contain_text("never: snapshots are taken by hand only")
    panel.get_by_role("button", name="Schedule snapshots").click()
    fill(page, "Schedule", "every day")
    page.get_by_role("dialog").get_by_role("button", name="Schedule snapshots").click()
    expect(page.get_by_role("dialog")).to_contain_text("must be a cron expression")
    fill(page, "Schedule", "30 4 * * 1")
    fill(page, "Retention (days)", "30")
    assert command(page) == "cloud volume schedule data --cron '30 4 * * 1' --retention-days 30"
    confirm(page, "Schedule snapshots")
    expect(panel).to_contain_text("30 4 * * 1")
    panel.get_by_role("button", name="Change the schedule").click()
    fill(page, "Maximum snapshots", "5")
    confirm(page, "Change the schedule")
    policy = {"schedule": "30 4 * * 1", "retention_days": 30, "retention_count": 5}
    expect(panel.get_by_text("5", exact=True)).to_be_visible()
    assert pretended.show("/api/volumes/data")["spec"]["snapshot_policy"] == policy
    panel.get_by_role("button", name="Stop the schedule").click()
    expect(panel).to_contain_text("never: snapshots are taken by hand only")
    assert pretended.show("/api/volumes/data")["spec"]["snapshot_policy"] is None


@pytest.fixture(scope="module")
def database(pretended: RunningCloud) -> str:
    """Return the id of a database called `orders` with a backup."""
    found = pretended.post("/api/databases", {"name": "orders", "engine": "postgres"})
    assert found["status"] == "available", found
    return str(found["id"])


def test_backups_are_made_otherwise(page: Page, pretended: RunningCloud, database: str) -> None:
    sign_in(page, pretended)
    page.goto(f"{pretended.http.base_url}/databases/detail/?id={database}")
    page.get_by_role("tab", name="Backups").click()
    page.get_by_role("button", name="Change policy").click()
    fill(page, "Backup schedule", "15 2 * * *")
    fill(page, "Backup retention (days)", "3")
    fill(page, "Restore test schedule", "0 5 * * 6")
    assert command(page) == (
        "cloud db policy orders --schedule '15 2 * * *' --retention-days 3 --drills '0 5 * * 6'"
    )
    confirm(page, "Change policy")
    panel = page.get_by_role("tabpanel", name="Backups")
    expect(panel).to_contain_text("15 2 * * *")
    page.get_by_role("button", name="Change policy").click()
    fill(page, "Restore test schedule", "")
    confirm(page, "Change policy")
    expect(panel).to_contain_text("never")


def test_an_archive_outlives_its_database(page: Page, pretended: RunningCloud, database: str) -> None:
    sign_in(page, pretended)
    go(page, "Archives")
    row = page.get_by_role("row", name="orders")
    expect(row).to_contain_text("postgres")
    expect(row).to_contain_text("1000 B")
    choose(page, "orders")
    # That of a database that lives cannot be deleted; one cannot do anything else with it either.
    expect(page.get_by_role("button", name="Actions", exact=True)).to_be_disabled()
    pretended.delete(f"/api/databases/{database}")
    expect(row).to_contain_text(re.compile(r"20\d\d-"))
    page.get_by_role("link", name="orders", exact=True).click()
    page.get_by_role("tab", name="Backups").click()
    expect(page.get_by_role("table", name="Backups")).to_contain_text("1000 B")
    act(page, "Delete")
    page.get_by_role("dialog").get_by_role("textbox").fill("orders")
    assert command(page) == "cloud archive delete orders"
    confirm(page, "Delete")
    go(page, "Archives")
    expect(page.get_by_text("No archives")).to_be_visible()


def test_a_page_fits_its_window_also_when_that_changes(page: Page, pretended: RunningCloud) -> None:
    sign_in(page, pretended)
    go(page, "Timeline")
    position = page.get_by_role("columnheader", name="Position")
    menu = page.get_by_role("link", name="Instances", exact=True)
    dark = re.compile("awsui-dark-mode")
    expect(position).to_be_visible()
    expect(page.locator("body")).not_to_have_class(dark)
    page.set_viewport_size({"width": 390, "height": 844})
    page.emulate_media(color_scheme="dark")
    expect(position).not_to_be_visible()
    expect(menu).not_to_be_visible()
    expect(page.locator("body")).to_have_class(dark)
    page.set_viewport_size({"width": 1280, "height": 900})
    expect(position).to_be_visible()
    expect(menu).to_be_visible()
