"""The inputs of commands for security groups, and the rules that they describe."""

from typing import Annotated, Literal

from pydantic import Field

from domain.errors import within
from domain.security_group import Direction, Rule, SecurityGroup
from miniaws.commands.body import Body, Change, Name, NewTags, Tags, VpcName

Protocol = Literal["tcp", "udp", "icmp", "all"]
MOST_RULES = 1000
"""The number that is read at all; the group itself has fewer."""


class SecurityRule(Body):
    """One rule: which traffic is allowed, from or to whom."""

    protocol: Protocol = Field(title="Protocol", description="what it allows")
    from_port: int | None = Field(
        default=None,
        title="First port",
        ge=1,
        le=65535,
        description="port of the destination, or the first one of a range; for tcp and udp",
        examples=[5432],
    )
    to_port: int | None = Field(
        default=None,
        title="Last port",
        ge=1,
        le=65535,
        description="last port of a range; left out: the first one",
    )
    cidr: str | None = Field(
        default=None,
        title="Range",
        description="IPv4 range of the other side, instead of `group`",
        examples=["10.20.0.0/24"],
    )
    group: str | None = Field(
        default=None,
        title="Group",
        description="security group of the other side, by id or name, instead of `cidr`; of the same VPC",
        examples=["web"],
    )
    description: str = Field(
        default="", title="Description", max_length=255, description="what the rule is for"
    )


Rules = Annotated[list[SecurityRule], Field(max_length=MOST_RULES)]


class CreateSecurityGroup(Body):
    """A security group to create."""

    name: Name = Field(
        description="1 to 63 lower-case letters, digits and hyphens; unique in its VPC", examples=["db"]
    )
    vpc: VpcName = "default"
    ingress: Rules = Field(
        default=[], title="Ingress rules", description="what may come in; left out: nothing"
    )
    egress: Rules | None = Field(
        default=None, title="Egress rules", description="what may go out; left out: everything"
    )
    tags: Tags = Field(default={})


class ChangeSecurityGroup(Change):
    """What can be changed of a security group."""

    ingress: Rules | None = Field(
        default=None, title="Ingress rules", description="all that may come in; left out: unchanged"
    )
    egress: Rules | None = Field(
        default=None, title="Egress rules", description="all that may go out; left out: unchanged"
    )
    tags: NewTags = None


class AuthorizeRules(Body):
    """Rules to add to a security group."""

    ingress: Rules = Field(default=[], title="Ingress rules", description="what else may come in")
    egress: Rules = Field(default=[], title="Egress rules", description="what else may go out")


class CheckConnection(Body):
    """A connection to check."""

    source: str = Field(
        alias="from",
        title="From",
        description="who opens it: the id or name of a resource, or an IPv4 address",
        examples=["web-1"],
    )
    destination: str = Field(
        alias="to",
        title="To",
        description="who accepts it: the id or name of a resource, or an IPv4 address",
        examples=["orders"],
    )
    protocol: Literal["tcp", "udp", "icmp"] = Field(
        default="tcp", title="Protocol", description="of the connection"
    )
    port: int | None = Field(
        default=None,
        title="Port",
        ge=1,
        le=65535,
        description="of the destination; for tcp and udp",
        examples=[5432],
    )
    probe: bool = Field(
        default=False,
        title="Probe",
        description="also try it, from the container of the source, which must be an instance that runs",
    )


def rules_of(direction: Direction, given: list[SecurityRule], groups: dict[str, SecurityGroup]) -> list[Rule]:
    """Return the rules that a body describes; ``groups`` are those it names. Raises Invalid."""
    found: list[Rule] = []
    for index, each in enumerate(given):
        group = None if each.group is None else groups[each.group]
        with within(direction, index):
            found.append(
                Rule.allow(
                    direction,
                    each.protocol,
                    each.from_port,
                    each.to_port,
                    cidr=each.cidr,
                    group=None if group is None else (group.public_id, group.name),
                    description=each.description,
                )
            )
    return found
