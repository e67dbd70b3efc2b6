"""Copies of a part of the cloud, beside it."""

from typing import Any

from domain.plan import Estate, Identity, Key, Resource, estate
from domain.plan.difference import plan
from domain.plan.facts import Facts, SnapshotFact
from domain.plan.fork import FORK_TAG, fork
from domain.plan.options import Mode, Options
from domain.plan.secrets import USE_PREVIOUS_VALUE

T = "2026-11-23T10:02:11Z"


def resource(kind: str, name: str, **spec: Any) -> Resource:
    return Resource(kind, name, spec, {}, None, Identity(f"{kind}-{name}", 3, "available"))


def shop() -> Estate:
    mounts = [{"volume": "data", "path": "/data"}]
    target = {
        "target_group": "default",
        "port": 80,
        "weight": 1,
        "instance": "web-1",
        "tags": None,
        "address": None,
    }
    outside = {**target, "instance": None, "address": "10.1.0.9"}
    attached = [{"load_balancer": "front", "port": 80, "target_group": "default", "weight": 1}]
    return estate(
        [
            resource("vpc", "shop", cidr="10.1.0.0/24"),
            resource("volume", "data", size_gb=None),
            resource(
                "database", "orders", vpc="shop", publish=5432, deletion_protection=True, replica_of=None
            ),
            resource(
                "instance",
                "web-1",
                vpc="shop",
                ports=[{"port": 80, "publish": 8081}],
                volumes=mounts,
                env={"TOKEN": USE_PREVIOUS_VALUE},
            ),
            resource(
                "load_balancer",
                "front",
                vpc="shop",
                listeners=[{"port": 80}, {"port": 443}],
                targets=[target, outside],
            ),
            resource(
                "scaling_group", "web", template={"vpc": "shop"}, min=1, desired=4, load_balancers=attached
            ),
        ]
    )


def test_a_fork_has_its_own_vpc_names_and_ports() -> None:
    copies = fork(shop(), "shop-debug", {443: 9443}).copies
    assert sorted(copies) == [
        ("database", "orders-debug"),
        ("instance", "web-1-debug"),
        ("load_balancer", "front-debug"),
        ("scaling_group", "web-debug"),
        ("volume", "data-debug"),
        ("vpc", "shop-debug"),
    ]
    assert {each.tags[FORK_TAG] for each in copies.values()} == {"shop-debug"}
    web = copies[Key("instance", "web-1-debug")].spec
    assert (web["vpc"], web["ports"][0]["publish"], web["volumes"][0]["volume"]) == (
        "shop-debug",
        None,
        "data-debug",
    )
    front = copies[Key("load_balancer", "front-debug")].spec
    assert front["listeners"] == [{"port": 9443}]
    assert [each["instance"] for each in front["targets"]] == ["web-1-debug"], (
        "addresses are of the other VPC"
    )
    group = copies[Key("scaling_group", "web-debug")].spec
    assert (group["desired"], group["template"]["vpc"]) == (1, "shop-debug")
    assert group["load_balancers"][0]["load_balancer"] == "front-debug"
    orders = copies[Key("database", "orders-debug")].spec
    assert (orders["publish"], orders["deletion_protection"]) == (None, False)


def test_the_plan_of_a_fork_copies_data_and_secrets_and_touches_nothing_else() -> None:
    now, made = shop(), fork(shop(), "shop-debug", {})
    facts = Facts(
        restorable=frozenset({"database-orders"}),
        snapshots={"volume-data": SnapshotFact("snap-1", "nightly", "vol-1", "2026-11-23T10:00:00Z", 131)},
    )
    steps = plan(made.copies, now, facts, Options(mode=Mode.FORK, to=T, originals=made.originals))
    assert {step.key.name.endswith("-debug") for step in steps} == {True}
    by_command = {(step.command, step.key.kind): step for step in steps}
    restored = by_command["restore_from_archive", "database"]
    assert restored.identity == now[Key("database", "orders")].identity
    assert restored.body == {"name": "orders-debug", "to": T, "vpc": "shop-debug", "publish": None}
    assert by_command["restore_from_snapshot", "volume"].body["volume"] == "vol-1"
    launched = by_command["launch", "instance"]
    assert launched.secrets_from == now[Key("instance", "web-1")].identity


def test_a_fork_of_what_is_in_the_default_vpc_gets_a_vpc_of_its_own() -> None:
    copies = fork(estate([resource("cache", "sessions", vpc="default")]), "trial", {}).copies
    assert sorted(copies) == [("cache", "sessions-trial"), ("vpc", "trial")]
    assert copies[Key("cache", "sessions-trial")].spec["vpc"] == "trial"


def test_what_is_in_a_vpc_keeps_its_name_and_its_share_of_the_range() -> None:
    named = {"protocol": "all", "group": "db", "cidr": None, "description": ""}
    originals = estate(
        [
            Resource("vpc", "shop", {"cidr": "10.1.0.0/16"}),
            Resource(
                "subnet", "inner", {"vpc": "shop", "cidr": "10.1.64.0/18", "public": False, "internet": True}
            ),
            Resource("security_group", "db", {"vpc": "shop", "ingress": [named], "egress": []}),
        ]
    )
    copies = fork(originals, "shop-debug", {}).copies
    inner = copies[Key("subnet", "inner.shop-debug")].spec
    assert (inner["cidr"], inner["prefix"], inner["vpc"]) == (None, 26, "shop-debug")
    assert copies[Key("security_group", "db.shop-debug")].spec["ingress"] == [named]
