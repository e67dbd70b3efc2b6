"""EC2 as boto3 uses it, on a cloud whose containers are simulated."""

from collections.abc import Callable
from datetime import UTC, datetime
from time import perf_counter
from typing import Any

import pytest
from botocore.exceptions import ClientError

from domain.ports import LogLine
from miniaws.aws.names import account_number
from tests.aws.conftest import Aws, call

IMAGE = "nginx:1.27"
ALWAYS_SENT = {
    "Architecture",
    "BlockDeviceMappings",
    "ClientToken",
    "EbsOptimized",
    "Hypervisor",
    "ImageId",
    "InstanceId",
    "State",
    "AmiLaunchIndex",
    "EnaSupport",
    "InstanceType",
    "LaunchTime",
    "Monitoring",
    "NetworkInterfaces",
    "Placement",
    "PrivateDnsName",
    "PrivateIpAddress",
    "ProductCodes",
    "PublicDnsName",
    "RootDeviceName",
    "RootDeviceType",
    "SecurityGroups",
    "SourceDestCheck",
    "StateTransitionReason",
    "Tags",
    "VirtualizationType",
    "VpcId",
}


async def refused(function: Callable[..., Any], code: str, *words: str, **arguments: Any) -> None:
    """Call an operation that is refused."""
    with pytest.raises(ClientError) as error:
        await call(function, **arguments)
    found: Any = error.value.response["Error"]
    assert found["Code"] == code, found
    assert [word for word in words if word not in found["Message"]] == [], found


