"""Invalid input is refused with a helpful reason, and changes nothing."""

import json
from collections.abc import AsyncIterator
from typing import Any

from domain.errors import Unreachable
from tests.http.in_process import WAIT, Cloud, done, refused

LAUNCH: dict[str, Any] = {"name": "web-1", "image": "nginx:1.27"}
TEN_MB = 10 * 1024 * 1024

BODIES: list[tuple[str, dict[str, Any], str, str]] = [
    ("/api/vpcs", {}, "name", "`name` must be given"),
    ("/api/vpcs", {"name": "web", "nmae": 1}, "nmae", "unknown field"),
    ("/api/vpcs", {"name": 1}, "name", "`name` must be a text"),
    ("/api/vpcs", {"name": None}, "name", "`name` must be a text"),
    ("/api/vpcs", {"name": "Web"}, "name", "1 to 63 lower-case letters"),
    ("/api/vpcs", {"name": "a" * 64}, "name", "1 to 63"),
    ("/api/vpcs", {"name": "a\u202eb"}, "name", "1 to 63"),
    ("/api/vpcs", {"name": "web", "cidr": "10.0.0.0/8"}, "cidr", "between /16 and /28"),
    ("/api/vpcs", {"name": "web", "cidr": "x"}, "cidr", "`x`"),
    (
        "/api/vpcs",
        {"name": "web", "cidr": "172.17.0.0/24"},
        "cidr",
        "the host has a network in 172.17.0.0/16",
    ),
    ("/api/vpcs", {"name": "web", "tags": {"": "x"}}, "tags", "must have keys of 1 to 128"),
    ("/api/vpcs", {"name": "web", "tags": {"a": 1}}, "tags.a", "must be a text"),
    ("/api/vpcs", {"name": "web", "tags": []}, "tags", "must be an object"),
    ("/api/volumes", {"name": "data", "size_gb": 0}, "size_gb", "`size_gb` must be from 1 to 16384, not 0"),
    ("/api/volumes", {"name": "data", "size_gb": 10**30}, "size_gb", "must be from 1 to 16384"),
    ("/api/volumes", {"name": "data", "size_gb": "1"}, "size_gb", "must be a whole number"),
    ("/api/volumes", {"name": "data", "size_gb": True}, "size_gb", "must be a whole number"),
    ("/api/volumes", {"name": "data", "size_gb": 1.5}, "size_gb", "must be a whole number"),
    (
        "/api/caches",
        {"name": "c", "persistence": "aof", "storage_gb": 16385},
        "storage_gb",
        "must be from 1 to 16384, not 16385",
    ),
    ("/api/queues", {"name": "q", "engine": "nats", "version": ""}, "version", "must not be empty"),
    ("/api/vpcs", {"name": "web", "cidr": ""}, "cidr", "must not be empty"),
    (
        "/api/databases/db/replicas",
        {"name": "r", "storage_gb": 16385},
        "storage_gb",
        "must be from 1 to 16384, not 16385",
    ),
    (
        "/api/keys",
        {"name": "ci", "role": "root"},
        "role",
        "must be one of viewer, operator, admin; not `root`",
    ),
    ("/api/keys", {"name": "ci", "role": "viewer", "expires_at": "2099-01-01"}, "expires_at", "time zone"),
    ("/api/keys", {"name": "ci", "role": "viewer", "expires_at": "soon"}, "expires_at", "RFC 3339"),
    ("/api/instances", {**LAUNCH, "name": "vpc-" + "a" * 26}, "name", "not look like an id"),
    ("/api/instances", {**LAUNCH, "image": ""}, "image", "`nginx:1.27`"),
    ("/api/instances", {**LAUNCH, "image": "UPPER"}, "image", "`UPPER`"),
    ("/api/instances", {**LAUNCH, "type": "huge"}, "type", "nano, micro, small, medium, large"),
    (
        "/api/instances",
        {**LAUNCH, "capabilities": ["SYS_ADMIN"]},
        "capabilities.0",
        "must be one of AUDIT_WRITE, IPC_LOCK",
    ),
    (
        "/api/instances",
        {**LAUNCH, "capabilities": ["MKNOD", "MKNOD"]},
        "capabilities",
        "`MKNOD` is given twice",
    ),
    ("/api/instances", {**LAUNCH, "stop_grace_s": 601}, "stop_grace_s", "600"),
    ("/api/instances", {**LAUNCH, "stop_signal": "SIGSTOP"}, "stop_signal", "must be one of SIGHUP, SIGINT"),
    ("/api/instances", {**LAUNCH, "init": "perhaps"}, "init", "must be true or false"),
    ("/api/instances", {**LAUNCH, "restart": "maybe"}, "restart", "must be one of always, on-failure, never"),
    ("/api/instances", {**LAUNCH, "ports": [{"port": 0}]}, "ports.0.port", "must be from 1 to 65535, not 0"),
    (
        "/api/instances",
        {**LAUNCH, "ports": [{"port": 80, "publish": 65536}]},
        "ports.0.publish",
        "65535, not 65536",
    ),
    ("/api/instances", {**LAUNCH, "ports": [{"port": 80}, {"port": 80}]}, "ports", "`80` is given twice"),
    ("/api/instances", {**LAUNCH, "ports": [{"port": 80}] * 101}, "ports", "at most 100 entries"),
    ("/api/instances", {**LAUNCH, "volumes": [{"volume": "x"}]}, "volumes.0.path", "must be given"),
    ("/api/instances", {**LAUNCH, "env": {"1A": ""}}, "env", "`1A`"),
    ("/api/instances", {**LAUNCH, "env": {"A": 1}}, "env.A", "must be a text"),
    ("/api/instances", {**LAUNCH, "command": "ls"}, "command", "must be a list"),
    ("/api/instances", {**LAUNCH, "command": ["a"] * 101}, "command", "at most 100 arguments"),
    (
        "/api/databases",
        {"name": "db", "backup": {"schedule": "whenever"}},
        "backup.schedule",
        "five fields",
    ),
    (
        "/api/databases",
        {"name": "db", "backup": {"drill_schedule": "x"}},
        "backup.drill_schedule",
        "five fields",
    ),
    (
        "/api/databases",
        {"name": "db", "engine": "mariadb", "backup": {"synchronous": True}},
        "backup.synchronous",
        "only Postgres",
    ),
    ("/api/scaling-groups", {"name": "web", "template": {"image": "UPPER"}}, "template.image", "`UPPER`"),
    (
        "/api/scaling-groups",
        {"name": "web", "template": {"image": "nginx:1.27", "type": "huge"}},
        "template.type",
        "nano, micro",
    ),
    (
        "/api/scaling-groups",
        {"name": "web", "template": {"image": "nosuch:1"}, "min": 2, "max": 1},
        "min",
        "at most `max`, which is 1; not 2",
    ),
    (
        "/api/scaling-groups",
        {"name": "web", "template": {"image": "nginx:1.27", "ports": [{"port": 80, "publish": 80}]}},
        "template.ports.0.publish",
        "load balancer",
    ),
    (
        "/api/load-balancers",
        {"name": "lb", "health_check": {"interval_s": 1, "timeout_s": 2}},
        "health_check.timeout_s",
        "shorter",
    ),
    (
        "/api/load-balancers",
        {"name": "lb", "target_groups": [{"name": "api"}, {"name": "web", "health_check": {"codes": "x"}}]},
        "target_groups.1.health_check.codes",
        "200-299",
    ),
    (
        "/api/load-balancers",
        {
            "name": "lb",
            "listeners": [
                {"port": 18_001},
                {"port": 18_002, "rules": [{"path": "/", "target_group": "default"}, {"target_group": "x"}]},
            ],
        },
        "listeners.1.rules.1.host",
        "a condition",
    ),
    (
        "/api/load-balancers",
        {"name": "lb", "listeners": [{"port": 18_001, "rules": [{"path": "/", "target_group": "x"}]}]},
        "listeners.0.rules.0.target_group",
        "must be one of default",
    ),
    ("/api/load-balancers", {"name": "lb", "timeouts": {"queue_s": 0}}, "timeouts.queue_s", "0.05"),
]

