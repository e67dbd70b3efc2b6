"""Instances, as they are shown."""

import re
from base64 import b64encode
from collections.abc import Mapping
from typing import Any

from domain.errors import Conflict
from domain.values import parse_id
from miniaws.aws import names, tags
from miniaws.aws.call import Call
from miniaws.aws.protocol.models import Values
from miniaws.aws.protocol.rendered import Failure
from miniaws.aws.reading import Document, Filterable, described, one
from miniaws.aws.services.ec2.kinds import INSTANCE, PAGED, SERVICE
from miniaws.aws.services.ec2.places import ARCHITECTURE, aws_type

_STATES = {
    "running": (16, "running"),
    "terminating": (32, "shutting-down"),
    "trashed": (48, "terminated"),
    "purging": (48, "terminated"),
    "terminated": (48, "terminated"),
    "stopping": (64, "stopping"),
    "stopped": (80, "stopped"),
    "error": (80, "stopped"),
}
_BEGINNING = (0, "pending")
_LAUNCHED = re.compile(r".*-([0-9a-f]{12})-(\d{1,4})")
"""The name of an instance that RunInstances launched: its launch, and its number in that."""
_CONSOLE_LINES = 1000
_CONSOLE_BYTES = 64 * 1024


def id_of(document: Document) -> str:
    """Return the id of an instance on the wire."""
    return names.aws_id(document["id"], INSTANCE.prefix)


def state_of(document: Document) -> Values:
    """Return the state of an instance."""
    code, name = _STATES.get(document["status"], _BEGINNING)
    return {"Code": code, "Name": name}


def reservations(call: Call, documents: list[Document]) -> list[Values]:
    """Return instances by the requests that launched them."""
    found: dict[str, list[Document]] = {}
    for each in documents:
        found.setdefault(_reservation(each)[0], []).append(each)
    owner = names.account_number(call.account)
    return [
        {
            "ReservationId": id_,
            "OwnerId": owner,
            "Groups": [],
            "Instances": [instance(call, each) for each in members],
        }
        for id_, members in found.items()
    ]


def instance(call: Call, document: Document) -> Values:
    """Return an instance as AWS describes it."""
    spec, observed = document["spec"], document["observed"]
    reason, zone = document["status_reason"], names.zone_of(call.region)
    return {
        "InstanceId": id_of(document),
        "ImageId": spec["image"],
        "State": state_of(document),
        "StateTransitionReason": "",
        "StateReason": {"Code": "Server.InternalError", "Message": reason} if reason else None,
        "InstanceType": aws_type(spec["type"]),
        "LaunchTime": observed["started_at"] or document["created_at"],
        "AmiLaunchIndex": _reservation(document)[1],
        "ClientToken": "",
        "Architecture": ARCHITECTURE,
        "Hypervisor": "none",
        "VirtualizationType": "container",
        "EbsOptimized": False,
        "EnaSupport": False,
        "SourceDestCheck": True,
        "Monitoring": {"State": "disabled"},
        "Placement": {"AvailabilityZone": zone, "GroupName": "", "Tenancy": "default"},
        **_network(document),
        "ProductCodes": [],
        "RootDeviceType": "instance-store",
        "RootDeviceName": "/",
        "BlockDeviceMappings": [_mapping(each) for each in spec["volumes"]],
        "Tags": tags.listed(document["tags"]),
    }


FILTERABLE: Filterable = {
    "instance-id": lambda each: [id_of(each)],
    "instance-state-name": lambda each: [state_of(each)["Name"]],
    "instance-state-code": lambda each: [state_of(each)["Code"]],
    "instance-type": lambda each: [aws_type(each["spec"]["type"])],
    "image-id": lambda each: [each["spec"]["image"]],
    "vpc-id": lambda each: [names.aws_id(each["spec"]["vpc"]["id"], "vpc")],
    "private-ip-address": lambda each: [each["observed"]["address"] or ""],
    "private-dns-name": lambda each: [each["name"]],
    "reservation-id": lambda each: [_reservation(each)[0]],
    "architecture": lambda _: [ARCHITECTURE],
    "root-device-type": lambda _: ["instance-store"],
    "block-device-mapping.volume-id": lambda each: [
        names.aws_id(volume["volume"], "vol") for volume in each["spec"]["volumes"]
    ],
}


@SERVICE.reads(
    "DescribeInstances",
    ["InstanceIds", *PAGED],
    missing="subnets, security groups and network interfaces are omitted; `ClientToken` is empty",
)
async def describe_instances(call: Call, given: Values) -> Values:
    """Return instances; what was terminated for an hour."""
    found, token = await described(call, INSTANCE, given.get("InstanceIds"), given, FILTERABLE)
    return {"Reservations": reservations(call, found), "NextToken": token}


