"""Rules of security groups become as few rules of nftables as possible: a packet is compared with each in turn."""

from adapters.nftables.ruleset import ruleset
from domain.firewall import EVERYWHERE, FirewallGroup, FirewallMember, FirewallRule, FirewallTable


def ingress(*rules: FirewallRule) -> tuple[str, ...]:
    """Return the chain of ingress rules of a member, without its end."""
    member = FirewallMember("i-1", "10.0.0.9", ("sg-a",))
    table = FirewallTable({"vpc-1": "10.0.0.0/24"}, (FirewallGroup("sg-a", "vpc-1", rules),), (member,))
    chains = ruleset(table, lambda _: "bridge").chains
    (name,) = [each for each in chains if each.startswith("in-")]
    *found, end = chains[name].rules
    assert end == 'counter name "sg-a" drop'
    return tuple(found)


def tcp(first: int, last: int, cidr: str) -> FirewallRule:
    return FirewallRule("ingress", "tcp", first, last, cidr=cidr)


def test_ports_of_one_range_are_one_rule() -> None:
    rules = tcp(80, 90, "10.0.0.0/24"), tcp(85, 100, "10.0.0.0/24"), tcp(443, 443, "10.0.0.0/24")
    assert ingress(*rules) == ("ip saddr { 10.0.0.0/24 } tcp dport { 80-100, 443 } return",)


def test_ranges_of_the_same_ports_are_one_rule() -> None:
    rules = tcp(80, 80, "10.0.0.0/25"), tcp(80, 80, "10.0.0.128/25"), tcp(80, 80, "192.0.2.7/32")
    assert ingress(*rules) == ("ip saddr { 10.0.0.0/24, 192.0.2.7/32 } tcp dport { 80 } return",)


def test_a_range_of_everything_is_no_condition() -> None:
    assert ingress(tcp(80, 80, EVERYWHERE), tcp(80, 80, "10.0.0.0/24")) == ("tcp dport { 80 } return",)
    assert ingress(FirewallRule("ingress", "all", cidr=EVERYWHERE)) == ("return",)


def test_a_group_is_a_set_of_addresses() -> None:
    rule = FirewallRule("ingress", "udp", 53, 53, group_id="sg-a")
    assert ingress(rule) == ("ip saddr @group-sg-a udp dport { 53 } return",)


def test_a_group_that_is_not_there_allows_nothing() -> None:
    assert ingress(FirewallRule("ingress", "all", group_id="sg-gone")) == ()
