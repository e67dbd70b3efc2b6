"""Load balancers over HTTP: refusals, documents, and no secrets."""

from typing import Any

import pytest

from tests.certificates import pair
from tests.http.conftest import Api
from tests.http.in_process import BEGINNING

PATH = "/api/load-balancers"


async def problem(api: Api, method: str, path: str, body: Any = None) -> tuple[int, str, str | None]:
    answer = await api.http.request(method, path, json=body)
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    found = answer.json()
    assert BEGINNING.match(found["detail"])
    return answer.status_code, found["code"], found.get("field")


@pytest.fixture
async def balancer(api: Api) -> dict[str, Any]:
    await api.post("/api/instances", {"name": "web-1", "image": "nginx:1.27"})
    body = {"name": "web", "listeners": [{"port": 8081}], "deregistration_delay_s": 1}
    found: dict[str, Any] = (await api.post(PATH, body)).json()
    return found


@pytest.mark.usefixtures("balancer")
async def test_bad_input_is_a_problem_and_changes_nothing(api: Api) -> None:
    before = (await api.http.get(f"{PATH}/web")).json()
    refused = problem
    assert await refused(api, "POST", PATH, {"name": "other", "listeners": [{"port": 8081}]}) == (
        409,
        "port_taken",
        "listeners.0.port",
    )
    assert await refused(api, "POST", PATH, {"name": "web"}) == (409, "name_taken", "name")
    slow = {"interval_s": 2, "timeout_s": 2}
    assert await refused(api, "PATCH", f"{PATH}/web", {"health_check": slow}) == (
        422,
        "invalid",
        "health_check.timeout_s",
    )
    targets = f"{PATH}/web/targets"
    assert (await refused(api, "POST", targets, {"instance": "nosuch", "port": 80}))[1] == "not_found"
    assert (await refused(api, "POST", targets, {"address": "8.8.8.8", "port": 80}))[2] == "address"
    assert (await refused(api, "POST", targets, {"port": 80}))[1] == "invalid"
    assert (await refused(api, "DELETE", f"{targets}/web-1"))[1] == "unknown_target"
    pem, _ = pair("a.example")
    _, key = pair("a.example")
    body = {"certificate": pem, "private_key": key}
    assert await refused(api, "PUT", f"{PATH}/web/certificates/a", body) == (
        422,
        "bad_certificate",
        "private_key",
    )
    assert (await api.http.get(f"{PATH}/web")).json() == before


async def test_a_target_comes_serves_and_goes(api: Api, balancer: dict[str, Any]) -> None:
    await api.post(f"{PATH}/web/targets", {"instance": "web-1", "port": 80, "weight": 2})
    while (await api.http.get(f"{PATH}/web/health")).json()["health"]["healthy"] != 1:
        pass
    (target,) = (await api.http.get(f"{PATH}/web/targets")).json()["targets"]
    assert (target["instance"]["name"], target["weight"], target["state"]) == ("web-1", 2, "healthy")
    answer = await api.http.delete(f"{PATH}/web/targets/web-1")
    assert answer.status_code == 202
    while (await api.http.get(f"{PATH}/web/targets")).json()["targets"]:
        pass
    assert (await api.http.get(f"{PATH}/web/metrics?step=1")).json()["units"]["requests_per_s"]
    then = await api.http.get(f"{PATH}/web", params={"as_of": str(balancer["position"])})
    assert then.json()["observed"]["targets"] == []


@pytest.mark.usefixtures("balancer")
async def test_a_private_key_is_shown_nowhere(api: Api) -> None:
    pem, key = pair("a.example")
    body = {"certificate": pem, "private_key": key}
    answer = await api.http.put(f"{PATH}/web/certificates/a", json=body)
    assert answer.status_code == 202, answer.text
    (shown,) = answer.json()["spec"]["certificates"]
    assert (shown["name"], shown["names"]) == ("a", ["a.example"])
    secret = "".join(key.splitlines()[1:-1])[20:60]
    for path in (f"{PATH}/web", f"{PATH}", "/api/timeline", "/api/dashboard/events"):
        assert secret not in (await api.http.get(path)).text
    secure = {"listeners": [{"port": 8443, "protocol": "https", "certificates": ["a"]}]}
    assert (await api.http.patch(f"{PATH}/web", json=secure)).status_code == 202
    assert (await problem(api, "DELETE", f"{PATH}/web/certificates/a"))[1] == "certificate_in_use"
