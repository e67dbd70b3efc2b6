"""A host port on which another program listens is refused immediately, for every kind of resource."""

from typing import Any

import pytest

from tests.http.in_process import Cloud, done, refused

PORT = 8081
LISTENERS = {"listeners": [{"port": PORT}]}
CREATED: list[tuple[str, dict[str, Any], str]] = [
    ("instances", {"image": "nginx:1.27", "ports": [{"port": 80, "publish": PORT}]}, "ports.0.publish"),
    ("databases", {"engine": "postgres", "publish": PORT}, "publish"),
    ("caches", {"publish": PORT}, "publish"),
    ("queues", {"engine": "nats", "publish": PORT}, "publish"),
    ("load-balancers", LISTENERS, "listeners.0.port"),
]


@pytest.mark.parametrize(("kind", "wish", "field"), CREATED)
async def test_what_is_created_on_a_port_in_use_is_refused(
    cloud: Cloud, kind: str, wish: dict[str, Any], field: str
) -> None:
    cloud.engine.taken_ports.add(PORT)
    body, key = {"name": "web", **wish}, {"Idempotency-Key": "one-wish"}
    answer = await cloud.admin.post(f"/api/{kind}", json=body, headers=key)
    problem = refused(answer, 409, "port_taken", str(PORT), "another program", "choose another port")
    assert problem["field"] == field
    assert (await cloud.admin.get(f"/api/{kind}")).json()["items"] == []
    cloud.engine.taken_ports.clear()
    done(await cloud.admin.post(f"/api/{kind}", json=body, headers=key))


async def test_a_listener_is_added_only_on_a_free_port_and_kept_whatever_listens(cloud: Cloud) -> None:
    path = "/api/load-balancers/web"
    done(await cloud.admin.post("/api/load-balancers", json={"name": "web", **LISTENERS}))
    # The balancer itself listens on its port now.
    cloud.engine.taken_ports.add(PORT)
    done(await cloud.admin.patch(path, json={**LISTENERS, "tags": {"a": "b"}}))
    cloud.engine.taken_ports.add(PORT + 1)
    more = {"listeners": [*LISTENERS["listeners"], {"port": PORT + 1}]}
    refused(await cloud.admin.patch(path, json=more), 409, "port_taken", str(PORT + 1), "another program")
    found = (await cloud.admin.get(path)).json()
    assert [each["port"] for each in found["spec"]["listeners"]] == [PORT]
    cloud.engine.taken_ports.discard(PORT + 1)
    done(await cloud.admin.patch(path, json=more))
