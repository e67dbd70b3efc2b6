"""What the firewall has to enforce now, from the documents of every account."""

from collections.abc import Iterable, Iterator
from typing import Any

from domain import values
from domain.firewall import (
    EVERYWHERE,
    FirewallGroup,
    FirewallMember,
    FirewallRule,
    FirewallTable,
)
from domain.ports import PublishedPort
from domain.security_group import default_group_id
from projections.inventory import Inventory
from projections.sql import queries

_SQL = queries("enforced")
_MEMBERS = ("instance", "database", "cache", "queue", "load_balancer")
KINDS = ("vpc", "subnet", "security_group", *_MEMBERS)
_OPEN = (FirewallRule("ingress", "all", cidr=EVERYWHERE), FirewallRule("egress", "all", cidr=EVERYWHERE))
_Row = dict[str, Any]


class FirewallView:
    """Reads what is to be enforced; it is as new as the read models."""

    def __init__(self, inventory: Inventory, publish_address: str) -> None:
        self._inventory = inventory
        self._publish_address = publish_address

    async def table(self) -> FirewallTable:
        """Return all that is to be enforced, except for containers that are no resources."""
        rows = await self._inventory.rows(_SQL["living"], kinds=list(KINDS))
        archives = await self._inventory.rows(_SQL["archives"])
        members = tuple(self._members(rows))
        addresses = {each.resource_id: each.address for each in members}
        return FirewallTable(
            ranges={row["id"]: row["cidr"] for row in rows if row["kind"] == "vpc"},
            groups=tuple(_groups(rows)),
            members=members,
            trusted=tuple(sorted({row["address"] for row in archives} - set(addresses.values()))),
            links=tuple(
                (addresses[row["id"]], addresses[row["replica_of"]])
                for row in rows
                if row["id"] in addresses and row["replica_of"] in addresses
            ),
        )

    def _members(self, rows: Iterable[_Row]) -> Iterator[FirewallMember]:
        confined = {row["id"] for row in rows if row["kind"] == "subnet" and row["internet"] == "false"}
        for row in rows:
            if row["kind"] in _MEMBERS and row["address"] is not None:
                yield FirewallMember(
                    row["id"],
                    row["address"],
                    tuple(each["id"] for each in row["groups"] or ()) or (default_group(row["vpc_id"]),),
                    tuple(self._published(row)),
                    has_internet=row["subnet_id"] not in confined,
                )

    def _published(self, row: _Row) -> Iterator[PublishedPort]:
        for each in row["ports"] or ():
            if each["publish"] is not None:
                yield PublishedPort(each["port"], each["publish"], self._publish_address)
        if row["publish"] is not None:
            yield PublishedPort(int(row["port"]), int(row["publish"]), self._publish_address)
        for each in row["listeners"] or ():
            yield PublishedPort(each["port"], each["port"], self._publish_address)


def default_group(vpc_id: str) -> str:
    """Return the id of the default group of a VPC."""
    parsed = values.parse_id(vpc_id)
    assert parsed is not None  # noqa: S101 - the id of a VPC
    return values.public_id("sg", default_group_id(parsed[1]))


def _groups(rows: Iterable[_Row]) -> Iterator[FirewallGroup]:
    known = {row["id"] for row in rows if row["kind"] == "security_group"}
    for row in rows:
        if row["kind"] == "security_group":
            yield FirewallGroup(row["id"], row["vpc_id"], tuple(_rule(each) for each in row["rules"]))
        elif row["kind"] == "vpc" and default_group(row["id"]) not in known:
            # The VPC of an earlier version does not have its default group yet.
            yield FirewallGroup(default_group(row["id"]), row["id"], _OPEN)


def _rule(shown: dict[str, Any]) -> FirewallRule:
    group = shown["group"]
    return FirewallRule(
        shown["direction"],
        shown["protocol"],
        shown["from_port"],
        shown["to_port"],
        shown["cidr"],
        None if group is None else group["id"],
    )
