"""The document of a security group."""

from typing import Any, Literal

from typing_extensions import TypedDict

from domain.security_group import Direction, Rule, SecurityGroup, default_rules
from projections.document import Reference, ResourceDocument, on, set_status, statuses
from projections.estate import Documents, specified
from projections.sentences import Worded, sentences

_DEFAULT_RULES = {each.id for each in default_rules()}


class GroupRule(TypedDict):
    """A rule of a security group."""

    id: str
    direction: Direction
    protocol: Literal["tcp", "udp", "icmp", "all"]
    from_port: int | None
    to_port: int | None
    cidr: str | None
    group: Reference | None
    description: str


class SecurityGroupSpec(TypedDict):
    """The desired state of a security group."""

    vpc: Reference
    rules: list[GroupRule]


class SecurityGroupObserved(TypedDict):
    """What follows for a security group."""

    is_default: bool


class SecurityGroupDocument(ResourceDocument):
    """A security group."""

    kind: Literal["security_group"]
    spec: SecurityGroupSpec
    observed: SecurityGroupObserved


def _in_words(rules: list[dict[str, Any]]) -> str:
    return ", ".join(Rule.of(each).what for each in rules if "id" in each)


statuses(SecurityGroup, SecurityGroupDocument, {})
sentences(
    SecurityGroup,
    {
        "create_requested": "created in VPC {vpc_name}",
        "rules_authorized": Worded("rules", "rules authorized: {rules}", _in_words),
        "rules_revoked": Worded("rules", "rules revoked: {rules}", _in_words),
        "rules_described": Worded("rules", "described: {rules}", _in_words),
    },
)


@on("security_group.create_requested")
def create_requested(document: SecurityGroupDocument, event: dict[str, Any]) -> None:
    """Show a group, which is available at once."""
    document["spec"] = {
        "vpc": {"id": event["vpc_id"], "name": event["vpc_name"]},
        "rules": [_rule(each) for each in event["rules"]],
    }
    document["observed"] = {"is_default": event["is_default"]}
    set_status(document, "available")


@on("security_group.rules_authorized")
def rules_authorized(document: SecurityGroupDocument, event: dict[str, Any]) -> None:
    """Show what else is allowed."""
    document["spec"]["rules"] = [*document["spec"]["rules"], *(_rule(each) for each in event["rules"])]


@on("security_group.rules_revoked")
def rules_revoked(document: SecurityGroupDocument, event: dict[str, Any]) -> None:
    """Show what is still allowed."""
    revoked = {each["id"] for each in event["rules"]}
    document["spec"]["rules"] = [each for each in document["spec"]["rules"] if each["id"] not in revoked]


@on("security_group.rules_described")
def rules_described(document: SecurityGroupDocument, event: dict[str, Any]) -> None:
    """Show the new descriptions."""
    described = {each["id"]: _rule(each) for each in event["rules"]}
    document["spec"]["rules"] = [described.get(each["id"], each) for each in document["spec"]["rules"]]


def is_as_created(document: SecurityGroupDocument) -> bool:
    """Return whether it is the default group of a VPC, and nobody has changed it."""
    has_default_rules = {each["id"] for each in document["spec"]["rules"]} == _DEFAULT_RULES
    return document["observed"]["is_default"] and has_default_rules and not document["tags"]


@specified("security_group", is_as_created)
def specification(document: SecurityGroupDocument, among: Documents) -> dict[str, Any]:
    """Return what creates the group."""
    rules = document["spec"]["rules"]
    return {
        "vpc": among.name(document["spec"]["vpc"]),
        "ingress": [_described(each, among) for each in rules if each["direction"] == "ingress"],
        "egress": [_described(each, among) for each in rules if each["direction"] == "egress"],
    }


def _rule(stored: dict[str, Any]) -> GroupRule:
    group: Reference = {"id": stored["group_id"], "name": stored["group_name"]}
    return {
        "id": stored["id"],
        "direction": stored["direction"],
        "protocol": stored["protocol"],
        "from_port": stored["from_port"],
        "to_port": stored["to_port"],
        "cidr": stored["cidr"],
        "group": group if stored["group_id"] else None,
        "description": stored["description"],
    }


def _described(rule: GroupRule, among: Documents) -> dict[str, Any]:
    group = rule["group"]
    return {
        "protocol": rule["protocol"],
        "from_port": rule["from_port"],
        "to_port": rule["to_port"],
        "cidr": rule["cidr"],
        "group": None if group is None else among.name(group),
        "description": rule["description"],
    }