async def launched(ec2: Any, count: int = 1, name: str = "web", **more: Any) -> list[str]:
    """Launch instances, wait until they run, and return their ids."""
    tags = [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": name}]}]
    arguments = {"ImageId": IMAGE, "MinCount": count, "MaxCount": count, "TagSpecifications": tags, **more}
    found = await call(ec2.run_instances, **arguments)
    ids = [each["InstanceId"] for each in found["Instances"]]
    await call(ec2.get_waiter("instance_running").wait, InstanceIds=ids)
    return ids


async def shown(ec2: Any, **arguments: Any) -> list[Any]:
    """Return instances as they are described."""
    found = await call(ec2.describe_instances, **arguments)
    return [each for reservation in found["Reservations"] for each in reservation["Instances"]]


async def test_the_life_of_instances(aws: Aws) -> None:
    ec2 = aws.client("ec2")
    begun = perf_counter()
    ids = await launched(ec2, 2, InstanceType="t3.small")
    assert perf_counter() - begun < 15  # a waiter that has to ask twice waits 15 s in between
    found = await call(ec2.describe_instances, InstanceIds=ids)
    (reservation,) = found["Reservations"]
    assert reservation["OwnerId"] == account_number("main")
    first, second = reservation["Instances"]
    assert (first["InstanceType"], first["ImageId"], second["AmiLaunchIndex"]) == ("t3.small", IMAGE, 1)
    assert first.keys() >= ALWAYS_SENT
    assert first["Tags"] == [{"Key": "Name", "Value": "web"}]
    changed = (await call(ec2.stop_instances, InstanceIds=ids))["StoppingInstances"]
    assert [each["PreviousState"]["Name"] for each in changed] == ["running", "running"]
    await call(ec2.get_waiter("instance_stopped").wait, InstanceIds=ids)
    await call(ec2.modify_instance_attribute, InstanceId=ids[0], InstanceType={"Value": "t3.medium"})
    await call(ec2.start_instances, InstanceIds=ids)
    await call(ec2.get_waiter("instance_running").wait, InstanceIds=ids)
    assert [each["InstanceType"] for each in await shown(ec2, InstanceIds=ids[:1])] == ["t3.medium"]
    await call(ec2.get_waiter("instance_status_ok").wait, InstanceIds=ids)
    await call(ec2.reboot_instances, InstanceIds=ids)
    await call(ec2.terminate_instances, InstanceIds=ids)
    await call(ec2.get_waiter("instance_terminated").wait, InstanceIds=ids)
    again = (await call(ec2.terminate_instances, InstanceIds=ids))["TerminatingInstances"]
    assert {each["CurrentState"]["Name"] for each in again} == {"terminated"}
    assert [each["State"]["Name"] for each in await shown(ec2)] == ["terminated", "terminated"]


async def test_a_repeated_request_takes_effect_once(aws: Aws) -> None:
    ec2 = aws.client("ec2")
    arguments = {"ImageId": IMAGE, "MinCount": 2, "MaxCount": 2, "ClientToken": "token-1"}
    first = await call(ec2.run_instances, **arguments)
    again = await call(ec2.run_instances, **arguments)
    ids = [[each["InstanceId"] for each in answer["Instances"]] for answer in (first, again)]
    assert ids[0] == ids[1]
    await refused(ec2.run_instances, "IdempotentParameterMismatch", **{**arguments, "ImageId": "other:1"})
    assert len(await shown(ec2)) == 2


async def test_what_is_not_offered_or_not_honoured_is_refused_by_name(aws: Aws) -> None:
    ec2 = aws.client("ec2")
    run = {"ImageId": IMAGE, "MinCount": 1, "MaxCount": 1}
    await refused(ec2.create_key_pair, "InvalidAction", "CreateKeyPair", KeyName="k")
    await refused(ec2.run_instances, "UnsupportedOperation", "KeyName", KeyName="k", **run)
    await refused(ec2.run_instances, "UnsupportedOperation", "EbsOptimized", EbsOptimized=True, **run)
    await refused(ec2.run_instances, "InvalidParameterValue", "t3.micro", InstanceType="m5.large", **run)
    await refused(ec2.create_volume, "UnsupportedOperation", "VolumeType", VolumeType="gp3")
    await refused(
        ec2.describe_instances,
        "InvalidParameterValue",
        "nonsense",
        Filters=[{"Name": "nonsense", "Values": ["x"]}],
    )
    await refused(ec2.run_instances, "InvalidParameterValue", UserData="#!/bin/sh", **run)
    assert await shown(ec2) == []


async def test_a_dry_run_asks_every_rule_and_changes_nothing(aws: Aws) -> None:
    ec2 = aws.client("ec2")
    run = {"ImageId": IMAGE, "MinCount": 1, "MaxCount": 1, "DryRun": True}
    await refused(ec2.run_instances, "DryRunOperation", **run)
    await refused(ec2.run_instances, "InvalidParameterValue", InstanceType="t3.huge", **run)
    aws.api.engine.missing_images.add("gone:1")
    await refused(ec2.run_instances, "InvalidAMIID.NotFound", **{**run, "ImageId": "gone:1"})
    await refused(ec2.describe_instances, "DryRunOperation", DryRun=True)
    assert await shown(ec2) == []


async def test_ids_that_do_not_exist_are_told_apart(aws: Aws) -> None:
    ec2, digits = aws.client("ec2"), "0" * 17
    await refused(ec2.describe_instances, "InvalidInstanceID.Malformed", InstanceIds=["i-x"])
    await refused(ec2.describe_instances, "InvalidInstanceID.NotFound", InstanceIds=[f"i-{digits}"])
    await refused(ec2.delete_volume, "InvalidVolume.NotFound", VolumeId=f"vol-{digits}")
    await refused(ec2.delete_vpc, "InvalidVpcID.NotFound", VpcId=f"vpc-{digits}")
    await refused(ec2.delete_snapshot, "InvalidSnapshot.NotFound", SnapshotId=f"snap-{digits}")


async def test_what_another_account_has_does_not_exist(aws: Aws) -> None:
    (id_,) = await launched(aws.client("ec2"))
    key, _ = await aws.api.key_of("class-1")
    other = aws.client("ec2", await aws.credentials_of(key))
    await refused(other.describe_instances, "InvalidInstanceID.NotFound", InstanceIds=[id_])
    await refused(other.terminate_instances, "InvalidInstanceID.NotFound", InstanceIds=[id_])
    assert await shown(other) == []


async def test_a_viewer_reads_and_changes_nothing(aws: Aws) -> None:
    key, _ = await aws.api.key_of("main", role="viewer")
    ec2 = aws.client("ec2", await aws.credentials_of(key))
    assert len((await call(ec2.describe_vpcs))["Vpcs"]) == 1
    await refused(ec2.create_vpc, "UnauthorizedOperation", CidrBlock="10.7.0.0/24")


async def test_filters_and_pages(aws: Aws) -> None:
    ec2 = aws.client("ec2")
    await launched(ec2, 3, "web-x")
    (database,) = await launched(ec2, 1, "db")
    by_tag = await shown(ec2, Filters=[{"Name": "tag:Name", "Values": ["d*", "nothing"]}])
    assert [each["InstanceId"] for each in by_tag] == [database]
    nothing = [
        {"Name": "tag:Name", "Values": ["db"]},
        {"Name": "instance-state-name", "Values": ["stopped"]},
    ]
    assert await shown(ec2, Filters=nothing) == []
    pages = await call(
        lambda: list(ec2.get_paginator("describe_instances").paginate(PaginationConfig={"PageSize": 2}))
    )
    sizes = [sum(len(each["Instances"]) for each in page["Reservations"]) for page in pages]
    assert sizes == [2, 2]
    token = pages[0]["NextToken"]
    await refused(
        ec2.describe_instances,
        "InvalidNextToken",
        NextToken=token,
        Filters=[{"Name": "tag-key", "Values": ["x"]}],
    )


async def test_tags(aws: Aws) -> None:
    ec2 = aws.client("ec2")
    (id_,) = await launched(ec2)
    vpc = (await call(ec2.describe_vpcs))["Vpcs"][0]["VpcId"]
    await call(ec2.create_tags, Resources=[id_, vpc], Tags=[{"Key": "env", "Value": "test"}])
    found = await call(ec2.describe_tags, Filters=[{"Name": "key", "Values": ["env"]}])
    assert {(each["ResourceId"], each["ResourceType"]) for each in found["Tags"]} == {
        (id_, "instance"),
        (vpc, "vpc"),
    }
    await call(ec2.delete_tags, Resources=[id_], Tags=[{"Key": "env", "Value": "other"}, {"Key": "Name"}])
    assert (await shown(ec2, InstanceIds=[id_]))[0]["Tags"] == [{"Key": "env", "Value": "test"}]
    await refused(
        ec2.create_tags, "InvalidParameterValue", Resources=[id_], Tags=[{"Key": "aws:x", "Value": ""}]
    )


async def test_volumes_and_snapshots(aws: Aws) -> None:
    ec2 = aws.client("ec2")
    (instance,) = await launched(ec2)
    created = await call(ec2.create_volume, AvailabilityZone="us-east-1a", VolumeType="standard")
    volume = created["VolumeId"]
    await call(ec2.get_waiter("volume_available").wait, VolumeIds=[volume])
    place = {"VolumeId": volume, "InstanceId": instance}
    await refused(ec2.attach_volume, "IncorrectInstanceState", Device="/data", **place)
    await call(ec2.stop_instances, InstanceIds=[instance])
    await call(ec2.get_waiter("instance_stopped").wait, InstanceIds=[instance])
    await refused(ec2.attach_volume, "InvalidParameterValue", "/data", Device="/dev/sdf", **place)
    await call(ec2.attach_volume, Device="/data", **place)
    await call(ec2.get_waiter("volume_in_use").wait, VolumeIds=[volume])
    (mapping,) = (await shown(ec2, InstanceIds=[instance]))[0]["BlockDeviceMappings"]
    assert (mapping["DeviceName"], mapping["Ebs"]["VolumeId"]) == ("/data", volume)
    await refused(ec2.delete_volume, "VolumeInUse", VolumeId=volume)
    snapshot = (await call(ec2.create_snapshot, VolumeId=volume))["SnapshotId"]
    await call(ec2.get_waiter("snapshot_completed").wait, SnapshotIds=[snapshot])
    copy = (await call(ec2.create_volume, AvailabilityZone="us-east-1a", SnapshotId=snapshot))["VolumeId"]
    await call(ec2.get_waiter("volume_available").wait, VolumeIds=[copy])
    await call(ec2.detach_volume, VolumeId=volume)
    await call(ec2.delete_volume, VolumeId=volume)
    await call(ec2.get_waiter("volume_deleted").wait, VolumeIds=[volume])
    await call(ec2.delete_snapshot, SnapshotId=snapshot)
    left = (await call(ec2.describe_volumes))["Volumes"]
    assert [(each["VolumeId"], each["SnapshotId"]) for each in left] == [(copy, snapshot)]


async def test_vpcs(aws: Aws) -> None:
    ec2 = aws.client("ec2")
    vpc = (await call(ec2.create_vpc, CidrBlock="10.7.0.0/24"))["Vpc"]["VpcId"]
    await call(ec2.get_waiter("vpc_available").wait, VpcIds=[vpc])
    await refused(ec2.create_vpc, "InvalidVpc.Range", CidrBlock="10.7.0.0/24")
    await refused(ec2.create_vpc, "InvalidParameterValue", CidrBlock="8.8.8.0/24")
    (default,) = (await call(ec2.describe_vpcs, Filters=[{"Name": "is-default", "Values": ["true"]}]))["Vpcs"]
    await launched(ec2)
    await refused(ec2.delete_vpc, "DependencyViolation", VpcId=default["VpcId"])
    await call(ec2.delete_vpc, VpcId=vpc)


async def test_regions_zones_and_types(aws: Aws) -> None:
    ec2 = aws.client("ec2", region="eu-central-1")
    assert [each["RegionName"] for each in (await call(ec2.describe_regions))["Regions"]] == ["eu-central-1"]
    (zone,) = (await call(ec2.describe_availability_zones))["AvailabilityZones"]
    assert zone["ZoneName"] == "eu-central-1a"
    types = (await call(ec2.describe_instance_types, InstanceTypes=["t3.micro"]))["InstanceTypes"]
    assert [each["MemoryInfo"]["SizeInMiB"] for each in types] == [128]
    offered = await call(ec2.describe_instance_type_offerings, LocationType="availability-zone")
    assert {each["Location"] for each in offered["InstanceTypeOfferings"]} == {"eu-central-1a"}


async def test_what_a_program_printed(aws: Aws) -> None:
    ec2 = aws.client("ec2")
    (id_,) = await launched(ec2)
    (container,) = aws.api.engine.containers.values()
    container.lines.append(LogLine(at=datetime.now(UTC), stream="stdout", text="ready <1>"))
    output = await call(ec2.get_console_output, InstanceId=id_)
    assert output["Output"] == "ready <1>\n"
