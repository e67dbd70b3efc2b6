"""Regions, zones and types of instances."""

import platform
from collections.abc import Mapping
from math import ceil

from domain.instance_type import INSTANCE_TYPES, InstanceType
from miniaws.aws import names
from miniaws.aws.call import Call
from miniaws.aws.protocol.models import Values
from miniaws.aws.protocol.rendered import Failure
from miniaws.aws.reading import Document, Filterable, matches, refuse_unknown
from miniaws.aws.services.ec2.kinds import SERVICE

FAMILY = "t3"
ARCHITECTURE = {"aarch64": "arm64", "arm64": "arm64"}.get(platform.machine(), "x86_64")
_ONE_HOST = "there is one region, the one that the client signs for"
_FEWEST = 5
"""The smallest page that AWS allows, which all types are on."""


def aws_type(name: str) -> str:
    """Return the type of an instance as AWS writes it."""
    return f"{FAMILY}.{name}"


def own_type(text: str) -> str:
    """Return the type of an instance as the cloud knows it. Raises Failure."""
    family, _, name = text.partition(".")
    if family != FAMILY or name not in INSTANCE_TYPES:
        known = ", ".join(map(aws_type, INSTANCE_TYPES))
        raise Failure(
            "InvalidParameterValue", f"Invalid value '{text[:80]}' for InstanceType: use one of {known}"
        )
    return name


@SERVICE.reads("DescribeRegions", ["RegionNames"], {"AllRegions": False}, _ONE_HOST)
async def describe_regions(call: Call, given: Values) -> Values:
    """Return the region that the client signs for."""
    for name in given.get("RegionNames") or []:
        if name != call.region:
            raise Failure("InvalidParameterValue", f"Invalid region: {name[:80]}; {_ONE_HOST}")
    region = {
        "RegionName": call.region,
        "Endpoint": f"ec2.{call.region}.amazonaws.com",
        "OptInStatus": "opt-in-not-required",
    }
    return {"Regions": [region]}


@SERVICE.reads(
    "DescribeAvailabilityZones",
    ["ZoneNames"],
    {"AllAvailabilityZones": False},
    "there is one zone: this host",
)
async def describe_zones(call: Call, given: Values) -> Values:
    """Return the zone: this host."""
    zone = names.zone_of(call.region)
    for name in given.get("ZoneNames") or []:
        if name != zone:
            raise Failure("InvalidParameterValue", f"Invalid availability zone: [{name[:80]}]")
    found = {
        "State": "available",
        "OptInStatus": "opt-in-not-required",
        "Messages": [],
        "RegionName": call.region,
        "ZoneName": zone,
        "ZoneId": f"{call.region}-az1",
        "GroupName": call.region,
        "NetworkBorderGroup": call.region,
        "ZoneType": "availability-zone",
    }
    return {"AvailabilityZones": [found]}


@SERVICE.reads(
    "DescribeInstanceTypes",
    ["InstanceTypes", "Filters", "MaxResults"],
    missing="shows the memory and cores of the types here, which are smaller than on AWS",
)
async def describe_types(call: Call, given: Values) -> Values:
    """Return the types with what they really get."""
    del call
    return {"InstanceTypes": [_described(each) for each in _chosen(given, given.get("InstanceTypes"))]}


@SERVICE.reads("DescribeInstanceTypeOfferings", ["LocationType", "Filters", "MaxResults"])
async def describe_offerings(call: Call, given: Values) -> Values:
    """Return which type there is in the region and its zone: every one."""
    kind = given.get("LocationType", "region")
    places: Mapping[str, str] = {
        "region": call.region,
        "availability-zone": names.zone_of(call.region),
        "availability-zone-id": f"{call.region}-az1",
    }
    if kind not in places:
        raise Failure("InvalidParameterValue", f"Invalid value '{kind[:80]}' for LocationType")
    filterable: Filterable = {**_FILTERABLE, "location": lambda _: [places[kind]]}
    return {
        "InstanceTypeOfferings": [
            {"InstanceType": aws_type(each.name), "LocationType": kind, "Location": places[kind]}
            for each in _chosen(given, None, filterable)
        ]
    }


_FILTERABLE: Filterable = {
    "instance-type": lambda each: [each["name"]],
    "current-generation": lambda _: [True],
    "memory-info.size-in-mib": lambda each: [each["memory_mb"]],
    "processor-info.supported-architecture": lambda _: [ARCHITECTURE],
}


def _chosen(
    given: Values, wanted: list[str] | None, filterable: Filterable = _FILTERABLE
) -> list[InstanceType]:
    if given.get("MaxResults", _FEWEST) < _FEWEST:
        raise Failure("InvalidParameterValue", f"MaxResults must be at least {_FEWEST}")
    filters = given.get("Filters") or []
    refuse_unknown(filters, filterable)
    chosen = {own_type(each) for each in wanted or []} or set(INSTANCE_TYPES)
    return [
        each
        for each in INSTANCE_TYPES.values()
        if each.name in chosen and matches(filters, filterable, _document(each))
    ]


def _document(each: InstanceType) -> Document:
    return {"name": aws_type(each.name), "memory_mb": each.memory_mb, "tags": {}}


def _described(each: InstanceType) -> Values:
    cores = max(1, ceil(each.cpus))
    return {
        "InstanceType": aws_type(each.name),
        "CurrentGeneration": True,
        "FreeTierEligible": False,
        "SupportedUsageClasses": ["on-demand"],
        "SupportedRootDeviceTypes": ["instance-store"],
        "SupportedVirtualizationTypes": ["container"],
        "BareMetal": False,
        "Hypervisor": "none",
        "ProcessorInfo": {"SupportedArchitectures": [ARCHITECTURE]},
        "VCpuInfo": {"DefaultVCpus": cores, "DefaultCores": cores, "DefaultThreadsPerCore": 1},
        "MemoryInfo": {"SizeInMiB": each.memory_mb},
        "InstanceStorageSupported": False,
        "EbsInfo": {"EbsOptimizedSupport": "unsupported", "EncryptionSupport": "unsupported"},
        "PlacementGroupInfo": {"SupportedStrategies": []},
        "HibernationSupported": False,
        "BurstablePerformanceSupported": False,
        "DedicatedHostsSupported": False,
        "AutoRecoverySupported": True,
    }
