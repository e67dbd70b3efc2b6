"""The rules of network interfaces."""

from dataclasses import replace

import pytest

from domain.errors import Conflict, Invalid
from domain.instance import Instance, InstanceTerminated, PortSpec
from domain.interface import GroupRef, Interface
from domain.load_balancer import BalancerSpec, Listener, LoadBalancer
from domain.security_group import SecurityGroup
from domain.subnet import PUBLIC_SCOPE, Subnet
from domain.vpc import Vpc
from tests.domain.pretended import EPOCH, instance, told
from tests.domain.refusals import refused

WEB = Vpc.create("main", "web", "10.20.0.0/24", {})
SUBNET = Subnet.create_default(WEB)
DEFAULT, OWN = (
    GroupRef(each.public_id, each.name)
    for each in (SecurityGroup.create_default(WEB), SecurityGroup.create("main", "db", WEB, {}))
)
THERE = Interface(SUBNET.public_id, "default", "10.20.0.9", (DEFAULT,))


def member(**changes: object) -> Instance:
    found = instance(vpc_id=WEB.id, vpc_public_id=WEB.public_id, vpc_name="web", **changes)
    found.assign_interface(THERE)
    told(found)
    return found


def scopes(found: Instance | LoadBalancer) -> list[str]:
    return [each.scope.partition("/")[0] for each in found.interface_claims()]


def test_an_interface_holds_its_address_and_its_groups() -> None:
    found = member()
    assert found.interface == THERE
    assert scopes(found) == ["address", "address-block", "security-group-use"]
    assert set(found.interface_claims()) <= set(found.held_claims()) & set(found.conditions.claims)
    assert [each.key for each in found.interface_claims()] == ["10.20.0.9", "10.20.0.9", found.public_id]


def test_what_publishes_a_port_is_in_a_public_subnet() -> None:
    found = member(ports=[PortSpec(80, 8080)])
    assert scopes(found)[-1] == "subnet-publish"
    assert [each.key for each in found.conditions.requires if each.scope == PUBLIC_SCOPE] == [
        SUBNET.public_id
    ]
    assert PUBLIC_SCOPE not in {each.scope for each in member(ports=[PortSpec(80)]).conditions.requires}


def test_other_groups_take_the_place_of_the_previous_ones() -> None:
    found = member()
    found.take_conditions()
    found.change_security_groups([OWN])
    changed = found.take_conditions()
    assert (found.interface, told(found)) == (
        replace(THERE, security_groups=(OWN,)),
        ["security_groups_changed"],
    )
    assert [(len(changed.claims), len(changed.releases))] == [(1, 1)]
    found.change_security_groups([OWN])
    assert told(found) == []


@pytest.mark.parametrize(
    ("groups", "words"),
    [([], "not 0"), ([OWN] * 6, "not 6"), ([OWN, OWN], "twice")],
)
def test_a_member_has_one_to_five_groups(groups: list[GroupRef], words: str) -> None:
    with refused(Invalid, words, field="security_groups"):
        member().change_security_groups(groups)


def test_groups_are_changed_of_what_lives_and_has_an_interface() -> None:
    found = member()
    found.terminate()
    with refused(InstanceTerminated, "terminating"):
        found.change_security_groups([OWN])
    with refused(Conflict, "it has none; retry"):
        instance().change_security_groups([OWN])


def test_another_address_releases_the_previous_one() -> None:
    found = member()
    found.take_conditions()
    found.assign_interface(replace(THERE, address="10.20.0.77"))
    changed = found.take_conditions()
    assert {each.key for each in changed.releases} == {"10.20.0.9"}
    assert {each.key for each in changed.claims} == {"10.20.0.77"}
    found.assign_interface(replace(THERE, address="10.20.0.77"))
    assert told(found) == ["interface_assigned"]


def test_the_address_is_free_in_the_trash_and_remembered() -> None:
    found = member()
    found.report_started("10.20.0.9", EPOCH)
    found.terminate(EPOCH)
    held = found.interface_claims()
    found.report_trashed(EPOCH)
    assert set(held) <= set(found.take_conditions().releases)
    assert found.held_claims() == []
    assert found.interface == THERE


def test_a_load_balancer_publishes_when_it_listens() -> None:
    balancer = LoadBalancer.create(BalancerSpec("main", "front", WEB.id, WEB.public_id, "web"))
    balancer.assign_interface(THERE)
    balancer.take_conditions()
    assert "subnet-publish" not in scopes(balancer)
    balancer.change_routes([Listener(8081)], None)
    changed = balancer.take_conditions()
    assert "subnet-publish" in {each.scope.partition("/")[0] for each in changed.claims}
    assert PUBLIC_SCOPE in {each.scope for each in changed.requires}
