"""The rules of subnets."""

import pytest

from domain.aggregate import Claim
from domain.errors import Conflict, Invalid
from domain.managed import BeingDeleted
from domain.subnet import (
    DefaultSubnet,
    Subnet,
    SubnetRangeTaken,
    address_claims,
    default_subnet_id,
    free_address,
    why_unusable,
)
from domain.vpc import Vpc, use_claim
from tests.domain.pretended import told
from tests.domain.refusals import refused


def vpc(cidr: str = "10.20.0.0/24") -> Vpc:
    made = Vpc.create("main", "web", cidr, {})
    told(made)
    return made


def default_of(made: Vpc) -> Subnet:
    found = Subnet.create_default(made)
    told(found)
    found.take_conditions()
    return found


def other_in(made: Vpc, cidr: str = "10.20.0.64/26", *, public: bool = True) -> Subnet:
    found = Subnet.create("main", "private", made, cidr, {}, public=public)
    told(found)
    return found


def test_the_default_subnet_has_the_range_of_its_vpc_and_an_id_that_follows_from_it() -> None:
    web = vpc()
    found = default_of(web)
    assert (found.id, found.name, found.cidr) == (default_subnet_id(web.id), "default", web.cidr)
    assert (found.is_default, found.public, found.internet, found.status) == (True, True, True, "available")


def test_a_subnet_takes_its_range_from_the_default_one_and_returns_it() -> None:
    web = vpc()
    default, other = default_of(web), other_in(web)
    default.cede(other)
    assert default.free_address(set(), start=60) == "10.20.0.128"
    assert default.why_unusable("10.20.0.70") == "it is in the range of another subnet"
    with refused(SubnetRangeTaken, "10.20.0.0/25", "10.20.0.64/26", field="cidr"):
        default.cede(other_in(web, "10.20.0.0/25"))
    other.delete()
    default.take_back(other)
    default.take_back(other)
    assert default.free_address(set(), start=60) == "10.20.0.64"
    assert told(default) == ["range_ceded", "range_returned"]


def test_who_read_the_ranges_before_they_changed_gets_no_place() -> None:
    web = vpc()
    default, other = default_of(web), other_in(web)
    before = default.place_claim()
    default.cede(other)
    assert default.conditions.releases == [before]
    assert default.conditions.claims == [default.place_claim()] != [before]
    assert default.place_claim() in default.held_claims()


def test_a_range_is_within_that_of_the_vpc() -> None:
    with refused(Invalid, "10.21.0.0/26", "10.20.0.0/24", field="cidr"):
        other_in(vpc(), "10.21.0.0/26")
    with refused(Invalid, "10.20.0.0/29", field="cidr"):
        other_in(vpc(), "10.20.0.0/29")


def test_neither_range_nor_subnet_changes_hands_while_an_address_of_it_is_in_use() -> None:
    web = vpc()
    other = other_in(web, "10.20.0.64/27")
    taken = address_claims(web.public_id, "10.20.0.85", web)
    assert [claim.key for claim in taken] == ["10.20.0.85"] * 2
    assert taken[1].scope in other.take_conditions().unused
    other.delete()
    assert other.conditions.unused == other.address_block_scopes()
    assert told(other) == ["delete_requested", "deleted"]


def test_the_first_four_addresses_and_the_last_one_are_given_to_nobody() -> None:
    assert [free_address("10.0.0.0/28", [], set(), start) for start in (0, 10, 11)] == [
        "10.0.0.4",
        "10.0.0.14",
        "10.0.0.4",
    ]
    for reserved in ("10.0.0.0", "10.0.0.3", "10.0.0.15"):
        assert "reserved" in (why_unusable("10.0.0.0/28", [], reserved) or "")
    assert why_unusable("10.0.0.0/28", [], "10.0.0.4") is None


def test_an_address_is_given_once_and_none_when_all_are_taken() -> None:
    taken: set[str] = set()
    for _ in range(11):
        found = free_address("10.0.0.0/28", [], taken, start=7)
        assert found is not None
        taken.add(found)
    assert len(taken) == 11
    assert free_address("10.0.0.0/28", [], taken, start=7) is None
    assert free_address("10.0.0.0/24", ["10.0.0.0/25", "10.0.0.128/25"], set(), 0) is None


def test_the_default_subnet_goes_with_its_vpc_only() -> None:
    web = vpc()
    default = default_of(web)
    assert use_claim(web.public_id, default) not in default.held_claims()
    with refused(DefaultSubnet, "default subnet", "web", "delete that"):
        default.delete()
    default.delete_with_vpc()
    assert default.status == "deleted"
    other = other_in(web)
    assert use_claim(web.public_id, other) in other.held_claims()


def test_a_subnet_with_members_that_publish_ports_stays_public() -> None:
    found = other_in(vpc())
    found.take_conditions()
    found.change_access(public=False)
    changed = found.take_conditions()
    assert changed.unused == [f"subnet-publish/{found.id}"]
    assert changed.releases == [found.public_claim()]
    found.change_access(public=True, internet=False)
    assert found.take_conditions().claims == [found.public_claim()]
    found.change_access(internet=False)
    assert told(found) == ["access_changed", "access_changed"]


def test_its_name_is_unique_in_its_vpc() -> None:
    found = other_in(vpc())
    assert found.name_claim() == Claim("name/main/subnet", "private.web", found.id)


def test_the_default_subnet_follows_its_vpc_to_another_range_while_it_is_alone() -> None:
    web = vpc()
    default = default_of(web)
    default.replace_range("10.30.0.0/24")
    assert default.cidr == "10.30.0.0/24"
    default.cede(other_in(vpc("10.30.0.0/24"), "10.30.0.0/26"))
    with refused(Conflict, "web", "other subnets"):
        default.replace_range("10.40.0.0/24")


def test_a_subnet_that_is_deleted_takes_no_change_and_holds_nothing() -> None:
    found = other_in(vpc())
    held = found.held_claims()
    found.delete()
    found.delete()
    assert found.held_claims() == []
    assert found.conditions.releases == held
    with refused(BeingDeleted, "private"):
        found.change_access(public=False)


@pytest.mark.parametrize("name", ["Private", "", "a.b"])
def test_names_follow_their_rules(name: str) -> None:
    with refused(Invalid, field="name"):
        Subnet.create("main", name, vpc(), "10.20.0.64/26", {})
