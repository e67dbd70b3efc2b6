"""The body that creates a resource describes all of it, and can be read back from its document."""

from dataclasses import dataclass, field
from typing import Any

import orjson
import pytest

from domain.plan import Estate, Key
from domain.plan.estate import key_of
from domain.plan.secrets import USE_PREVIOUS_VALUE
from miniaws.commands import (
    cache,
    database,
    instance,
    load_balancer,
    queue,
    scaling_group,
    security_group,
    subnet,
    volume,
    vpc,
)
from miniaws.commands.body import Body
from projections.estate import estate
from projections.inventory import Query
from tests.certificates import pair
from tests.http.in_process import WAIT, Cloud, refused

CERTIFICATE, PRIVATE_KEY = pair("shop.example")
IMAGE = "nginx:1.27"
WEB = "10.66.0.0/24"
"""The range of the VPC that the samples are in."""


@dataclass(frozen=True)
class Sample:
    """A body with every field that a resource can begin with."""

    kind: str
    path: str
    model: type[Body]
    body: dict[str, Any]
    secrets: dict[str, Any] = field(default_factory=dict[str, Any])
    """What is shown in place of its secrets."""


SAMPLES = [
    Sample("vpc", "vpcs", vpc.CreateVpc, {"cidr": "10.77.0.0/24"}),
    Sample(
        "subnet",
        "subnets",
        subnet.CreateSubnet,
        {"vpc": "web", "cidr": "10.66.0.128/26", "public": False, "internet": False},
    ),
    Sample(
        "security_group",
        "security-groups",
        security_group.CreateSecurityGroup,
        {
            "vpc": "web",
            "ingress": [
                {
                    "protocol": "tcp",
                    "from_port": 80,
                    "to_port": 81,
                    "cidr": "0.0.0.0/0",
                    "description": "all",
                },
                {"protocol": "icmp", "group": "it"},
            ],
            "egress": [{"protocol": "all", "group": "default"}],
        },
    ),
    Sample(
        "volume",
        "volumes",
        volume.CreateVolume,
        {"snapshot_policy": {"schedule": "0 4 * * *", "retention_days": 3, "retention_count": 5}},
    ),
    Sample(
        "instance",
        "instances",
        instance.LaunchInstance,
        {
            "image": IMAGE,
            "env": {"TOKEN": "s3cret"},
            "user_data": "greeting=hello",
            "ports": [{"port": 80, "publish": None}],
            "volumes": [{"volume": "data", "path": "/data"}],
            "vpc": "web",
            "stop_signal": "SIGQUIT",
        },
        {"env": {"TOKEN": USE_PREVIOUS_VALUE}, "user_data": USE_PREVIOUS_VALUE},
    ),
    Sample(
        "cache",
        "caches",
        cache.CreateCache,
        {"version": "7", "persistence": "aof", "eviction": "noeviction", "parameters": {"hz": "20"}},
    ),
    Sample(
        "queue",
        "queues",
        queue.CreateQueue,
        {
            "engine": "rabbitmq",
            "version": "3",
            "memory_mb": 300,
            "username": "shop",
            "queues": {
                "orders": {"max_length": 10, "dead_letter": "failed", "durable": True, "max_age_s": None},
                "failed": {"max_length": None, "dead_letter": None, "durable": False, "max_age_s": 60},
            },
        },
    ),
    Sample(
        "database",
        "databases",
        database.CreateDatabase,
        {
            "version": "17",
            "class": "small",
            "database": "shop",
            "user": "shop",
            "parameters": {"work_mem": "8192"},
            "backup": {"schedule": "0 5 * * *", "retention_days": 9, "synchronous": True},
            "deletion_protection": True,
        },
    ),
    Sample(
        "load_balancer",
        "load-balancers",
        load_balancer.CreateLoadBalancer,
        {
            "vpc": "web",
            "sticky": True,
            "listeners": [
                {
                    "port": 18443,
                    "protocol": "https",
                    "certificates": ["shop"],
                    "rules": [{"path": "/api/*", "target_group": "api"}],
                }
            ],
            "target_groups": [{"name": "api", "algorithm": "least-connections"}],
            "timeouts": {"client_s": 7.0},
            "certificates": {"shop": {"certificate": CERTIFICATE, "private_key": PRIVATE_KEY}},
            "targets": [
                {"port": 8080, "tags": {"app": "shop"}, "weight": 2},
                {"port": 8080, "instance": "it", "target_group": "api"},
            ],
        },
        {"certificates": {"shop": USE_PREVIOUS_VALUE}},
    ),
    Sample(
        "scaling_group",
        "scaling-groups",
        scaling_group.CreateScalingGroup,
        {
            "template": {"image": IMAGE, "env": {"TOKEN": "s3cret"}, "vpc": "web", "tags": {"app": "shop"}},
            "min": 0,
            "desired": 0,
            "max": 4,
            "load_balancers": [{"load_balancer": "it", "port": 80}],
            "policies": {
                "busy": {"type": "target-tracking", "metric": "cpu", "target": 50},
                "nights": {"type": "scheduled", "cron": "0 20 * * *", "desired": 0},
            },
            "suspended": ["scaling"],
        },
        {"template": {"env": {"TOKEN": USE_PREVIOUS_VALUE}}},
    ),
]


