"""The rules of load balancers."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Network
from typing import Any

import pytest

from domain import host_port
from domain.aggregate import Claim
from domain.errors import Invalid
from domain.load_balancer import (
    BalancerSpec,
    HealthCheck,
    Listener,
    LoadBalancer,
    Rule,
    Selector,
    TargetGroup,
    TargetSpec,
    Timeouts,
)
from domain.load_balancer.errors import TargetSelected, UnknownTarget
from domain.managed import BeingDeleted
from domain.values import public_id
from domain.watch import service_scope, watch_scope
from tests.domain.pretended import VPC, told
from tests.domain.refusals import reads_well, refused

RANGE = IPv4Network("10.20.0.0/24")
AT = datetime(2026, 1, 1, tzinfo=UTC)
WEB = TargetSpec("default", 80, instance_id="i-1", instance_name="web-1")
API = TargetGroup("api")


def spec(**changes: Any) -> BalancerSpec:
    wanted = BalancerSpec("main", "web", VPC, public_id("vpc", VPC), "default", [Listener(8081)])
    return replace(wanted, **changes)


def created(**changes: Any) -> LoadBalancer:
    balancer = LoadBalancer.create(spec(**changes))
    told(balancer)
    balancer.take_conditions()
    return balancer


def serving() -> LoadBalancer:
    balancer = created()
    balancer.register(WEB, RANGE)
    balancer.report_target(WEB.id, "healthy", None, "10.20.0.2", AT)
    told(balancer)
    balancer.take_conditions()
    return balancer


def check(field: str, value: Any) -> HealthCheck:
    return replace(HealthCheck(), **{field: value})


def ports(claims: list[Claim]) -> list[str]:
    return [claim.key for claim in claims if claim.scope == host_port.SCOPE]


def test_a_listeners_host_port_is_claimed_as_that_of_an_instance_is() -> None:
    balancer = LoadBalancer.create(spec(listeners=[Listener(8081), Listener(8082)]))
    assert ports(balancer.take_conditions().claims) == ["8081", "8082"]
    balancer.change_routes([Listener(8082), Listener(8083)], None)
    conditions = balancer.take_conditions()
    assert (ports(conditions.claims), ports(conditions.releases)) == (["8083"], ["8081"])
    assert ports(balancer.held_claims()) == ["8082", "8083"]


BAD: list[tuple[str, dict[str, Any]]] = [
    ("listeners.0.port", {"listeners": [Listener(0)]}),
    ("listeners.0.port", {"listeners": [Listener(65536)]}),
    ("listeners", {"listeners": [Listener(80), Listener(80)]}),
    ("listeners.0.protocol", {"listeners": [Listener(80, "udp")]}),  # pyright: ignore[reportArgumentType] - bad input
    ("listeners.0.target_group", {"listeners": [Listener(80, target_group="nosuch")]}),
    ("listeners.0.rules.0.target_group", {"listeners": [Listener(80, rules=(Rule("nosuch", path="/"),))]}),
    ("listeners", {"listeners": [Listener(80), Listener(81, "tcp")]}),
    ("listeners.0.rules", {"listeners": [Listener(80, "tcp", rules=(Rule("default", path="/"),))]}),
    ("listeners.0.rules.0.host", {"listeners": [Listener(80, rules=(Rule("default"),))]}),
    ("listeners.0.rules.0.host", {"listeners": [Listener(80, rules=(Rule("default", host="a b"),))]}),
    ("listeners.0.rules.0.path", {"listeners": [Listener(80, rules=(Rule("default", path="api\nx"),))]}),
    ("listeners.0.certificates", {"listeners": [Listener(80, "https")]}),
    ("listeners.0.certificates", {"listeners": [Listener(80, certificates=("web",))]}),
    ("listeners.0.certificates.0", {"listeners": [Listener(80, "https", certificates=("nosuch",))]}),
    ("listeners.0.max_connections", {"listeners": [Listener(80, max_connections=0)]}),
    ("target_groups", {"target_groups": [API]}),
    ("target_groups", {"target_groups": [TargetGroup(), TargetGroup()]}),
    ("algorithm", {"target_groups": [TargetGroup(algorithm="random")]}),  # pyright: ignore[reportArgumentType] - as above
    ("deregistration_delay_s", {"target_groups": [TargetGroup(deregistration_delay_s=3601)]}),
    (
        "sticky",
        {"listeners": [Listener(80, "tcp")], "target_groups": [TargetGroup(sticky=True)]},
    ),
    ("timeouts.connect_s", {"timeouts": Timeouts(connect_s=0)}),
    *(
        (
            f"health_check.{field}",
            {"target_groups": [TargetGroup(health_check=check(field, value))]},
        )
        for field, value in (
            ("timeout_s", 5),
            ("interval_s", 0.1),
            ("rise", 0),
            ("fall", 11),
            ("path", "health"),
            ("path", "/a b"),
            ("codes", "99"),
            ("codes", "300-200"),
            ("protocol", "grpc"),
        )
    ),
]


@pytest.mark.parametrize(("field", "changes"), BAD)
def test_what_can_never_be_right_is_refused(field: str, changes: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as found:
        LoadBalancer.create(spec(**changes))
    assert reads_well(found.value)
    assert found.value.field == field


def test_a_change_that_does_not_fit_changes_nothing() -> None:
    balancer = created()
    with pytest.raises(Invalid):
        balancer.change_routes([Listener(8082, target_group="api")], None)
    assert (told(balancer), balancer.take_conditions().claims) == ([], [])
    balancer.change_routes([Listener(8082, target_group="api")], [TargetGroup(), API])
    assert told(balancer) == ["target_groups_changed", "listeners_changed"]


@pytest.mark.parametrize("range_", ["127.0.0.0/24", "0.0.0.0/24", "169.254.169.0/24", "192.0.2.0/24"])
def test_no_address_of_a_stored_range_that_is_not_private_can_be_a_target(range_: str) -> None:
    network = IPv4Network(range_)
    with refused(Invalid, "not private", field="address"):
        created().register(TargetSpec("default", 80, address=str(network[7])), network)


def test_a_group_with_targets_cannot_be_removed() -> None:
    balancer = created(target_groups=[TargetGroup(), API])
    balancer.register(replace(WEB, target_group="api"), RANGE)
    with refused(Invalid, "cannot remove the target group api", "take them out first", field="target_groups"):
        balancer.change_routes(None, [TargetGroup()])


ADDRESSES = [
    "10.21.0.5",
    "10.20.0.0",
    "10.20.0.1",
    "10.20.0.255",
    "127.0.0.1",
    "127.1",
    "0177.0.0.1",
    "012.20.0.5",
    "0x0a.20.0.5",
    "169083909",
    "::1",
    "::ffff:10.20.0.5",
    "10.20.0.5%eth0",
    "10.20.0.5:8080",
    " 10.20.0.5",
    "10.20.0.5\n",
    "１0.20.0.5",  # noqa: RUF001 - a digit of another script
    "localhost",
    "web-1",
    "",
]


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_must_be_one_of_the_vpc(address: str) -> None:
    with refused(Invalid, "must be", "not ", field="address"):
        created().register(TargetSpec("default", 80, address=address), RANGE)


def test_registering_again_changes_the_weight_at_most() -> None:
    balancer = serving()
    balancer.register(WEB, RANGE)
    balancer.register(replace(WEB, weight=5), RANGE)
    assert told(balancer) == ["target_weight_changed"]
    assert balancer.targets[WEB.id].spec.weight == 5


def test_a_target_in_service_is_claimed_until_it_has_drained() -> None:
    balancer = created()
    balancer.register(WEB, RANGE)
    (watched,) = balancer.take_conditions().claims
    assert watched.scope == watch_scope("i-1")
    balancer.report_target(WEB.id, "initial", "new", "10.20.0.2", AT)
    (served,) = balancer.take_conditions().claims
    assert (served.scope, served.note) == (service_scope("i-1"), "web")
    balancer.deregister(WEB.id)
    balancer.report_target(WEB.id, "draining", "it was taken out", "10.20.0.2", AT)
    assert balancer.take_conditions().releases == []
    balancer.report_target(WEB.id, "unused", "drained", None, AT)
    assert {claim.scope for claim in balancer.take_conditions().releases} == {watched.scope, served.scope}
    assert told(balancer)[-1] == "target_released"
    assert balancer.targets == {}


def test_a_target_that_never_served_leaves_at_once() -> None:
    balancer = created()
    balancer.register(WEB, RANGE)
    balancer.deregister(WEB.id)
    assert told(balancer) == ["target_registered", "target_deregistered", "target_released"]


def test_registering_what_is_leaving_keeps_it() -> None:
    balancer = serving()
    balancer.deregister(WEB.id)
    with refused(UnknownTarget, "cannot find the target"):
        balancer.deregister(WEB.id)
    balancer.register(WEB, RANGE)
    assert not balancer.targets[WEB.id].is_leaving
    assert balancer.take_conditions().claims == []


def test_a_target_that_a_selector_brought_is_not_taken_out_by_hand() -> None:
    balancer = created()
    selector = Selector("default", {"role": "web"}, 80)
    balancer.select(selector)
    balancer.register(replace(WEB, selector=selector.id), RANGE)
    with refused(TargetSelected, "cannot take", "the selector default:role=web:80"):
        balancer.deregister(WEB.id)
    balancer.unselect(selector.id)
    assert balancer.targets == {}


def test_a_state_is_told_once() -> None:
    balancer = serving()
    balancer.report_target(WEB.id, "healthy", None, "10.20.0.2", AT)
    assert told(balancer) == []
    balancer.report_target(WEB.id, "unhealthy", "answered 500", "10.20.0.2", AT)
    balancer.report_target(WEB.id, "unhealthy", "answered 502", "10.20.0.2", AT + timedelta(seconds=9))
    assert told(balancer) == ["target_state_changed", "target_state_changed"]
    assert balancer.targets[WEB.id].since == AT


@pytest.mark.parametrize(
    ("state", "after_s", "waits"),
    [("healthy", 29, True), ("healthy", 31, False), ("draining", 329, True), ("draining", 331, False)],
)
def test_an_instance_waits_for_its_draining_but_never_for_ever(
    state: Any, after_s: int, *, waits: bool
) -> None:
    balancer = serving()
    balancer.report_target(WEB.id, state, None, "10.20.0.2", AT)
    assert balancer.is_draining("i-1", AT, AT + timedelta(seconds=after_s)) is waits
    assert not balancer.is_draining("i-2", AT, AT)


def test_a_balancer_that_is_being_deleted_takes_no_change() -> None:
    balancer = serving()
    balancer.delete()
    for change in (
        lambda: balancer.register(WEB, RANGE),
        lambda: balancer.change_routes([], None),
        lambda: balancer.change_timeouts(Timeouts(1, 1, 1, 1, 1)),
        lambda: balancer.select(Selector("default", {"a": "b"}, 80)),
    ):
        with pytest.raises(BeingDeleted):
            change()
    held = balancer.held_claims()
    balancer.report_deleted()
    assert balancer.take_conditions().releases == held
    assert balancer.held_claims() == []
