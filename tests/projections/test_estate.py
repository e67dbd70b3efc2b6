"""What would have to be asked for to create the resources that documents show."""

from ipaddress import IPv4Network
from typing import Any
from uuid import UUID

import pytest

from domain.instance import Instance, LaunchSpec, PortSpec
from domain.load_balancer import BalancerSpec, LoadBalancer, Selector, TargetGroup, TargetSpec
from domain.plan import Key
from domain.scaling_group import Attachment
from domain.scaling_group.template import OWNED_TAG
from domain.values import part_name, public_id
from domain.volume import Volume
from domain.vpc import Vpc
from projections import inventory
from projections.document import Document, fold
from projections.estate import KINDS, estate
from tests.projections.logs import recorded

assert inventory.CAPABILITIES

_VPC = UUID(int=7)


def _shown(aggregate: Any) -> Document:
    document: Document | None = None
    for event in recorded(aggregate, 1):
        document = fold(document, event)
    assert document is not None
    return document


def _instance(name: str = "web-1", **more: Any) -> Instance:
    given: dict[str, Any] = {
        "account_id": "acc",
        "name": name,
        "image": "nginx:1.27",
        "type": "micro",
        "vpc_id": _VPC,
        "vpc_public_id": public_id("vpc", _VPC),
        "vpc_name": "web",
        "restart": "always",
        **more,
    }
    return Instance.launch(LaunchSpec(**given), {})


def _balancer() -> LoadBalancer:
    spec = BalancerSpec("acc", "front", _VPC, public_id("vpc", _VPC), "web", [], [TargetGroup()])
    return LoadBalancer.create(spec)


def test_secrets_are_named_and_stay_as_they_are() -> None:
    instance = _instance(environment={"TOKEN": "s3cret"}, environment_id=UUID(int=9))
    found = estate([_shown(instance)])[Key("instance", "web-1")]
    assert found.spec["env"] == {"TOKEN": {"use_previous_value": True}}
    assert found.spec["user_data"] == ""


def test_what_follows_from_other_fields_is_left_out() -> None:
    spec = estate([_shown(_instance(ports=[PortSpec(80, 8080)]))])[Key("instance", "web-1")].spec
    assert {"cpus", "memory_mb"}.isdisjoint(spec)
    assert spec["ports"] == [{"port": 80, "publish": 8080}]


def test_a_resource_is_referred_to_by_the_name_that_it_has_now() -> None:
    document = _shown(Vpc.create("acc", "web-until-noon", "10.20.0.0/24", {}, is_chosen=False))
    document["id"] = public_id("vpc", _VPC)
    assert estate([_shown(_instance()), document])[Key("instance", "web-1")].spec["vpc"] == "web-until-noon"


@pytest.mark.parametrize(("changes", "running"), [((), True), (("stop",), False), (("stop", "start"), True)])
def test_an_instance_runs_unless_somebody_stopped_it(changes: tuple[str, ...], *, running: bool) -> None:
    instance = _instance()
    for change in changes:
        getattr(instance, change)()
    assert estate([_shown(instance)])[Key("instance", "web-1")].running is running


def test_parts_of_other_resources_and_what_is_gone_are_left_out() -> None:
    terminated, deleted = _instance("gone"), Volume.create("acc", "old", None, {})
    terminated.terminate()
    deleted.delete()
    of_server = Volume.create("acc", "restored", None, {})
    of_server.report_available()
    of_server.attach("cache-1", "sessions", "/data")
    part = Volume.create("acc", part_name("vol", UUID(int=1), "cache"), None, {})
    of_group = _shown(_instance("asg-1"))
    of_group["tags"] = {OWNED_TAG: "asg-1"}
    left_out = [*map(_shown, (terminated, deleted, of_server, part)), of_group]
    kept = _shown(Volume.create("acc", "data", 1, {"env": "test"}))
    assert list(estate([*left_out, kept])) == [Key("volume", "data")]


def test_targets_that_a_scaling_group_adds_are_its_own() -> None:
    balancer = _balancer()
    group = Attachment(balancer.public_id, "front", 80).selector("asg-1")
    balancer.select(group)
    balancer.select(Selector("default", {"app": "shop"}, 8080, 3))
    balancer.register(
        TargetSpec("default", 8080, instance_id="i-1", instance_name="web-1"), IPv4Network("10.20.0.0/24")
    )
    spec = estate([_shown(balancer)])[Key("load_balancer", "front")].spec
    nothing = {"instance": None, "tags": None, "address": None, "target_group": "default", "port": 8080}
    assert spec["targets"] == [
        {**nothing, "tags": {"app": "shop"}, "weight": 3},
        {**nothing, "instance": "web-1", "weight": 1},
    ]
    assert (spec["sticky"], spec["target_groups"]) == (False, [])


def test_an_estate_can_be_created_in_its_order() -> None:
    documents = [_shown(_balancer()), _shown(_instance()), _shown(Volume.create("acc", "data", None, {}))]
    kinds = [key.kind for key in estate(documents)]
    assert kinds == sorted(kinds, key=KINDS.index)
