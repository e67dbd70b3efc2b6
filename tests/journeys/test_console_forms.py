"""Forms of the console and rewind, in a real browser with real containers."""

import re
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.conftest import free_port, listening_port
from tests.journeys.in_browser import REFUSED, act, command, confirm, fill, go, new_page, sign_in
from tests.journeys.running_cloud import IMAGE, RunningCloud

CHECK = {"path": "/health", "interval_s": 0.5, "timeout_s": 0.3, "rise": 1, "fall": 2}
GROUP = {"name": "workers", "template": {"image": IMAGE, "type": "nano"}, "min": 0, "max": 2}


def test_what_takes_long_is_told_of_on_whichever_page_one_is(page: Page, cloud: RunningCloud) -> None:
    cloud.launch("web-1")
    sign_in(page, cloud)
    go(page, "Instances")
    page.get_by_role("link", name="web-1", exact=True).click()
    act(page, "Stop")
    go(page, "VPCs")
    notices = page.get_by_role("region", name="Notices")
    expect(notices).to_contain_text("Stop: web-1 is stopped")
    page.get_by_role("link", name="Show web-1").click()
    expect(page.get_by_test_id("status")).to_have_text("stopped")
    program = {"command": ["/nosuch"], "restart": "always"}
    failing = cloud.http.post(
        "/api/instances", json={"name": "bad", "image": IMAGE, "type": "nano", **program}
    )
    assert failing.status_code == 202
    page.goto(f"{cloud.http.base_url}/instances/detail/?id={failing.json()['id']}")
    expect(page.get_by_test_id("status")).to_have_text("error")
    act(page, "Start")
    go(page, "Dashboard")
    expect(notices).to_contain_text("Start: bad is error")


def test_a_policy_is_added_refused_and_changed_by_forms(browser: Browser, cloud: RunningCloud) -> None:
    group = cloud.post("/api/scaling-groups", GROUP)
    with new_page(browser, REFUSED) as page:
        sign_in(page, cloud)
        page.goto(f"{cloud.http.base_url}/scaling-groups/detail/?id={group['id']}")
        page.get_by_role("tab", name="Policies").click()
        page.get_by_role("button", name="Add a policy").click()
        fill(page, "Name", "keep-cpu")
        fill(page, "Target", "400")
        page.get_by_role("dialog").get_by_role("button", name="Add a policy").click()
        expect(page.get_by_role("dialog")).to_contain_text("`target` must be at least 1 and less than 100 %")
        fill(page, "Target", "40")
        assert command(page) == "cloud asg policy track workers keep-cpu --target 40"
        confirm(page, "Add a policy")
        table = page.get_by_role("table", name="Policies")
        expect(table).to_contain_text("cpu at 40 %")
        page.get_by_role("button", name="Edit: keep-cpu").click()
        fill(page, "Target", "55.5")
        confirm(page, "Edit")
        expect(table).to_contain_text("cpu at 55.5 %")
        page.get_by_role("button", name="Remove: keep-cpu").click()
        expect(table).to_contain_text("No policy yet")
    assert cloud.show("/api/scaling-groups/workers")["spec"]["policies"] == {}


@pytest.fixture
def balancer(cloud: RunningCloud) -> dict[str, Any]:
    """A balancer called `web` with a target that the host reaches, too."""
    cloud.launch("web-1", ports=[{"port": 8080, "publish": listening_port()}])
    body = {"name": "web", "listeners": [{"port": free_port()}], "health_check": CHECK}
    cloud.post("/api/load-balancers", body)
    return cloud.post("/api/load-balancers/web/targets", {"instance": "web-1", "port": 8080})


def test_a_target_turns_unhealthy_and_healthy_again_before_ones_eyes(
    page: Page, cloud: RunningCloud, balancer: dict[str, Any]
) -> None:
    (port,) = cloud.instance("web-1")["spec"]["ports"]
    sign_in(page, cloud)
    page.goto(f"{cloud.http.base_url}/load-balancers/detail/?id={balancer['id']}")
    page.evaluate("() => { window.neverReloaded = true }")
    page.get_by_role("tab", name="Targets").click()
    row = page.get_by_role("table", name="Targets", exact=True).get_by_role("row", name="web-1")
    expect(row.get_by_text("healthy", exact=True)).to_be_visible()
    httpx.get(f"http://127.0.0.1:{port['publish']}/health/fail").raise_for_status()
    expect(row.get_by_text("unhealthy", exact=True)).to_be_visible()
    expect(row).to_contain_text("503")
    httpx.get(f"http://127.0.0.1:{port['publish']}/health/ok").raise_for_status()
    expect(row.get_by_text("healthy", exact=True)).to_be_visible()
    expect(row).not_to_contain_text("503")
    assert page.evaluate("() => window.neverReloaded")