NULS: list[tuple[str, dict[str, Any], str]] = [
    ("/api/vpcs", {"name": "a\0"}, "name"),
    ("/api/vpcs", {"name": "web", "tags": {"a\0b": "x"}}, "tags"),
    ("/api/vpcs", {"name": "web", "tags": {"a": "x\0"}}, "tags.a"),
    ("/api/instances", {**LAUNCH, "command": ["ls", "\0"]}, "command.1"),
    ("/api/instances", {**LAUNCH, "env": {"A": "\0"}}, "env.A"),
    ("/api/instances", {**LAUNCH, "vpc": "\0"}, "vpc"),
    ("/api/instances", {**LAUNCH, "volumes": [{"volume": "\0", "path": "/x"}]}, "volumes.0.volume"),
    ("/api/keys", {"name": "ci", "role": "viewer", "account": "\0"}, "account"),
    ("/api/volumes/data/attach", {"instance": "\0", "path": "/x"}, "instance"),
    ("/api/instances/web/exec", {"command": ["\0"]}, "command.0"),
]


async def _versions(cloud: Cloud) -> int:
    return await cloud.app.state.cloud.ports.store.head()


async def test_a_wrong_field_is_named_with_its_rule_and_changes_nothing(cloud: Cloud) -> None:
    before = await _versions(cloud)
    for path, body, field, words in BODIES:
        problem = refused(await cloud.admin.post(path, json=body), 422, "invalid", words)
        assert problem["field"] == field, body
    assert await _versions(cloud) == before


