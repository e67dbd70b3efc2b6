"""VPCs."""

from collections.abc import Mapping
from typing import Any

from miniaws.aws import names, tags
from miniaws.aws.call import Call
from miniaws.aws.changing import changed
from miniaws.aws.protocol.models import Values
from miniaws.aws.protocol.rendered import Failure
from miniaws.aws.reading import Document, Filterable, described, one
from miniaws.aws.services.ec2.kinds import PAGED, SERVICE, VPC
from miniaws.commands import vpc as commands

_DEFAULT = "default"


def _id_of(document: Document) -> str:
    return names.aws_id(document["id"], VPC.prefix)


def _state_of(document: Document) -> str:
    return "available" if document["status"] in {"available", "deleting"} else "pending"


def _shown(call: Call, document: Document) -> Values:
    id_, cidr = _id_of(document), document["spec"]["cidr"]
    association = {
        "AssociationId": f"vpc-cidr-assoc-{id_.removeprefix('vpc-')}",
        "CidrBlock": cidr,
        "CidrBlockState": {"State": "associated"},
    }
    return {
        "VpcId": id_,
        "OwnerId": names.account_number(call.account),
        "State": _state_of(document),
        "CidrBlock": cidr,
        "CidrBlockAssociationSet": [association],
        "Ipv6CidrBlockAssociationSet": [],
        "DhcpOptionsId": "default",
        "InstanceTenancy": "default",
        "IsDefault": document["name"] == _DEFAULT,
        "Tags": tags.listed(document["tags"]),
    }


_FILTERABLE: Filterable = {
    "vpc-id": lambda each: [_id_of(each)],
    "state": lambda each: [_state_of(each)],
    "cidr": lambda each: [each["spec"]["cidr"]],
    "cidr-block": lambda each: [each["spec"]["cidr"]],
    "cidr-block-association.cidr-block": lambda each: [each["spec"]["cidr"]],
    "is-default": lambda each: [each["name"] == _DEFAULT],
    "isDefault": lambda each: [each["name"] == _DEFAULT],
    "dhcp-options-id": lambda _: ["default"],
}


@SERVICE.changes(
    "CreateVpc",
    ["CidrBlock", "TagSpecifications"],
    {"InstanceTenancy": "default", "AmazonProvidedIpv6CidrBlock": False},
    "ranges of VPCs must not overlap; without `CidrBlock`, a free /24 is chosen",
)
async def create_vpc(call: Call, given: Values) -> Values:
    """Create a VPC."""
    wanted = tags.of_new(given, "vpc")
    body = commands.CreateVpc(
        name=tags.name_of_new(call, "vpc", wanted), cidr=given.get("CidrBlock"), tags=wanted
    )
    document = await changed(call, commands.create(call.cloud, call.request(), body))
    return {"Vpc": _shown(call, document)}


@SERVICE.reads("DescribeVpcs", ["VpcIds", *PAGED])
async def describe_vpcs(call: Call, given: Values) -> Values:
    """Return VPCs."""
    found, token = await described(call, VPC, given.get("VpcIds"), given, _FILTERABLE)
    return {"Vpcs": [_shown(call, each) for each in found], "NextToken": token}


@SERVICE.reads("DescribeVpcAttribute", ["VpcId", "Attribute"], missing="attributes cannot be changed")
async def describe_attribute(call: Call, given: Values) -> Values:
    """Return one attribute of a VPC: names are always resolved."""
    await one(call, VPC, given["VpcId"])
    attributes: Mapping[str, tuple[str, Any]] = {
        "enableDnsSupport": ("EnableDnsSupport", {"Value": True}),
        "enableDnsHostnames": ("EnableDnsHostnames", {"Value": True}),
        "enableNetworkAddressUsageMetrics": ("EnableNetworkAddressUsageMetrics", {"Value": False}),
    }
    if given["Attribute"] not in attributes:
        raise Failure("UnsupportedOperation", f"The attribute {given['Attribute'][:80]} cannot be shown here")
    name, value = attributes[given["Attribute"]]
    return {"VpcId": given["VpcId"], name: value}


@SERVICE.changes("DeleteVpc", ["VpcId"])
async def delete_vpc(call: Call, given: Values) -> Values:
    """Delete a VPC that nothing uses."""
    document = await one(call, VPC, given["VpcId"])
    await changed(call, commands.delete(call.cloud, call.request(), document["id"]))
    return {}
