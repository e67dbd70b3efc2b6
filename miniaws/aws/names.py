"""What things are called on the wire: ids, ARNs, account numbers, zones. Each follows from what the cloud calls them.

An id is a prefix with the first 17 hexadecimal digits of the resource's uuid, which the index by uuids finds again.
"""

import hashlib
import re
from uuid import UUID

from domain.access_key import AccessKey
from domain.values import parse_id

ID_DIGITS = 17
DEFAULT_REGION = "us-east-1"
_KEY_PREFIX = "MAWS"
_SHORT = re.compile(r"([a-z]+)-([0-9a-f]{17})", re.ASCII)
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d{1,2}", re.ASCII)


def aws_id(id_: str, prefix: str) -> str:
    """Return the id of a resource on the wire, e.g. ``i-0123456789abcdef0``."""
    parsed = parse_id(id_)
    assert parsed is not None, id_  # noqa: S101 - ids of documents are ids
    return f"{prefix}-{parsed[1].hex[:ID_DIGITS]}"


def id_range(text: str, prefix: str) -> tuple[UUID, UUID] | None:
    """Return the first and last uuid that an id on the wire can stand for, None when it is no id of that prefix."""
    match = _SHORT.fullmatch(text)
    if match is None or match[1] != prefix:
        return None
    rest = 32 - ID_DIGITS
    return UUID(match[2] + "0" * rest), UUID(match[2] + "f" * rest)


def access_key_id(key_id: str) -> str:
    """Return the access key id of an API key."""
    return _KEY_PREFIX + key_id.removeprefix(f"{AccessKey.PREFIX}-").upper()


def key_uuid(access_key_id_: str) -> UUID | None:
    """Return the API key that an access key id stands for, None when it is none of ours."""
    if not access_key_id_.startswith(_KEY_PREFIX):
        return None
    parsed = parse_id(f"{AccessKey.PREFIX}-{access_key_id_.removeprefix(_KEY_PREFIX).lower()}")
    return None if parsed is None else parsed[1]


def account_number(account_id: str) -> str:
    """Return the 12 digits that stand for an account; the same everywhere, for AWS clients accept nothing else."""
    digest = hashlib.sha256(f"miniaws account {account_id}".encode()).digest()
    return f"{int.from_bytes(digest[:8]) % 10**12:012}"


def zone_of(region: str) -> str:
    """Return the only zone: this host."""
    return f"{region}a"


def is_region(text: str) -> bool:
    """Return whether a text has the form of a region."""
    return _REGION.fullmatch(text) is not None


def arn(service: str, region: str, account_id: str, rest: str) -> str:
    """Return an ARN."""
    return f"arn:aws:{service}:{region}:{account_number(account_id)}:{rest}"


def caller_arn(account_id: str, key_name: str) -> str:
    """Return the ARN of who sends a request: the key, as a user."""
    return arn("iam", "", account_id, f"user/{key_name}")