async def test_no_string_holds_a_nul_character(cloud: Cloud) -> None:
    before = await _versions(cloud)
    for path, body, field in NULS:
        problem = refused(
            await cloud.admin.post(path, json=body),
            422,
            "invalid",
            "hold a NUL character; remove",
        )
        assert problem["field"] == field, body
    for path in ("/api/vpcs/%00", "/api/vpcs/a%00b", "/api/vpcs?name=%00", "/api/vpcs?tag=a%3D%00"):
        refused(await cloud.admin.get(path), 400, "malformed_url", "NUL")
    assert await _versions(cloud) == before


async def test_an_escaped_backslash_is_no_nul_character(cloud: Cloud) -> None:
    body = {"name": "web", "tags": {"a": "\\u0000"}}
    assert done(await cloud.admin.post("/api/vpcs", json=body))["tags"] == {"a": "\\u0000"}


async def test_half_a_character_is_refused(cloud: Cloud) -> None:
    """A lone surrogate is valid JSON, but cannot be stored as text."""
    for field, body in (
        ("name", b'{"name": "\\ud800"}'),
        ("tags.a", b'{"name": "web", "tags": {"a": "x\\udfff"}}'),
        ("tags", b'{"name": "web", "tags": {"\\ud800": "x"}}'),
    ):
        answer = await cloud.admin.post(
            "/api/vpcs", content=body, headers={"Content-Type": "application/json"}
        )
        assert refused(answer, 422, "invalid", "half of a surrogate pair")["field"] == field


async def test_text_of_every_language_is_kept(cloud: Cloud) -> None:
    tags = {"größe": "größer 😀 漢字"}
    assert done(await cloud.admin.post("/api/vpcs", json={"name": "web", "tags": tags}))["tags"] == tags
    assert (await cloud.admin.get("/api/vpcs/web")).json()["tags"] == tags


async def test_broken_json_is_refused(cloud: Cloud) -> None:
    for text in ("{", "nonsense", '{"name": "web",}', "{'name': 'web'}", "\0"):
        answer = await cloud.admin.post(
            "/api/vpcs", content=text, headers={"Content-Type": "application/json"}
        )
        refused(answer, 400, "malformed_json", "no valid JSON")
    refused(await cloud.admin.post("/api/vpcs"), 422, "invalid", "must be given")


async def test_json_that_is_no_object_is_refused(cloud: Cloud) -> None:
    for body in ("[]", "1", '"web"', "null", "true"):
        answer = await cloud.admin.post(
            "/api/vpcs", content=body, headers={"Content-Type": "application/json"}
        )
        assert refused(answer, 422, "invalid")["field"] == "body", body


async def test_json_as_deep_as_a_well_is_refused(cloud: Cloud) -> None:
    text = '{"name": ' + "[" * 100_000 + "]" * 100_000 + "}"
    answer = await cloud.admin.post("/api/vpcs", content=text, headers={"Content-Type": "application/json"})
    assert answer.status_code in {400, 422}, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_body_of_another_type_is_refused(cloud: Cloud) -> None:
    for content_type in ("text/plain", "application/x-www-form-urlencoded", "application/xml"):
        answer = await cloud.admin.post(
            "/api/vpcs", content=json.dumps({"name": "web"}), headers={"Content-Type": content_type}
        )
        refused(answer, 415, "unsupported_media_type", "Content-Type: application/json")


