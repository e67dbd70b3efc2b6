"""What the model of security groups decides is what happens to real packets, for random groups, rules and members."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from secrets import SystemRandom

import pytest

from adapters.docker import DockerEngine
from adapters.host_network import HostCommands
from adapters.nftables import NftablesFirewall
from domain.firewall import EVERYWHERE, FirewallGroup, FirewallMember, FirewallRule, TransportProtocol
from domain.security_group import Rule
from domain.security_group.decision import Endpoint, decide
from domain.security_group.rule import Direction
from tests.adapters.firewall_contract import Scene
from tests.adapters.world import real_world
from tests.conftest import build_images
from tests.samples import sample

GROUPS = ("sg-a", "sg-b", "sg-c", "sg-d")
NUMBERS = (20, 30, 130, 140, 150)
PORTS = (80, 90, 443)
PROTOCOLS: dict[str, TransportProtocol] = {"tcp": "tcp", "udp": "udp", "icmp": "icmp", "all": "all"}
ROUNDS, PAIRS = sample(3, 25), sample(5, 8)


@dataclass(frozen=True)
class Case:
    source: FirewallMember
    destination: FirewallMember
    protocol: TransportProtocol
    port: int | None


@pytest.fixture
async def scene(engine: str, cloud_name: str, tmp_path: Path) -> AsyncGenerator[Scene]:
    build_images("nftables")
    docker = DockerEngine(engine, cloud_name)

    async def flush() -> None:
        """Do nothing: the contract tests that."""

    try:
        async with real_world(engine, cloud_name, tmp_path) as world:
            yield Scene(NftablesFirewall(docker, HostCommands(docker)), world, flush)
    finally:
        await docker.close()


def any_rule(scene: Scene, random: Random, direction: Direction) -> Rule:
    protocol = random.choice(list(PROTOCOLS))
    first = random.choice(PORTS) if protocol in {"tcp", "udp"} else None
    last = None if first is None else first + random.choice((0, 10))
    if random.random() < 0.5:
        group = random.choice(GROUPS)
        return Rule.allow(direction, protocol, first, last, group=(group, group))
    member = f"{scene.address(random.choice(NUMBERS))}/32"
    half = f"{scene.address(random.choice((0, 128)))}/25"
    cidr = random.choice((EVERYWHERE, scene.world.cidr, half, member, "192.0.2.0/24"))
    return Rule.allow(direction, protocol, first, last, cidr=cidr)


def enforced(rule: Rule) -> FirewallRule:
    protocol = PROTOCOLS[rule.protocol]
    return FirewallRule(rule.direction, protocol, rule.from_port, rule.to_port, rule.cidr, rule.group_id)


def any_members(scene: Scene, random: Random) -> list[FirewallMember]:
    return [
        FirewallMember(
            scene.world.id("i", f"m-{number}"),
            scene.address(number),
            tuple(random.sample(GROUPS, random.choice((1, 1, 2)))),
            has_internet=random.random() < 0.8,
        )
        for number in NUMBERS
    ]


def any_case(random: Random, members: list[FirewallMember]) -> Case:
    source, destination = random.sample(members, 2)
    protocol: TransportProtocol = random.choice(("tcp", "tcp", "udp", "udp", "icmp"))
    return Case(source, destination, protocol, None if protocol == "icmp" else random.choice((*PORTS, 85)))


def decided(scene: Scene, case: Case, rules: dict[str, list[Rule]]) -> bool:
    def end(member: FirewallMember) -> Endpoint:
        return Endpoint(
            member.address, frozenset(member.group_ids), scene.world.cidr, has_internet=member.has_internet
        )

    return decide(end(case.source), end(case.destination), case.protocol, case.port, rules).allowed


async def test_what_is_decided_happens(scene: Scene) -> None:
    random = SystemRandom()
    for number in NUMBERS:
        await scene.world.running(scene.spec(f"m-{number}", number))
    for _ in range(ROUNDS):
        rules = {
            group: [
                any_rule(scene, random, direction)
                for direction in ("ingress", "egress")
                for _ in range(random.randint(0, 5))
            ]
            for group in GROUPS
        }
        members = any_members(scene, random)
        groups = [
            FirewallGroup(group, scene.world.network_id, tuple(map(enforced, found)))
            for group, found in rules.items()
        ]
        await scene.firewall.apply(scene.table(*groups, members=tuple(members)))
        cases = [any_case(random, members) for _ in range(PAIRS)]
        passed = await asyncio.gather(
            *(
                scene.firewall.probe(
                    each.source.resource_id, each.destination.address, each.protocol, each.port, 1
                )
                for each in cases
            )
        )
        told = [decided(scene, each, rules) for each in cases]
        wrong = [each for each, real, model in zip(cases, passed, told, strict=True) if real is not model]
        assert not wrong, f"{wrong} under {rules}"
