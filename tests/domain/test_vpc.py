"""The rules of VPCs."""

import pytest

from domain.aggregate import Claim
from domain.errors import Invalid
from domain.managed import BeingDeleted
from domain.vpc import SUBNET_SCOPE, Vpc, use_scope
from tests.domain.pretended import told
from tests.domain.refusals import refused
from tests.domain.vpcs import stored_vpc


def created(cidr: str = "10.20.0.0/24") -> Vpc:
    vpc = Vpc.create("main", "web", cidr, {"env": "test"})
    told(vpc)
    return vpc


def test_a_vpc_has_a_private_range_that_overlaps_no_other_vpc() -> None:
    vpc = created("10.20.0.0/23")
    subnets = [claim for claim in vpc.conditions.claims if claim.scope == SUBNET_SCOPE]
    assert subnets == [
        Claim(SUBNET_SCOPE, "10.20.0.0/24", vpc.id, "web"),
        Claim(SUBNET_SCOPE, "10.20.1.0/24", vpc.id, "web"),
    ]
    with refused(Invalid, "`8.8.8.0/24`", "private IPv4 range", field="cidr"):
        created("8.8.8.0/24")


def test_a_range_that_an_earlier_version_accepted_is_loaded_and_can_be_deleted() -> None:
    vpc = stored_vpc("127.0.0.0/24")
    vpc.report_available()
    assert "not private" in (vpc.why_unreachable("127.0.0.2") or "")
    vpc.delete()
    vpc.report_deleted()
    assert Claim(SUBNET_SCOPE, "127.0.0.0/24", vpc.id, "old") in vpc.conditions.releases


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("10.20.0.0", "network or broadcast"),
        ("10.20.0.255", "network or broadcast"),
        ("10.20.0.1", "gateway"),
        ("10.20.1.2", "not in the range"),
        ("127.0.0.1", "not in the range"),
        ("::ffff:10.20.0.2", "not an IPv4 address"),
        ("10.20.2", "not an IPv4 address"),
        ("012.024.0.2", "not an IPv4 address"),
        ("host.example", "not an IPv4 address"),
    ],
)
def test_only_addresses_of_machines_in_its_network_can_be_reached(address: str, reason: str) -> None:
    vpc = created()
    vpc.report_available()
    assert vpc.why_unreachable("10.20.0.2") is None
    assert reason in (vpc.why_unreachable(address) or "")


def test_nothing_can_be_reached_before_its_network_exists() -> None:
    vpc = created()
    vpc.report_failed("cannot reach the engine")
    assert "not been created" in (vpc.why_unreachable("10.20.0.2") or "")
    vpc.report_available()
    vpc.report_failed("cannot reach the engine")
    assert vpc.why_unreachable("10.20.0.2") is None
    vpc.replace_range("10.20.1.0/24", "the host uses it")
    assert "not been created" in (vpc.why_unreachable("10.20.1.2") or "")


def test_a_range_that_was_chosen_gives_way_to_another_one() -> None:
    vpc = Vpc.create("main", "web", "10.20.0.0/24", {}, is_chosen=True)
    assert told(vpc) == ["create_requested"]
    vpc.take_conditions()
    vpc.replace_range("10.20.1.0/24", "the host uses it")
    assert told(vpc) == ["range_replaced"]
    assert (vpc.cidr, vpc.status) == ("10.20.1.0/24", "creating")
    changed = vpc.take_conditions()
    assert changed.releases == [Claim(SUBNET_SCOPE, "10.20.0.0/24", vpc.id, "web")]
    assert changed.claims == [Claim(SUBNET_SCOPE, "10.20.1.0/24", vpc.id, "web")]
    vpc.delete()
    with refused(BeingDeleted, "web", "deleting"):
        vpc.replace_range("10.20.2.0/24", "the host uses it")


def test_two_small_ranges_of_one_block_count_as_overlapping() -> None:
    one, other = created("10.20.0.0/28"), created("10.20.0.16/28")
    assert one.conditions.claims[2].key == other.conditions.claims[2].key


def test_a_vpc_in_use_cannot_be_deleted() -> None:
    vpc = created()
    vpc.take_conditions()
    vpc.delete()
    assert vpc.take_conditions().unused == [use_scope(vpc.id)]


def test_a_vpc_that_is_being_deleted_takes_no_new_instance_and_no_change() -> None:
    vpc = created()
    alive = vpc.alive_claim()
    assert alive in vpc.take_conditions().claims
    vpc.delete()
    assert vpc.conditions.releases == [alive]
    with refused(BeingDeleted, "web", "deleting"):
        vpc.change_tags({})


def test_deleting_twice_is_deleting_once() -> None:
    vpc = created()
    vpc.delete()
    vpc.delete()
    assert told(vpc) == ["delete_requested"]


def test_its_name_and_range_are_free_when_it_is_gone_and_not_before() -> None:
    vpc = created()
    taken = vpc.take_conditions().claims
    vpc.delete()
    vpc.report_deleted()
    vpc.report_deleted()
    assert told(vpc) == ["delete_requested", "deleted"]
    assert sorted(vpc.conditions.releases, key=str) == sorted(taken, key=str)
    assert (vpc.status, vpc.status_reason) == ("deleted", None)


def test_what_is_reported_twice_happened_once() -> None:
    vpc = created()
    vpc.report_available()
    vpc.report_available()
    vpc.report_failed("no answer")
    vpc.report_failed("no answer")
    assert (vpc.status, vpc.status_reason) == ("error", "no answer")
    vpc.report_available()
    assert told(vpc) == ["became_available", "failed", "became_available"]
    assert (vpc.status, vpc.status_reason) == ("available", None)


def test_a_vpc_that_is_being_deleted_does_not_become_available() -> None:
    vpc = created()
    vpc.delete()
    vpc.report_available()
    assert told(vpc) == ["delete_requested"]


def test_tags_are_replaced() -> None:
    vpc = created()
    vpc.change_tags({"env": "test"})
    assert told(vpc) == []
    vpc.change_tags({"env": "live"})
    assert (told(vpc), vpc.tags) == (["tags_changed"], {"env": "live"})


@pytest.mark.parametrize(("name", "tags", "field"), [("Web", {}, "name"), ("web", {"": ""}, "tags")])
def test_name_and_tags_follow_their_rules(name: str, tags: dict[str, str], field: str) -> None:
    with refused(Invalid, field=field):
        Vpc.create("main", name, "10.20.0.0/24", tags)
