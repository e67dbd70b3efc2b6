"""Tags on the wire."""

import hashlib
import re

from miniaws.aws.call import Call
from miniaws.aws.protocol.models import Values
from miniaws.aws.protocol.rendered import Failure

_RESERVED = "aws:"
_NAME = "Name"


def listed(tags: dict[str, str]) -> list[Values]:
    """Return tags as AWS lists them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def read(given: list[Values] | None) -> dict[str, str]:
    """Return the tags that are given. Raises Failure."""
    tags = {each.get("Key", ""): each.get("Value", "") for each in given or []}
    for key in tags:
        if key.lower().startswith(_RESERVED):
            raise Failure("InvalidParameterValue", f"Tag keys starting with 'aws:' are reserved: {key[:80]}")
    return tags


def of_new(given: Values, resource_type: str) -> dict[str, str]:
    """Return the tags of a new resource. Raises Failure for tags of what is not made."""
    tags: dict[str, str] = {}
    for each in given.get("TagSpecifications") or []:
        if each.get("ResourceType") != resource_type:
            raise Failure(
                "InvalidParameterValue",
                f"The parameter TagSpecifications.ResourceType must be {resource_type}: nothing else is made here",
            )
        tags |= read(each.get("Tags"))
    return tags


def name_of_new(call: Call, prefix: str, tags: dict[str, str], number: int = 0) -> str:
    """Return the name of a new resource: from its tag `Name`, and what a repeated request has again."""
    words = re.sub(r"[^a-z0-9]+", "-", tags.get(_NAME, "").lower()).strip("-")[:30].strip("-")
    digest = hashlib.sha256(f"{call.account} {call.repeat}".encode()).hexdigest()[:12]
    start = words if words[:1].isalpha() else prefix
    return f"{start}-{digest}-{number}"