@SERVICE.reads(
    "DescribeInstanceStatus",
    ["InstanceIds", "IncludeAllInstances", *PAGED],
    missing="no scheduled events",
)
async def describe_status(call: Call, given: Values) -> Values:
    """Return which instances run."""
    wanted = dict(given)
    if not given.get("IncludeAllInstances"):
        running = {"Name": "instance-state-name", "Values": ["running"]}
        wanted["Filters"] = [*(given.get("Filters") or []), running]
    found, token = await described(call, INSTANCE, given.get("InstanceIds"), wanted, FILTERABLE)
    return {"InstanceStatuses": [_status(call, each) for each in found], "NextToken": token}


@SERVICE.reads(
    "DescribeInstanceAttribute",
    ["InstanceId", "Attribute"],
    missing="refused: user data, which is stored encrypted, and attributes without a counterpart",
)
async def describe_attribute(call: Call, given: Values) -> Values:
    """Return one attribute of an instance."""
    document = await one(call, INSTANCE, given["InstanceId"])
    attributes: Mapping[str, tuple[str, Any]] = {
        "instanceType": ("InstanceType", {"Value": aws_type(document["spec"]["type"])}),
        "disableApiTermination": ("DisableApiTermination", {"Value": False}),
        "disableApiStop": ("DisableApiStop", {"Value": False}),
        "ebsOptimized": ("EbsOptimized", {"Value": False}),
        "rootDeviceName": ("RootDeviceName", {"Value": "/"}),
        "sourceDestCheck": ("SourceDestCheck", {"Value": True}),
        "blockDeviceMapping": (
            "BlockDeviceMappings",
            [_mapping(each) for each in document["spec"]["volumes"]],
        ),
    }
    wanted = given["Attribute"]
    if wanted not in attributes:
        raise Failure("UnsupportedOperation", f"The attribute {wanted[:80]} cannot be shown here")
    name, value = attributes[wanted]
    return {"InstanceId": given["InstanceId"], name: value}


@SERVICE.reads(
    "GetConsoleOutput",
    ["InstanceId"],
    {"Latest": True},
    f"what the program printed: the last {_CONSOLE_LINES} lines, at most {_CONSOLE_BYTES // 1024} KiB; not of the past",
)
async def console_output(call: Call, given: Values) -> Values:
    """Return what the program printed last."""
    if not call.moment.is_now:
        raise Failure("InvalidRequest", "cannot show what was printed then: only the present output is kept")
    document = await one(call, INSTANCE, given["InstanceId"])
    containers = call.cloud.ports.containers
    if await containers.inspect(document["id"]) is None:
        raise Conflict(f"cannot show the output of {document['name']}: it has no container")
    lines = [line async for line in containers.logs(document["id"], tail=_CONSOLE_LINES)]
    text = "".join(f"{line.text}\n" for line in lines).encode()[-_CONSOLE_BYTES:]
    return {
        "InstanceId": given["InstanceId"],
        "Timestamp": lines[-1].at if lines else document["created_at"],
        "Output": b64encode(text).decode(),
    }


def _reservation(document: Document) -> tuple[str, int]:
    """Return the id of the request that launched an instance, and its number in that."""
    match = _LAUNCHED.fullmatch(document["name"])
    if match is not None:
        return f"r-{match[1]}{'0' * 5}", int(match[2])
    parsed = parse_id(document["id"])
    return ("r-0" if parsed is None else f"r-{parsed[1].hex[: names.ID_DIGITS]}"), 0


def _network(document: Document) -> Values:
    return {
        "VpcId": names.aws_id(document["spec"]["vpc"]["id"], "vpc"),
        "PrivateIpAddress": document["observed"]["address"],
        "PrivateDnsName": document["name"],
        "PublicDnsName": "",
        "SecurityGroups": [],
        "NetworkInterfaces": [],
    }


def _mapping(volume: dict[str, str]) -> Values:
    ebs = {
        "VolumeId": names.aws_id(volume["volume"], "vol"),
        "Status": "attached",
        "DeleteOnTermination": False,
    }
    return {"DeviceName": volume["path"], "Ebs": ebs}


def _status(call: Call, document: Document) -> Values:
    runs = state_of(document)["Name"] == "running"
    passed = [{"Name": "reachability", "Status": "passed"}] if runs else []
    summary = {"Status": "ok" if runs else "not-applicable", "Details": passed}
    return {
        "InstanceId": id_of(document),
        "AvailabilityZone": names.zone_of(call.region),
        "InstanceState": state_of(document),
        "InstanceStatus": summary,
        "SystemStatus": summary,
        "Events": [],
    }
