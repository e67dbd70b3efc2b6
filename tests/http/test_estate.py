"""Estates over HTTP: what is exported can be applied, and a manifest is refused with the path of what is wrong."""

from typing import Any

import pytest

from tests.http.in_process import CANARY, WAIT, Cloud, done, refused
from tests.http.test_creation_bodies import CERTIFICATE, PRIVATE_KEY, SAMPLES, WEB

_KEPT = {"use_previous_value": True}


async def _apply(cloud: Cloud, manifest: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    body = {"type": "apply", "manifest": manifest, **more}
    plan = done(await cloud.admin.post("/api/plans", json=body), "proposed")
    answer = await cloud.admin.post(f"/api/plans/{plan['name']}/apply", headers=WAIT)
    return done(answer, "applied")


async def _export(cloud: Cloud, **params: Any) -> list[dict[str, Any]]:
    answer = await cloud.admin.get("/api/estate", params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()["documents"]


def _shop() -> list[dict[str, Any]]:
    return [
        {"kind": "vpc", "name": "web", "spec": {"cidr": WEB}},
        {"kind": "volume", "name": "data"},
        *({"kind": each.kind, "name": "it", "tags": {"app": "shop"}, "spec": each.body} for each in SAMPLES),
    ]


async def test_what_is_exported_is_nothing_to_do(cloud: Cloud) -> None:
    await _apply(cloud, _shop(), set="shop")
    exported = await _export(cloud)
    assert {each["kind"] for each in exported} == {each.kind for each in SAMPLES}
    for manifest in (exported, _shop()):
        again = await _apply(cloud, manifest)
        assert again["observed"]["steps"] == []


async def test_an_estate_of_the_past_can_be_applied_again(cloud: Cloud) -> None:
    await _apply(cloud, [{"kind": "volume", "name": "data"}])
    position = (await cloud.admin.get("/api/estate")).json()["position"]
    done(await cloud.admin.delete("/api/volumes/data", headers=WAIT))
    assert await _export(cloud) == []
    past = await _export(cloud, as_of=position)
    assert past == [
        {"kind": "volume", "name": "data", "tags": {}, "spec": {"size_gb": None, "snapshot_policy": None}}
    ]
    await _apply(cloud, past)
    assert await _export(cloud) == past


async def test_what_a_resource_refers_to_is_exported_with_it(cloud: Cloud) -> None:
    web = {"image": "nginx:1.27", "vpc": "web", "volumes": [{"volume": "data", "path": "/data"}]}
    await _apply(
        cloud,
        [
            {"kind": "instance", "name": "web-1", "tags": {"app": "shop"}, "running": False, "spec": web},
            {"kind": "volume", "name": "data"},
            {"kind": "volume", "name": "other"},
            {"kind": "vpc", "name": "web"},
        ],
    )
    for wanted in ({"tag": "app=shop"}, {"kind": "instance"}, {"name": "web-1"}, {"vpc": "web"}):
        found = await _export(cloud, **wanted)
        assert [each["name"] for each in found] == ["web", "data", "web-1"]
        assert found[-1]["running"] is False
    unknown = await cloud.admin.get("/api/estate", params={"kind": "snapshot"})
    assert refused(unknown, 422, "invalid")["field"] == "kind"


async def test_no_secret_is_exported(cloud: Cloud) -> None:
    await _apply(
        cloud,
        [
            {
                "kind": "instance",
                "name": "web-1",
                "spec": {"image": "nginx:1.27", "env": {"TOKEN": CANARY}, "user_data": CANARY},
            }
        ],
    )
    answer = await cloud.admin.get("/api/estate")
    assert CANARY not in answer.text
    (found,) = answer.json()["documents"]
    assert (found["spec"]["env"], found["spec"]["user_data"]) == ({"TOKEN": _KEPT}, _KEPT)


def _instance(**spec: Any) -> dict[str, Any]:
    return {"kind": "instance", "name": "web-1", "spec": {"image": "nginx:1.27", **spec}}


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ({"kind": "snapshot", "name": "x"}, "manifest.0.kind"),
        ({"kind": "vpc", "name": "x", "colour": "red"}, "manifest.0.colour"),
        ({"kind": "vpc", "name": "No", "spec": {}}, "manifest.0.name"),
        ({"kind": "vpc", "name": "x", "running": False}, "manifest.0.running"),
        ({"kind": "instance", "name": "x"}, "manifest.0.spec.image"),
        (_instance(name="y"), "manifest.0.spec.name"),
        (_instance(ports=[{"port": 80, "publish": 70000}]), "manifest.0.spec.ports.0.publish"),
        (_instance(vpc="vpc-" + "a" * 26), "manifest.0.spec.vpc"),
        (_instance(vpc="nosuch"), "manifest.0.spec.vpc"),
        (_instance(env={"TOKEN": _KEPT}), "manifest.0.spec.env.TOKEN"),
        (_instance(image=_KEPT), "manifest.0.spec.image"),
        (_instance(env={"TOKEN": {"from_env": "TOKEN"}}), "manifest.0.spec.env.TOKEN"),
    ],
)
async def test_a_manifest_is_refused_with_the_path_of_what_is_wrong(
    cloud: Cloud, document: dict[str, Any], field: str
) -> None:
    answer = await cloud.admin.post("/api/plans", json={"type": "apply", "manifest": [document]})
    assert refused(answer, 422, "invalid")["field"] == field


async def test_the_schema_needs_no_key_and_knows_every_kind(cloud: Cloud) -> None:
    answer = await cloud.client(None).get("/schemas/estate.json")
    assert answer.headers["content-type"].startswith("application/schema+json")
    schema = answer.json()
    kinds = [each["if"]["properties"]["kind"]["const"] for each in schema["allOf"]]
    assert set(kinds) == {each.kind for each in SAMPLES}
    assert schema["$defs"]["LaunchInstanceSpec"]["required"] == ["image"]


async def test_a_private_key_is_kept_with_its_certificate(cloud: Cloud) -> None:
    given = {"certificate": CERTIFICATE, "private_key": PRIVATE_KEY}
    balancer: dict[str, Any] = {
        "kind": "load_balancer",
        "name": "front",
        "spec": {"certificates": {"shop": given}, "listeners": []},
    }
    await _apply(cloud, [balancer])
    (exported,) = await _export(cloud)
    assert exported["spec"]["certificates"] == {"shop": _KEPT}
    assert (await _apply(cloud, [balancer]))["observed"]["steps"] == []
