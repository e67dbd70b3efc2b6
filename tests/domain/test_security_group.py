"""The rules of security groups, and what they decide."""

from collections.abc import Sequence

import pytest

from domain.aggregate import Claim
from domain.errors import Invalid
from domain.managed import BeingDeleted
from domain.security_group import (
    MAX_RULES,
    DefaultGroup,
    Endpoint,
    Rule,
    RuleExists,
    SecurityGroup,
    UnknownRule,
    decide,
    default_group_id,
    group_use_scope,
)
from domain.vpc import Vpc, use_claim
from tests.domain.pretended import told
from tests.domain.refusals import refused

WEB = Vpc.create("main", "web", "10.20.0.0/24", {})


def group(name: str = "db", vpc: Vpc = WEB) -> SecurityGroup:
    made = SecurityGroup.create("main", name, vpc, {})
    told(made)
    made.take_conditions()
    return made


def postgres(cidr: str = "10.20.0.0/24", description: str = "") -> Rule:
    return Rule.allow("ingress", "tcp", 5432, cidr=cidr, description=description)


def from_group(other: SecurityGroup) -> Rule:
    return Rule.allow("ingress", "tcp", 5432, group=(other.public_id, other.name))


def test_a_new_group_lets_everything_out_and_nothing_in() -> None:
    assert [each.what for each in group().rules] == ["everything to 0.0.0.0/0"]
    assert group().has_default_rules()


def test_the_default_group_lets_everything_through_and_goes_with_its_vpc_only() -> None:
    found = SecurityGroup.create_default(WEB)
    assert found.id == default_group_id(WEB.id)
    assert [each.what for each in found.rules] == ["everything from 0.0.0.0/0", "everything to 0.0.0.0/0"]
    assert use_claim(WEB.public_id, found) not in found.held_claims()
    assert found.has_default_rules()
    with refused(DefaultGroup, "default security group", "web"):
        found.delete()
    found.revoke([found.rules[0].id])
    assert not found.has_default_rules()
    found.delete_with_vpc()
    assert found.status == "deleted"


def test_rules_are_authorized_and_revoked_and_none_twice() -> None:
    found = group()
    found.authorize([postgres()])
    with refused(RuleExists, "tcp 5432 from 10.20.0.0/24", "db", postgres().id, field="ingress"):
        found.authorize([postgres()])
    with refused(RuleExists, field="ingress"):
        group().authorize([postgres(), postgres(cidr="10.20.0.0/24", description="again")])
    found.revoke([postgres().id])
    with refused(UnknownRule, "sgr-", "db", field="rule_id"):
        found.revoke([postgres().id])
    assert told(found) == ["rules_authorized", "rules_revoked"]


def test_replacing_rules_changes_only_what_differs() -> None:
    found = group()
    found.replace_rules([postgres(), *found.rules])
    found.replace_rules(list(found.rules))
    assert told(found) == ["rules_authorized"]
    described = postgres(cidr="10.20.0.0/24", description="the network")
    found.replace_rules([described])
    assert told(found) == ["rules_revoked", "rules_described"]
    assert found.rules == (described,)


def test_a_rule_names_groups_of_the_same_vpc_only() -> None:
    found, peer = group(), group("app")
    stranger = group("app", Vpc.create("main", "other", "10.30.0.0/24", {}))
    with refused(Invalid, "app", "VPC web", field="group"):
        found.authorize([from_group(stranger)], [stranger])
    with refused(Invalid, "app", field="group"):
        found.authorize([from_group(peer)])
    found.authorize([from_group(peer)], [peer])
    assert found.conditions.requires == [peer.alive_claim()]
    found.authorize([from_group(found)])


def test_a_group_that_is_named_by_another_or_has_members_cannot_be_deleted() -> None:
    found, peer = group(), group("app")
    found.authorize([from_group(peer)], [peer])
    named = Claim(group_use_scope(peer.public_id), found.public_id, found.id, "db")
    assert found.take_conditions().claims == [named]
    found.authorize([from_group(found)])
    assert found.take_conditions().claims == []
    found.revoke([from_group(peer).id])
    assert found.take_conditions().releases == [named]
    peer.delete()
    assert peer.conditions.unused == [group_use_scope(peer.public_id)]
    assert told(peer) == ["delete_requested", "deleted"]
    with refused(BeingDeleted, "app"):
        peer.authorize([postgres()])


