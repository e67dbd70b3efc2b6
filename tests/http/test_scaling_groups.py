"""Scaling groups over HTTP: refusals, which change nothing."""

from typing import Any

import pytest

from tests.http.conftest import Api
from tests.http.in_process import BEGINNING

PATH = "/api/scaling-groups"
TRACKING = {"type": "target-tracking", "metric": "cpu", "target": 50}
STEPS = [{"from": 60, "to": 80, "change": 1}, {"from": 80, "change": 2}]


async def problem(api: Api, method: str, path: str, body: Any = None) -> tuple[int, str, str | None]:
    answer = await api.http.request(method, path, json=body)
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    found = answer.json()
    assert BEGINNING.match(found["detail"])
    return answer.status_code, found["code"], found.get("field")


@pytest.fixture
async def group(api: Api) -> dict[str, Any]:
    body = {"name": "web", "template": {"image": "nginx:1.27"}, "min": 1, "desired": 1, "max": 3}
    found: dict[str, Any] = (await api.post(PATH, body)).json()
    return found


@pytest.mark.usefixtures("group")
@pytest.mark.parametrize(
    ("policy", "field"),
    [
        ({**TRACKING, "metric": "moonlight"}, "metric"),
        ({**TRACKING, "metric": "requests"}, "metric"),
        ({**TRACKING, "target": 100}, "target"),
        ({**TRACKING, "periods_in": 2}, "periods_in"),
        ({"type": "step", "metric": "cpu", "steps": [*STEPS, {"from": 70, "change": 3}]}, "steps"),
        ({"type": "step", "metric": "cpu", "steps": [STEPS[0], {"from": 90, "change": 2}]}, "steps"),
        ({"type": "scheduled", "cron": "0 25 * * *", "desired": 1}, "cron"),
        ({"type": "scheduled", "cron": "0 5 * * *", "min": 3, "max": 1}, "desired"),
    ],
)
async def test_a_policy_that_cannot_work_is_refused(api: Api, policy: dict[str, Any], field: str) -> None:
    before = (await api.http.get(f"{PATH}/web")).json()
    assert await problem(api, "PUT", f"{PATH}/web/policies/p", policy) == (422, "invalid", field)
    after = (await api.http.get(f"{PATH}/web")).json()
    assert after["spec"] == before["spec"]


@pytest.mark.usefixtures("group")
async def test_what_cannot_be_is_a_problem_and_changes_nothing(api: Api) -> None:
    before = (await api.http.get(f"{PATH}/web")).json()["spec"]
    assert await problem(api, "PATCH", f"{PATH}/web", {"min": 2, "desired": 1}) == (
        422,
        "invalid",
        "desired",
    )
    assert (await problem(api, "PATCH", f"{PATH}/web", {"max": 101}))[0] == 422
    behind = {"load_balancers": [{"load_balancer": "nosuch", "port": 80}]}
    assert (await problem(api, "PATCH", f"{PATH}/web", behind))[:2] == (404, "not_found")
    published = {"template": {"ports": [{"port": 80, "publish": 8080}]}}
    assert (await problem(api, "PATCH", f"{PATH}/web", published))[2] == "template.ports.0.publish"
    assert (await problem(api, "DELETE", f"{PATH}/web/policies/p"))[:2] == (404, "not_found")
    protection = {"is_protected": True}
    assert (await problem(api, "PUT", f"{PATH}/web/instances/other-1/protection", protection))[0] == 404
    night = {"policies": {"night": {"type": "scheduled", "cron": "0 5 * * *", "desired": 1}}}
    assert await problem(api, "POST", f"{PATH}/web/simulate", night) == (422, "invalid", "policies")
    assert (await api.http.get(f"{PATH}/web")).json()["spec"] == before


@pytest.mark.usefixtures("group")
async def test_the_last_load_balancer_stays_while_requests_are_followed(api: Api) -> None:
    await api.post("/api/load-balancers", {"name": "front", "listeners": [{"port": 8081}]})
    behind = {"load_balancers": [{"load_balancer": "front", "port": 80}]}
    (await api.http.patch(f"{PATH}/web", json=behind)).raise_for_status()
    many = {**TRACKING, "metric": "requests", "target": 5000}
    answer = await api.http.put(f"{PATH}/web/policies/load", json=many)
    assert (answer.status_code, answer.json()["spec"]["policies"]["load"]["target"]) == (202, 5000)
    refused = await problem(api, "PATCH", f"{PATH}/web", {"load_balancers": []})
    assert refused == (422, "invalid", "load_balancers")