def test_what_somebody_else_wished_meanwhile_is_not_overwritten(
    browser: Browser, cloud: RunningCloud, balancer: dict[str, Any]
) -> None:
    with new_page(browser, REFUSED) as page:
        sign_in(page, cloud)
        page.goto(f"{cloud.http.base_url}/load-balancers/detail/?id={balancer['id']}")
        act(page, "Change tags")
        fill(page, "Tags", "mine=1")
        cloud.post("/api/load-balancers/web/targets", {"instance": "web-1", "port": 8080, "weight": 2})
        confirm(page, "Change tags")
        act(page, "Change tags")
        fill(page, "Tags", "mine=2")
        cloud.http.patch("/api/load-balancers/web", json={"tags": {"theirs": "1"}}).raise_for_status()
        page.get_by_role("dialog").get_by_role("button", name="Change tags", exact=True).click()
        expect(page.get_by_role("dialog")).to_contain_text("cannot change")
    assert cloud.show("/api/load-balancers/web")["tags"] == {"theirs": "1"}


def test_weights_and_tags_are_changed_by_forms(
    page: Page, cloud: RunningCloud, balancer: dict[str, Any]
) -> None:
    sign_in(page, cloud)
    page.goto(f"{cloud.http.base_url}/load-balancers/detail/?id={balancer['id']}")
    page.get_by_role("tab", name="Targets").click()
    page.get_by_role("button", name=re.compile("^Weight: ")).click()
    fill(page, "Weight", "7")
    assert command(page) == "cloud lb register web web-1 --port 8080 --weight 7"
    confirm(page, "Weight")
    act(page, "Change tags")
    fill(page, "Tags", "env=live")
    assert command(page) == "cloud lb tag web env=live"
    confirm(page, "Change tags")
    expect(page.get_by_role("region", name="Notices")).to_contain_text("Change tags: web is changed")
    found = cloud.show("/api/load-balancers/web")
    assert found["tags"] == {"env": "live"}
    assert [each["weight"] for each in found["observed"]["targets"]] == [7]


def test_rules_and_health_checks_are_changed_by_forms(
    page: Page, cloud: RunningCloud, balancer: dict[str, Any]
) -> None:
    port = balancer["spec"]["listeners"][0]["port"]
    sign_in(page, cloud)
    page.goto(f"{cloud.http.base_url}/load-balancers/detail/?id={balancer['id']}")
    page.get_by_role("tab", name="Routing").click()
    page.get_by_role("button", name="Add a target group").click()
    fill(page, "Name", "api")
    fill(page, "Path", "/health")
    confirm(page, "Add a target group")
    expect(page.get_by_role("table", name="Target groups")).to_contain_text("http /health answers")
    page.get_by_role("button", name=f"Edit: {port}").click()
    page.get_by_role("dialog").get_by_role("button", name="Add one").click()
    fill(page, "Path", "/api/*")
    assert command(page).endswith(f"--rule '{port},path=/api/*,group=api'")
    confirm(page, "Edit")
    expect(page.get_by_role("table", name="Listeners")).to_contain_text("/api/*")
    (listener,) = cloud.show("/api/load-balancers/web")["spec"]["listeners"]
    assert listener["rules"] == [{"host": None, "path": "/api/*", "target_group": "api"}]


def test_a_resource_is_found_from_anywhere_by_the_keyboard(page: Page, cloud: RunningCloud) -> None:
    cloud.launch("web-1")
    sign_in(page, cloud)
    page.keyboard.press("/")
    page.keyboard.type("web-1")
    expect(page.get_by_role("option", name=re.compile("^web-1 i-"))).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("name")).to_have_text("web-1")