def test_a_group_has_at_most_sixty_rules_a_direction() -> None:
    found = group()
    many = [Rule.allow("ingress", "tcp", port, cidr="0.0.0.0/0") for port in range(1, MAX_RULES + 1)]
    found.authorize(many)
    with refused(Invalid, "at most 60 rules, not 61", field="ingress"):
        found.authorize([postgres()])


@pytest.mark.parametrize(
    ("protocol", "ports", "cidr", "field"),
    [
        ("sctp", (), "0.0.0.0/0", "protocol"),
        ("tcp", (), "0.0.0.0/0", "from_port"),
        ("tcp", (0,), "0.0.0.0/0", "from_port"),
        ("tcp", (90, 80), "0.0.0.0/0", "from_port"),
        ("udp", (80, 65536), "0.0.0.0/0", "from_port"),
        ("icmp", (8,), "0.0.0.0/0", "from_port"),
        ("all", (80,), "0.0.0.0/0", "from_port"),
        ("tcp", (80,), "::/0", "cidr"),
        ("tcp", (80,), "10.0.0.1/8", "cidr"),
        ("tcp", (80,), "web", "cidr"),
        ("tcp", (80,), None, "cidr"),
    ],
)
def test_what_no_rule_can_be_is_refused(
    protocol: str, ports: Sequence[int], cidr: str | None, field: str
) -> None:
    with refused(Invalid, field=field):
        Rule.allow("ingress", protocol, *ports, cidr=cidr)


def test_the_id_of_a_rule_follows_from_what_it_allows() -> None:
    assert (
        postgres().id == postgres(cidr="10.20.0.0/24", description="x").id != postgres(cidr="10.0.0.0/8").id
    )
    assert Rule.of(postgres().as_json()) == postgres()


APP = Endpoint("10.20.0.5", frozenset({"sg-app"}), "10.20.0.0/24")
DB = Endpoint("10.20.0.6", frozenset({"sg-db"}), "10.20.0.0/24")
OUT = Rule.allow("egress", "all", cidr="0.0.0.0/0")
NAMED = Rule.allow("ingress", "tcp", 5000, 6000, group=("sg-app", "app"))


def test_a_connection_needs_a_rule_of_each_end() -> None:
    rules = {"sg-app": [OUT], "sg-db": [NAMED]}
    found = decide(APP, DB, "tcp", 5432, rules)
    assert found.allowed
    assert found.ingress is not None
    assert found.egress is not None
    assert (found.egress.rule, found.ingress.rule) == (OUT, NAMED)
    assert decide(APP, DB, "tcp", 6001, rules).dropped_by == "ingress"
    assert decide(APP, DB, "udp", 5432, rules).dropped_by == "ingress"
    assert decide(DB, APP, "tcp", 5432, rules).dropped_by == "egress"


def test_rules_of_several_groups_add_up() -> None:
    both = Endpoint(DB.address, frozenset({"sg-db", "sg-more"}), DB.vpc_cidr)
    rules = {"sg-app": [OUT], "sg-db": [], "sg-more": [NAMED]}
    assert decide(APP, both, "tcp", 5432, rules).allowed
    assert not decide(APP, DB, "tcp", 5432, rules).allowed


def test_what_has_no_groups_is_checked_at_the_other_end_only() -> None:
    host = Endpoint("10.20.0.1")
    rules = {"sg-db": [Rule.allow("ingress", "icmp", cidr="10.20.0.1/32")]}
    assert decide(host, DB, "icmp", None, rules).allowed
    assert not decide(host, DB, "tcp", 80, rules).allowed
    assert decide(host, Endpoint("1.1.1.1"), "tcp", 80, rules).allowed


def test_nothing_crosses_the_border_of_a_vpc_or_of_a_subnet_without_internet() -> None:
    rules = {"sg-app": [OUT], "sg-db": [OUT]}
    stranger = Endpoint("10.30.0.5", frozenset({"sg-db"}), "10.30.0.0/24")
    assert "different VPCs" in decide(APP, stranger, "tcp", 80, rules).reason
    inside = Endpoint("10.20.0.7", frozenset({"sg-app"}), "10.20.0.0/24", has_internet=False)
    assert "no internet" in decide(inside, Endpoint("1.1.1.1"), "tcp", 443, rules).reason
    assert decide(inside, Endpoint("10.20.0.1"), "tcp", 80, rules).allowed