async def test_every_kind_is_described_by_the_body_that_creates_it(cloud: Cloud) -> None:
    await _create(cloud, "vpcs", "web", {"cidr": WEB})
    await _create(cloud, "volumes", "data", {})
    for each in SAMPLES:
        await _create(cloud, each.path, "it", each.body)
    created = await _estate(cloud)
    for each in SAMPLES:
        found = created[key_of(each.kind, "it", each.body.get("vpc"))]
        given = each.model.model_validate({"name": "it", **each.body})
        asked = given.model_dump(
            by_alias=True, mode="json", exclude={"name", "tags", "address", "volume", "prefix"}
        )
        assert found.spec == _merged(asked, each.secrets), each.kind
        assert found.tags == {"app": "shop"}


async def _estate(cloud: Cloud) -> Estate:
    inventory = cloud.app.state.cloud.ports.inventory
    query = Query(at=await inventory.position(), account="main", limit=100)
    return estate(orjson.loads(each) for each in (await inventory.page(query)).documents)


def _merged(spec: dict[str, Any], secrets: dict[str, Any]) -> dict[str, Any]:
    inner = {
        name: _merged(spec[name], value) if name == "template" else value for name, value in secrets.items()
    }
    return {**spec, **inner}


async def _create(cloud: Cloud, path: str, name: str, body: dict[str, Any]) -> None:
    given = {"name": name, "tags": {"app": "shop"}, **body}
    answer = await cloud.admin.post(f"/api/{path}", json=given, headers=WAIT)
    assert answer.status_code == 202, f"{path}: {answer.text}"


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("volumes", {"snapshot_policy": {"schedule": "never"}}, "snapshot_policy.schedule"),
        (
            "queues",
            {"engine": "nats", "queues": {"a": {"dead_letter": "b"}}},
            "queues.a.dead_letter",
        ),
        ("load-balancers", {"targets": [{"port": 80}]}, "targets.0.instance"),
        (
            "load-balancers",
            {"certificates": {"a": {"certificate": "x", "private_key": "y"}}},
            "certificates.a.certificate",
        ),
        (
            "scaling-groups",
            {
                "template": {"image": IMAGE},
                "policies": {"p": {"type": "target-tracking", "metric": "requests", "target": 5}},
            },
            "policies.p.metric",
        ),
    ],
)
async def test_a_part_that_cannot_be_is_refused_with_its_whole_path(
    cloud: Cloud, path: str, body: dict[str, Any], field: str
) -> None:
    answer = await cloud.admin.post(f"/api/{path}", json={"name": "it", **body})
    assert refused(answer, 422, answer.json()["code"])["field"] == field
    assert (await cloud.admin.get(f"/api/{path}/it")).status_code == 404


async def test_a_replica_is_a_database_that_names_what_it_follows(cloud: Cloud) -> None:
    cloud.engine.completes.add("copy")
    await _create(cloud, "databases", "orders", {"class": "small", "user": "shop"})
    other = await cloud.admin.post(
        "/api/databases", json={"name": "copy", "replica_of": "orders", "user": "app"}
    )
    assert refused(other, 422, "invalid")["field"] == "user"
    await _create(cloud, "databases", "copy", {"replica_of": "orders", "user": "shop"})
    created = await _estate(cloud)
    assert created[Key("database", "copy")].spec["replica_of"] == "orders"
    assert list(created)[-1] == Key("database", "copy")
