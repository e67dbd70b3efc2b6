"""The trash, and plans that lead back, in a real browser; only the engine is simulated."""

import re

from playwright.sync_api import Page, expect

from tests.journeys.in_browser import act, confirm, expect_to_fit, go, sign_in
from tests.journeys.running_cloud import RunningCloud

SETTINGS = {"MINIAWS_TRASH_HOURS": "72"}


def test_what_was_deleted_is_restored_from_the_trash(page: Page, pretended: RunningCloud) -> None:
    volume = pretended.post("/api/volumes", {"name": "data"})
    sign_in(page, pretended)
    page.goto(f"{pretended.http.base_url}/volumes/detail/?id={volume['id']}")
    act(page, "Delete")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("It can be restored from the trash until 20")
    dialog.get_by_label(re.compile("^To be sure")).fill("data")
    confirm(page, "Delete")
    notices = page.get_by_role("region", name="Notices")
    expect(notices).to_contain_text("data is in the trash, and can be restored until 20")
    go(page, "Trash")
    expect(page.get_by_role("row", name="data")).to_contain_text("trashed")
    page.get_by_role("checkbox", name="Choose data").check()
    act(page, "Restore")
    confirm(page, "Restore")
    expect(page.get_by_text("The trash is empty")).to_be_visible()
    restored = pretended.show("/api/volumes/data")
    assert (restored["id"], restored["status"]) == (volume["id"], "available")


def test_the_cloud_is_rewound_and_a_request_is_undone(page: Page, pretended: RunningCloud) -> None:
    early = pretended.post("/api/volumes", {"name": "early"})
    pretended.delete("/api/volumes/early")
    late = pretended.post("/api/volumes", {"name": "late"})
    sign_in(page, pretended)
    page.goto(f"{pretended.http.base_url}/volumes/?at={early['position']}")
    page.get_by_role("button", name="Rewind the cloud to this moment…").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_test_id("command")).to_contain_text(f"cloud rewind --to={early['position']}")
    dialog.get_by_role("button", name="Show the plan").click()
    steps = page.get_by_role("table", name="Steps")
    expect(steps).to_contain_text("restore volume early")
    expect(steps).to_contain_text("trash volume late")
    expect_to_fit(page)
    page.get_by_role("button", name="Apply", exact=True).click()
    expect(page.get_by_test_id("status")).to_have_text("applied")
    expect(steps.get_by_text("completed")).to_have_count(2)
    assert pretended.show("/api/volumes/early")["id"] == early["id"]
    assert pretended.show(f"/api/volumes/{late['id']}")["status"] == "trashed"

    asked = pretended.show(f"/api/timeline?resource={late['id']}&order=oldest&limit=1")["items"][0]
    go(page, "Timeline")
    page.get_by_role("button", name=f"Undo: position {asked['position']}", exact=True).click()
    expect(page).to_have_url(re.compile("/plans/detail/"))
    expect(steps).to_contain_text("Nothing to do")
