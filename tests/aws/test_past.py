"""The past: what is answered for a moment is what was answered then, and nothing of it can be changed."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.aws.conftest import Aws, call
from tests.aws.test_ec2 import launched, refused, shown


async def answered(aws: Aws, at: str = "") -> dict[str, Any]:
    """Return what is described of everything."""
    ec2 = aws.client("ec2", at=at)
    reads = (ec2.describe_instances, ec2.describe_vpcs, ec2.describe_volumes, ec2.describe_tags)
    answers = [await call(each) for each in reads]
    for each in answers:
        del each["ResponseMetadata"]
    return {name: value for each in answers for name, value in each.items()}


async def recorded(aws: Aws, then: dict[int, dict[str, Any]]) -> None:
    """Keep what is answered now, once nothing happens meanwhile."""
    reads = aws.api.cloud.ports.inventory
    position, found = -1, {}
    while position != await reads.position():
        position = await reads.position()
        found = await answered(aws)
    then[position] = found


async def test_the_past_is_answered_as_it_was(aws: Aws) -> None:
    ec2, then = aws.client("ec2"), dict[int, dict[str, Any]]()
    await recorded(aws, then)
    ids = await launched(ec2, 2)
    await recorded(aws, then)
    await call(ec2.create_volume, AvailabilityZone="us-east-1a")
    await call(ec2.stop_instances, InstanceIds=ids[:1])
    await recorded(aws, then)
    await call(ec2.create_tags, Resources=ids, Tags=[{"Key": "env", "Value": "test"}])
    await call(ec2.terminate_instances, InstanceIds=ids)
    await recorded(aws, then)
    await call(ec2.get_waiter("instance_terminated").wait, InstanceIds=ids)
    await recorded(aws, then)
    assert len(then) >= 4
    for position, before in then.items():
        assert await answered(aws, str(position)) == before


async def test_nothing_of_the_past_can_be_changed(aws: Aws) -> None:
    ids = await launched(aws.client("ec2"))
    now = (await aws.api.cloud.ports.inventory.now()).strftime("%Y-%m-%dT%H:%M:%SZ")
    past = aws.client("ec2", at=str(await aws.api.cloud.ports.inventory.position()))
    await refused(past.terminate_instances, "InvalidRequest", "past is read-only", InstanceIds=ids)
    await refused(past.get_console_output, "InvalidRequest", InstanceId=ids[0])
    assert len(await shown(past)) == 1
    assert await shown(aws.client("ec2", at="0")) == []
    await call(aws.client("ec2", at=now).describe_instances)
    await refused(
        aws.client("ec2", at="2999-01-01T00:00:00Z").describe_vpcs, "InvalidParameterValue", "in the past"
    )
    with pytest.raises(ClientError, match="InvalidParameterValue"):
        await call(aws.client("ec2", at="yesterday").describe_vpcs)
