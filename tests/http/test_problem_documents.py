"""Every error is a problem document with a request id; health needs no key."""

import pytest

from domain.errors import Refused, Unreachable
from tests.http.in_process import Cloud, done, refused


async def test_a_path_that_does_not_exist(cloud: Cloud) -> None:
    refused(await cloud.admin.get("/api/nosuch"), 404, "no_such_route", "/api/nosuch", "/docs")
    refused(await cloud.client(None).get("/nosuch"), 404, "no_such_route", "/nosuch")
    refused(await cloud.admin.get("/api/vpcs/a/b/c"), 404, "no_such_route")


async def test_a_method_that_does_not_exist(cloud: Cloud) -> None:
    answer = await cloud.admin.put("/api/vpcs/default", json={})
    refused(answer, 405, "method_not_allowed", "PUT /api/vpcs/default")
    assert "GET" in answer.headers["allow"]


@pytest.mark.parametrize(
    ("given", "kept"), [("trace-1.a:b", True), ("a b", False), ("x" * 129, False), ("", False)]
)
async def test_a_request_id_is_echoed(cloud: Cloud, given: str, *, kept: bool) -> None:
    answer = await cloud.admin.get("/api/vpcs/nosuch", headers={"X-Request-Id": given})
    problem = refused(answer, 404, "not_found")
    assert (problem["request_id"] == given) is kept
    assert problem["request_id"]


async def test_a_request_id_and_its_trace_are_kept_with_what_it_led_to(cloud: Cloud) -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    headers = {"X-Request-Id": "req-7", "traceparent": f"00-{trace}-00f067aa0ba902b7-01"}
    document = done(await cloud.admin.post("/api/vpcs", json={"name": "web"}, headers=headers))
    timeline = await cloud.admin.get(f"/api/timeline?resource={document['id']}&order=oldest")
    first = timeline.json()["items"][0]
    assert (first["correlationid"], first["requestid"]) == (trace, "req-7")


async def test_an_engine_that_does_not_answer_is_told_as_such(cloud: Cloud) -> None:
    await cloud.launched()
    cloud.engine.fail("images.is_available", Unreachable("cannot reach the engine"))
    answer = await cloud.admin.post("/api/instances", json={"name": "w", "image": "nginx:1.27"})
    refused(answer, 503, "unavailable", "the container engine does not answer", "retry later")
    assert answer.headers["retry-after"]
    cloud.engine.fail("containers.inspect", Unreachable("cannot reach the engine"), None)
    refused(await cloud.admin.get("/api/instances/web-1/logs"), 503, "engine_refused")


async def test_a_defect_of_ours_is_a_problem_document_that_tells_nothing(cloud: Cloud) -> None:
    await cloud.launched()
    cloud.engine.fail("containers.execute", RuntimeError("canary of the inside"))
    answer = await cloud.admin.post("/api/instances/web-1/exec", json={"command": ["echo"]})
    refused(answer, 500, "internal", "request id")
    assert "canary" not in answer.text


async def test_a_program_that_cannot_be_run_is_told(cloud: Cloud) -> None:
    await cloud.launched()
    answer = await cloud.admin.post("/api/instances/web-1/exec", json={"command": ["nosuch"]})
    assert answer.json()["exit_code"] == 127
    cloud.engine.fail("containers.execute", Refused("cannot run a program: it does not run"))
    answer = await cloud.admin.post("/api/instances/web-1/exec", json={"command": ["echo"]})
    refused(answer, 409, "conflict", "web-1", "does not run")


async def test_health_is_for_everybody(cloud: Cloud) -> None:
    nobody = cloud.client(None)
    assert (await nobody.get("/health/live")).json() == {"status": "live"}
    ready = (await nobody.get("/health/ready")).json()
    assert (ready["status"], ready["visible"] <= ready["position"]) == ("ready", True)


async def test_figures_are_plain_text(cloud: Cloud) -> None:
    answer = await cloud.admin.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")


async def test_every_code_is_explained(cloud: Cloud) -> None:
    problem = refused(await cloud.admin.get("/api/vpcs/nosuch"), 404, "not_found")
    page = await cloud.client(None).get(problem["type"])
    assert f'id="{problem["code"]}"' in page.text
