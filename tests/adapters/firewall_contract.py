"""The contract of every adapter of Firewall."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from ipaddress import IPv4Network

import pytest

from domain.errors import Refused
from domain.firewall import (
    EVERYWHERE,
    Firewall,
    FirewallGroup,
    FirewallMember,
    FirewallRule,
    FirewallTable,
    TransportProtocol,
)
from domain.ports import ContainerSpec
from tests.adapters.world import Infrastructure

EVERYTHING_OUT = FirewallRule("egress", "all", cidr=EVERYWHERE)
EVERYTHING_IN = FirewallRule("ingress", "all", cidr=EVERYWHERE)


@dataclass
class Scene:
    """A firewall, and the network that it is about."""

    firewall: Firewall
    world: Infrastructure
    flush: Callable[[], Awaitable[None]]

    def address(self, number: int) -> str:
        return str(IPv4Network(self.world.cidr)[number])

    def spec(self, word: str, number: int) -> ContainerSpec:
        return self.world.spec(word, address=self.address(number))

    def member(self, word: str, number: int, *groups: str) -> FirewallMember:
        return FirewallMember(self.world.id("i", word), self.address(number), groups)

    def group(self, id_: str, *rules: FirewallRule) -> FirewallGroup:
        return FirewallGroup(id_, self.world.network_id, rules)

    def table(self, *groups: FirewallGroup, members: tuple[FirewallMember, ...] = ()) -> FirewallTable:
        return FirewallTable({self.world.network_id: self.world.cidr}, groups, members)

    async def two(self, *rules: FirewallRule) -> FirewallTable:
        """Run a client, which may connect to everything, and a server, whose group has these rules."""
        client, server = self.member("client", 20, "sg-clients"), self.member("server", 30, "sg-servers")
        groups = self.group("sg-clients", EVERYTHING_OUT), self.group("sg-servers", *rules)
        table = self.table(*groups, members=(client, server))
        await self.firewall.apply(table)
        for word, number in (("client", 20), ("server", 30)):
            await self.world.running(self.spec(word, number))
        return table

    async def passes(
        self, protocol: TransportProtocol = "tcp", port: int | None = 8080, *, to: int = 30
    ) -> bool:
        client = self.world.id("i", "client")
        return await self.firewall.probe(client, self.address(to), protocol, port, 1)


class FirewallContract:
    async def test_rules_can_be_enforced(self, scene: Scene) -> None:
        assert await scene.firewall.why_unavailable() is None

    async def test_applying_twice_changes_nothing(self, scene: Scene) -> None:
        table = scene.table(scene.group("sg-a", EVERYTHING_IN), members=(scene.member("web", 20, "sg-a"),))
        assert await scene.firewall.apply(table)
        assert not await scene.firewall.apply(table)
        assert await scene.firewall.is_intact()
        assert await scene.firewall.apply(replace(table, members=()))
        assert await scene.firewall.is_intact()

    async def test_only_what_a_rule_allows_passes(self, scene: Scene) -> None:
        rules = (
            FirewallRule("ingress", "tcp", 8000, 8080, group_id="sg-clients"),
            FirewallRule("ingress", "udp", 53, 53, cidr=scene.world.cidr),
            FirewallRule("ingress", "udp", 54, 54, cidr="192.0.2.0/24"),
        )
        await scene.two(*rules)
        assert [await scene.passes("tcp", port) for port in (8080, 8081)] == [True, False]
        assert [await scene.passes("udp", port) for port in (53, 54)] == [True, False]
        assert not await scene.passes("icmp", None)

    async def test_what_is_dropped_is_counted_for_the_group(self, scene: Scene) -> None:
        await scene.two()
        assert not await scene.passes()
        dropped = await scene.firewall.dropped()
        assert dropped["sg-servers"] > 0
        assert dropped["sg-clients"] == 0

    async def test_a_rule_that_goes_is_not_enforced_any_more(self, scene: Scene) -> None:
        table = await scene.two(EVERYTHING_IN)
        assert await scene.passes()
        without = (table.groups[0], scene.group("sg-servers"))
        await scene.firewall.apply(replace(table, groups=without))
        assert not await scene.passes()

    async def test_without_an_egress_rule_nothing_leaves(self, scene: Scene) -> None:
        table = await scene.two(EVERYTHING_IN)
        silent = scene.group("sg-clients", FirewallRule("egress", "tcp", 81, 81, cidr=scene.world.cidr))
        await scene.firewall.apply(replace(table, groups=(silent, table.groups[1])))
        assert [await scene.passes("tcp", port) for port in (81, 8080)] == [True, False]

    async def test_an_address_that_nobody_has_is_not_reachable(self, scene: Scene) -> None:
        table = await scene.two(EVERYTHING_IN)
        await scene.firewall.apply(replace(table, members=table.members[:1]))
        assert not await scene.passes()

    async def test_rules_of_several_groups_add_up(self, scene: Scene) -> None:
        table = await scene.two(FirewallRule("ingress", "tcp", 81, 81, group_id="sg-clients"))
        more = scene.group("sg-more", FirewallRule("ingress", "tcp", 82, 82, group_id="sg-clients"))
        member = scene.member("server", 30, "sg-servers", "sg-more")
        await scene.firewall.apply(
            replace(table, groups=(*table.groups, more), members=(table.members[0], member))
        )
        assert [await scene.passes("tcp", port) for port in (81, 82, 83)] == [True, True, False]

    async def test_a_member_is_admitted_before_its_container_starts(self, scene: Scene) -> None:
        table = await scene.two(FirewallRule("ingress", "all", group_id="sg-clients"))
        await scene.firewall.apply(replace(table, members=table.members[1:]))
        assert not await scene.passes()
        for _ in range(2):
            await scene.firewall.admit(table.members[0])
        assert await scene.passes()

    async def test_a_group_that_is_not_known_yet_allows_nothing(self, scene: Scene) -> None:
        await scene.two(EVERYTHING_IN)
        await scene.firewall.admit(scene.member("server", 30, "sg-new"))
        assert not await scene.passes()

    async def test_without_the_internet_only_the_network_is_reachable(self, scene: Scene) -> None:
        table = await scene.two(EVERYTHING_IN)
        confined = replace(table.members[0], has_internet=False)
        await scene.firewall.apply(replace(table, members=(confined, table.members[1])))
        client = scene.world.id("i", "client")
        assert await scene.passes()
        assert not await scene.firewall.probe(client, "192.0.2.1", "tcp", 80, 1)

    async def test_a_table_that_was_flushed_by_hand_is_repaired(self, scene: Scene) -> None:
        table = await scene.two()
        await scene.flush()
        assert not await scene.firewall.is_intact()
        assert await scene.firewall.apply(table)
        assert await scene.firewall.is_intact()
        assert not await scene.passes()

    async def test_nothing_is_sent_from_what_does_not_run(self, scene: Scene) -> None:
        with pytest.raises(Refused, match="cannot send packets from"):
            await scene.firewall.probe("i-never", scene.address(20), "tcp", 80, 1)
