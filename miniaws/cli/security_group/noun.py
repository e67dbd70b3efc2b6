"""Columns of security groups and their rules."""

from miniaws.cli.noun import Column, Document, Noun, columns


def _count(direction: str) -> Column:
    def cell(document: Document) -> int:
        return sum(each["direction"] == direction for each in document["spec"]["rules"])

    return Column(direction.upper(), cell)


def ports(rule: Document) -> str | None:
    """Return the ports of a rule."""
    first, last = rule["from_port"], rule["to_port"]
    return None if first is None else str(first) if first == last else f"{first}-{last}"


GROUP = Noun(
    "sg",
    "security group",
    "/api/security-groups",
    columns(
        Column("VPC", lambda document: document["spec"]["vpc"]["name"]), _count("ingress"), _count("egress")
    ),
    key="id",
)
RULE = Noun(
    "rule",
    "rule",
    GROUP.path,
    (
        Column("RULE", lambda rule: rule["id"]),
        Column("DIRECTION", lambda rule: rule["direction"]),
        Column("PROTOCOL", lambda rule: rule["protocol"]),
        Column("PORTS", ports),
        Column("FROM/TO", lambda rule: rule["cidr"] or rule["group"]["name"]),
        Column("DESCRIPTION", lambda rule: rule["description"] or None),
    ),
    key="id",
    optional=("DESCRIPTION",),
)
