"""CloudTrail: who did what, from the log of events."""

import base64
from datetime import datetime, timedelta
from typing import Any

import orjson

from domain.aggregate import Aggregate
from domain.values import parse_id, public_id
from miniaws.application import fingerprint
from miniaws.aws import names
from miniaws.aws.call import Call
from miniaws.aws.operations import Service
from miniaws.aws.protocol.models import Values
from miniaws.aws.protocol.rendered import Failure
from miniaws.aws.reading import Kind, find
from miniaws.aws.services.ec2.kinds import INSTANCE, SNAPSHOT, VOLUME, VPC
from projections.activity import CloudEvent, Filter

SERVICE = Service("cloudtrail", "CloudTrail", "ValidationException")

_SOURCE = "miniaws"
_MOST = 50
_KINDS: dict[str, Kind] = {each.kind: each for each in (INSTANCE, VOLUME, SNAPSHOT, VPC)}
_ATTRIBUTES = ("EventName", "AccessKeyId", "ResourceName", "ResourceType")
_NOTHING: Values = {"Events": []}


@SERVICE.reads(
    "LookupEvents",
    ["LookupAttributes", "StartTime", "EndTime", "MaxResults", "NextToken"],
    missing="shows the events of the log under their names, such as `instance.launch_requested`; they are "
    "never removed; "
    f"attributes to look up: {', '.join(f'`{each}`' for each in _ATTRIBUTES)}",
)
async def lookup_events(call: Call, given: Values) -> Values:
    """Return events of the account, the newest first."""
    most = given.get("MaxResults", _MOST)
    if not 1 <= most <= _MOST:
        raise Failure("InvalidMaxResultsException", f"MaxResults must be from 1 to {_MOST}")
    conditions = await _conditions(call, given)
    if conditions is None:
        return _NOTHING
    digest = fingerprint(call.account.encode(), repr(sorted(conditions.items())).encode())[:16]
    after, before = await _range(call, given)
    if given.get("NextToken"):
        before = min(before, _opened(given["NextToken"], digest))
    wanted = Filter(call.account, after=after, before=before, limit=most + 1, **conditions)
    found = await call.cloud.ports.activity.timeline(wanted)
    events, token = found[:most], None
    if len(found) > most:
        token = base64.urlsafe_b64encode(orjson.dumps([digest, events[-1]["position"]])).decode()
    return {"Events": [_shown(call, each) for each in events], "NextToken": token}


async def _conditions(call: Call, given: Values) -> dict[str, Any] | None:
    """Return what events are narrowed by; None for what no event can have. Raises Failure."""
    attributes: list[Values] = given.get("LookupAttributes") or []
    if not attributes:
        return {}
    key, value = attributes[0].get("AttributeKey"), attributes[0].get("AttributeValue", "")
    if len(attributes) > 1 or key not in _ATTRIBUTES:
        raise Failure(
            "InvalidLookupAttributesException", f"use one of {', '.join(_ATTRIBUTES)}, and only one"
        )
    match key:
        case "EventName":
            return {"type": value}
        case "AccessKeyId":
            uuid = names.key_uuid(value)
            return None if uuid is None else {"actor": public_id("key", uuid)}
        case "ResourceType":
            return {"kind": value} if value in Aggregate.kinds else None
        case _:
            return await _of_resource(call, value)


async def _of_resource(call: Call, id_: str) -> dict[str, Any] | None:
    if (own := parse_id(id_)) is not None:
        return {"resource": own[1]}
    for kind in _KINDS.values():
        if names.id_range(id_, kind.prefix) is not None:
            return {"resource": await find(call, kind, id_)}
    return None


async def _range(call: Call, given: Values) -> tuple[int, int]:
    """Return the positions, both exclusive, between which events are."""
    reads, after, before = call.cloud.ports.inventory, 0, call.moment.position + 1
    start: datetime | None = given.get("StartTime")
    end: datetime | None = given.get("EndTime")
    if start is not None and end is not None and start > end:
        raise Failure("InvalidTimeRangeException", "StartTime must not be after EndTime")
    if start is not None:
        after, _ = await reads.at_instant(start - timedelta(microseconds=1))
    if end is not None:
        last, _ = await reads.at_instant(end)
        before = min(before, last + 1)
    return after, before


def _shown(call: Call, event: CloudEvent) -> Values:
    is_key = parse_id(event["actor"]) is not None
    resource = {"ResourceType": event["resourcekind"], "ResourceName": _resource_name(event)}
    return {
        "EventId": event["id"],
        "EventName": event["type"],
        "EventSource": _SOURCE,
        "EventTime": event["time"],
        "ReadOnly": "false",
        "Username": event["actorname"],
        "AccessKeyId": names.access_key_id(event["actor"]) if is_key else None,
        "Resources": [resource],
        "CloudTrailEvent": orjson.dumps(_record(call, event, is_key=is_key)).decode(),
    }


def _record(call: Call, event: CloudEvent, *, is_key: bool) -> Values:
    return {
        "eventVersion": "1.08",
        "userIdentity": {
            "type": "IAMUser" if is_key else "AWSService",
            "accountId": names.account_number(call.account),
            "userName": event["actorname"],
        },
        "eventTime": event["time"],
        "eventSource": _SOURCE,
        "eventName": event["type"],
        "awsRegion": call.region,
        "sourceIPAddress": event["sourceip"],
        "requestParameters": event["data"],
        "requestID": event["requestid"],
        "eventID": event["id"],
        "readOnly": False,
    }


def _resource_name(event: CloudEvent) -> str:
    kind = _KINDS.get(event["resourcekind"])
    return event["subject"] if kind is None else names.aws_id(event["subject"], kind.prefix)


def _opened(token: str, digest: str) -> int:
    try:
        made_for, before = orjson.loads(base64.urlsafe_b64decode(token))
        is_sound = made_for == digest and isinstance(before, int)
    except (ValueError, TypeError):
        is_sound, before = False, 0
    if not is_sound:
        raise Failure("InvalidNextTokenException", "The token is not one of this request")
    return before
