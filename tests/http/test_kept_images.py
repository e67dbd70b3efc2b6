"""No account or role can access the preserved files of an instance through an image name over HTTP."""

from typing import Any

import httpx
import pytest

from tests.adapters.image_spellings import spellings
from tests.http.in_process import WAIT, Cloud, done

IMAGE = "nginx:1.27"
IMAGE_ID = "sha256:" + "1b" * 32
GROUP: dict[str, Any] = {"name": "web", "min": 0, "desired": 0, "max": 1}


@pytest.fixture
async def names(cloud: Cloud) -> list[str]:
    """Every spelling of an image with the files of an instance of the account ``main``."""
    victim = await cloud.launched("victim", image=IMAGE)
    done(await cloud.admin.post("/api/volumes", json={"name": "data"}, headers=WAIT), "available")
    done(await cloud.admin.post("/api/instances/victim/stop", headers=WAIT), "stopped")
    body = {"instance": "victim", "path": "/data"}
    done(await cloud.admin.post("/api/volumes/data/attach", json=body, headers=WAIT), "available")
    done(await cloud.admin.post("/api/instances/victim/start", headers=WAIT), "running")
    cloud.engine.known_images = {f"docker.io/library/{IMAGE}"}
    kept = cloud.engine.kept_images[victim["id"]]
    return spellings(kept.removeprefix("docker.io/library/"), IMAGE_ID)


@pytest.mark.parametrize(("account", "role"), [("other", "admin"), ("other", "operator"), ("main", "admin")])
async def test_kept_files_are_launched_in_no_way(
    cloud: Cloud, names: list[str], account: str, role: str
) -> None:
    client = await cloud.another(role, account)
    done(await client.post("/api/scaling-groups", json={**GROUP, "template": {"image": IMAGE}}))
    before = (await client.get("/api/scaling-groups/web")).json()["spec"]
    for name in names:
        template = {"template": {"image": name}}
        for method, path, body in (
            ("POST", "/api/instances", {"name": "attack", "image": name}),
            ("POST", "/api/scaling-groups", {**GROUP, "name": "attack", **template}),
            ("PATCH", "/api/scaling-groups/web", template),
            ("POST", "/api/scaling-groups/web/refresh", template),
            ("POST", "/api/databases", {"name": "attack", "engine": "postgres", "version": name}),
        ):
            answer = await client.request(method, path, json=body)
            assert is_refused(answer), (method, path, name, answer.text)
    assert (await client.get("/api/scaling-groups/web")).json()["spec"] == before
    assert (await client.get("/api/resources?kind=database")).json()["items"] == []
    assert all(each["name"] != "attack" for each in (await client.get("/api/resources")).json()["items"])


async def test_the_refusal_is_that_of_an_image_that_does_not_exist(cloud: Cloud, names: list[str]) -> None:
    client = await cloud.another("admin", "other")
    told: list[str] = []
    for name in (names[0], "nosuch:1"):
        answer = await client.post("/api/instances", json={"name": "attack", "image": name})
        told.append(answer.json()["detail"].replace(name, "…"))
    assert told[0] == told[1]


def is_refused(answer: httpx.Response) -> bool:
    problem = answer.json()
    return answer.status_code == 422 and problem["code"] in {"invalid", "unknown_image", "unknown_engine"}
