"""CloudTrail as boto3 uses it."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.aws.conftest import Aws, call
from tests.aws.test_ec2 import launched, refused


async def looked_up(aws: Aws, key: str | None = None, value: str = "", **more: Any) -> list[Any]:
    attributes = [{"AttributeKey": key, "AttributeValue": value}] if key else []
    found = await call(aws.client("cloudtrail").lookup_events, LookupAttributes=attributes, **more)
    return found["Events"]


async def test_events_tell_who_did_what(aws: Aws) -> None:
    ec2 = aws.client("ec2")
    answer = await call(ec2.create_vpc, CidrBlock="10.7.0.0/24")
    vpc, request = answer["Vpc"]["VpcId"], answer["ResponseMetadata"]["HTTPHeaders"]["x-amzn-requestid"]
    (begun,) = [each for each in await looked_up(aws, "ResourceName", vpc) if each["Username"] == "admin"]
    assert begun["EventName"] == "vpc.create_requested"
    assert begun["AccessKeyId"] == aws.credentials.access_key_id
    assert begun["Resources"] == [{"ResourceType": "vpc", "ResourceName": vpc}]
    record = json.loads(begun["CloudTrailEvent"])
    assert (record["requestID"], record["sourceIPAddress"]) == (request, "127.0.0.1")
    assert record["requestParameters"]["cidr"] == "10.7.0.0/24"


async def test_events_are_narrowed_and_come_in_pages(aws: Aws) -> None:
    await launched(aws.client("ec2"), 3)
    requested = await looked_up(aws, "EventName", "instance.launch_requested")
    assert len(requested) == 3
    by_key = await looked_up(aws, "AccessKeyId", aws.credentials.access_key_id)
    assert len(by_key) >= 3
    assert await looked_up(aws, "ResourceType", "nonsense") == []
    future = datetime.now(UTC) + timedelta(hours=1)
    assert await looked_up(aws, StartTime=future) == []
    everything = await looked_up(aws, EndTime=future)
    paginator = aws.client("cloudtrail").get_paginator("lookup_events")
    pages = await call(lambda: list(paginator.paginate(EndTime=future, PaginationConfig={"PageSize": 2})))
    assert [each["EventId"] for page in pages for each in page["Events"]] == [
        each["EventId"] for each in everything
    ]
    client = aws.client("cloudtrail")
    await refused(client.lookup_events, "InvalidNextTokenException", NextToken="x")
    await refused(client.lookup_events, "ValidationException", "EventCategory", EventCategory="insight")
    await refused(client.describe_trails, "UnknownOperationException")


async def test_no_event_of_another_account_is_shown(aws: Aws) -> None:
    key, _ = await aws.api.key_of("class-1")
    client = aws.client("cloudtrail", await aws.credentials_of(key))
    found = (await call(client.lookup_events))["Events"]
    own = {json.loads(each["CloudTrailEvent"])["userIdentity"]["accountId"] for each in found}
    assert len(own) == 1
    attribute = {"AttributeKey": "EventName", "AttributeValue": "vpc.create_requested"}
    vpcs = (await call(client.lookup_events, LookupAttributes=[attribute]))["Events"]
    assert len(vpcs) == 1