async def test_ten_megabytes_are_not_read(cloud: Cloud) -> None:
    body = {"name": "web", "tags": {"a": "x" * TEN_MB}}
    refused(await cloud.admin.post("/api/vpcs", json=body), 413, "too_large", "1024 KiB", "send less")
    taken: list[int] = []

    async def endless() -> AsyncIterator[bytes]:
        for number in range(TEN_MB // 65536):
            taken.append(number)
            yield b"x" * 65536

    answer = await cloud.admin.post(
        "/api/vpcs", content=endless(), headers={"Content-Type": "application/json"}
    )
    refused(answer, 413, "too_large", "1024 KiB")
    assert len(taken) < 20, "it was read to its end"


async def test_an_unknown_image_is_refused_before_anything_is_made(cloud: Cloud) -> None:
    answer = await cloud.admin.post("/api/instances", json={**LAUNCH, "image": "nosuch:1"})
    assert refused(answer, 422, "unknown_image", "`nosuch:1`", "build or load it")["field"] == "image"
    assert (await cloud.admin.get("/api/instances?ended=true")).json()["items"] == []


async def test_an_unknown_or_ended_resource_is_told(cloud: Cloud) -> None:
    document = await cloud.launched()
    done(await cloud.admin.delete("/api/instances/web-1", headers=WAIT), "terminated")
    refused(await cloud.admin.post("/api/instances/web-1/start"), 404, "not_found", "instance `web-1`")
    refused(
        await cloud.admin.post(f"/api/instances/{document['id']}/start"), 409, "instance_terminated", "web-1"
    )
    again = done(await cloud.admin.delete(f"/api/instances/{document['id']}"), "terminated")
    assert again["id"] == document["id"]
    for path in (
        "/api/instances/nosuch",
        "/api/vpcs/" + document["id"],
        "/api/resources/x",
        "/api/resources/web",
    ):
        refused(await cloud.admin.get(path), 404, "not_found")


async def test_a_range_that_overlaps_is_refused(cloud: Cloud) -> None:
    done(await cloud.admin.post("/api/vpcs", json={"name": "a", "cidr": "10.50.0.0/23"}))
    answer = await cloud.admin.post("/api/vpcs", json={"name": "b", "cidr": "10.50.1.128/25"})
    assert refused(answer, 409, "range_taken", "10.50.1.128/25", "10.50.1.0/24")["field"] == "cidr"


async def test_a_pool_that_is_used_up_is_told(cloud: Cloud) -> None:
    cloud.engine.occupied.append("10.0.0.0/8")
    answer = await cloud.admin.post("/api/vpcs", json={"name": "web"})
    refused(answer, 409, "no_free_range", "10.201.0.0/16", "MINIAWS_VPC_POOL")


async def test_a_size_that_cannot_be_kept_here_is_refused(cloud: Cloud) -> None:
    cloud.engine.limits_size = False
    answer = await cloud.admin.post("/api/volumes", json={"name": "data", "size_gb": 1})
    assert refused(answer, 422, "invalid", "leave `size_gb` out")["field"] == "size_gb"


async def test_nothing_to_change_is_refused(cloud: Cloud) -> None:
    described = (await cloud.admin.get("/openapi.json")).json()
    schemas, changed = described["components"]["schemas"], set[str]()
    for path, operations in described["paths"].items():
        if "patch" in operations:
            schema = operations["patch"]["requestBody"]["content"]["application/json"]["schema"]
            fields = schemas[schema["$ref"].rpartition("/")[2]]["properties"]
            for body in ({}, dict.fromkeys(fields)):
                answer = await cloud.admin.patch(path.format(id_or_name="web-1"), json=body)
                problem = refused(answer, 422, "invalid", *(f"`{field}`" for field in fields))
                assert problem["detail"].startswith("`body` must have "), path
            changed.add(path)
    assert len(changed) > 8
    answer = await cloud.admin.patch("/api/scaling-groups/web", json={"template": {}})
    assert (
        refused(answer, 422, "invalid", "`template` must have at least one of", "`image`")["field"]
        == "template"
    )


async def test_a_type_with_more_cores_than_the_machine_has(cloud: Cloud) -> None:
    small = done(await cloud.admin.post("/api/instances", json={**LAUNCH, "name": "small"}))
    cloud.engine.cores = 1
    for answer in (
        await cloud.admin.post("/api/instances", json={**LAUNCH, "type": "large"}),
        await cloud.admin.patch(f"/api/instances/{small['id']}", json={"type": "large"}),
    ):
        problem = refused(
            answer, 422, "invalid", "takes 2 cores", "has 1", "must be one of nano, micro, small, medium; not"
        )
        assert problem["field"] == "type"
    listed = (await cloud.admin.get("/api/instances")).json()["items"]
    assert [(each["name"], each["spec"]["type"]) for each in listed] == [("small", "micro")]


async def test_a_bad_image_is_refused_for_a_group_as_for_an_instance(cloud: Cloud) -> None:
    before = await _versions(cloud)
    # No image may reach an engine that would answer such a path with an error of its own.
    cloud.engine.fail("images.is_available", Unreachable("cannot reach the engine"), None)
    for image in ("UPPER", "a/../b", "../containers/json", "a b", "", "a?b=c", "nginx:1.27#x", "a" * 5000):
        launched = await cloud.admin.post("/api/instances", json={**LAUNCH, "image": image})
        group = {"name": "web", "min": 1, "max": 2, "template": {"image": image}}
        grouped = await cloud.admin.post("/api/scaling-groups", json=group)
        problem = refused(launched, 422, "invalid", "`image` must be a name")
        assert refused(grouped, 422, "invalid")["detail"] == problem["detail"].replace(
            "`image", "`template.image"
        )
        assert problem["field"] == "image"
    assert await _versions(cloud) == before
