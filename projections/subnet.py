"""The document of a subnet."""

from typing import Any, Literal

from typing_extensions import TypedDict

from domain.subnet import Subnet
from projections.document import Reference, ResourceDocument, on, set_status, statuses
from projections.estate import Documents, specified
from projections.sentences import sentences

LOCAL = "local"
"""The zone of this host."""


class SubnetSpec(TypedDict):
    """The desired state of a subnet."""

    vpc: Reference
    cidr: str
    public: bool
    internet: bool


class OtherSubnet(TypedDict):
    """Another subnet, which has a part of the range of the default one."""

    id: str
    name: str
    cidr: str


class SubnetObserved(TypedDict):
    """What follows for a subnet."""

    zone: str
    """The host that its members run on."""
    is_default: bool
    others: list[OtherSubnet]
    """Of the default subnet: what has parts of its range."""


class SubnetDocument(ResourceDocument):
    """A subnet."""

    kind: Literal["subnet"]
    spec: SubnetSpec
    observed: SubnetObserved


statuses(Subnet, SubnetDocument, {})
sentences(
    Subnet,
    {
        "create_requested": "created in VPC {vpc_name} ({cidr})",
        "access_changed": "access changed (public: {public}, internet: {internet})",
        "range_ceded": "{cidr} given to subnet {subnet_name}",
        "range_returned": "{cidr} taken back from subnet {subnet_name}",
        "range_replaced": "range changed to {cidr}",
    },
)


@on("subnet.create_requested")
def create_requested(document: SubnetDocument, event: dict[str, Any]) -> None:
    """Show a subnet, which is available at once."""
    document["spec"] = {
        "vpc": {"id": event["vpc_id"], "name": event["vpc_name"]},
        "cidr": event["cidr"],
        "public": event["public"],
        "internet": event["internet"],
    }
    document["observed"] = {"zone": LOCAL, "is_default": event["is_default"], "others": []}
    set_status(document, "available")


@on("subnet.access_changed")
def access_changed(document: SubnetDocument, event: dict[str, Any]) -> None:
    """Show what members may do."""
    document["spec"]["public"], document["spec"]["internet"] = event["public"], event["internet"]


@on("subnet.range_ceded")
def range_ceded(document: SubnetDocument, event: dict[str, Any]) -> None:
    """Show which subnet has a part of the range."""
    other: OtherSubnet = {
        "id": event["subnet_id"],
        "name": event["subnet_name"],
        "cidr": event["cidr"],
    }
    document["observed"]["others"] = [*document["observed"]["others"], other]


@on("subnet.range_returned")
def range_returned(document: SubnetDocument, event: dict[str, Any]) -> None:
    """Show which subnets are left."""
    left = [each for each in document["observed"]["others"] if each["id"] != event["subnet_id"]]
    document["observed"]["others"] = left


@on("subnet.range_replaced")
def range_replaced(document: SubnetDocument, event: dict[str, Any]) -> None:
    """Show the range that the VPC has now."""
    document["spec"]["cidr"] = event["cidr"]


def is_as_created(document: SubnetDocument) -> bool:
    """Return whether it is the default subnet of a VPC, and nobody has changed it."""
    spec = document["spec"]
    is_open = spec["public"] and spec["internet"]
    return document["observed"]["is_default"] and is_open and not document["tags"]


@specified("subnet", is_as_created)
def specification(document: SubnetDocument, among: Documents) -> dict[str, Any]:
    """Return what creates the subnet; the range of a default one is that of its VPC."""
    spec = document["spec"]
    return {
        "vpc": among.name(spec["vpc"]),
        "cidr": None if document["observed"]["is_default"] else spec["cidr"],
        "public": spec["public"],
        "internet": spec["internet"],
    }
