"""Values that can never be wrong: names, public ids, tags, address ranges.

Each function returns the value or raises ``Invalid`` with the rule and an example.
"""

import re
from base64 import b32decode, b32encode
from collections.abc import Iterable, Mapping, Sequence
from ipaddress import IPv4Network, ip_network
from uuid import UUID

from domain.errors import Invalid

_NAME = re.compile(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?")
_PUBLIC_ID = re.compile(r"([a-z]+)-([a-z2-7]{26})")
_PART_NAME = re.compile(r"[a-z]{1,10}-[a-z2-7]{26}-[a-z_]+")
_PATH = re.compile(r"(/[A-Za-z0-9._-]+)+")
_ENVIRONMENT_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
_MAX_TAGS = 50
_PRIVATE_RANGES = [
    IPv4Network(each) for each in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")
]
"""RFC 1918 and RFC 6598. ``IPv4Network.is_private`` also holds for loopback, link-local and reserved ranges."""


def name(text: str, field: str = "name") -> str:
    """Return a resource name: 1 to 63 lower-case letters, digits and hyphens."""
    if not _NAME.fullmatch(text) or _PUBLIC_ID.fullmatch(text):
        raise Invalid(
            f"cannot use {shown(text)} as a name: use 1 to 63 lower-case letters, digits and hyphens that start "
            "with a letter, end without a hyphen and do not look like an id, e.g. `web-1`",
            field=field,
        )
    return text


def public_id(prefix: str, uuid: UUID) -> str:
    """Return ``<prefix>-<base32 of the uuid>``, 26 lower-case characters after the hyphen."""
    return f"{prefix}-{b32encode(uuid.bytes).decode().rstrip('=').lower()}"


def part_name(prefix: str, uuid: UUID, kind: str) -> str:
    """Return the name of a resource that is created as a part of another one, which people do not name."""
    return f"{public_id(prefix, uuid)}-{kind}"


def is_part_name(name: str) -> bool:
    """Return whether a name is one that ``part_name`` returns."""
    return _PART_NAME.fullmatch(name) is not None


def parse_id(text: str) -> tuple[str, UUID] | None:
    """Return prefix and uuid of a public id, or None when the text is not one."""
    match = _PUBLIC_ID.fullmatch(text)
    if match is None:
        return None
    raw = b32decode(match[2].upper() + "======")
    uuid = UUID(bytes=raw)
    # The last character carries two spare bits: only one spelling of an id is valid.
    return (match[1], uuid) if public_id(match[1], uuid) == text else None


def owner(text: str) -> tuple[str, UUID] | None:
    """Return prefix and uuid of the resource a container belongs to: ``db-….log`` to ``db-…``."""
    return parse_id(text.partition(".")[0])


def tags(given: Mapping[str, str]) -> dict[str, str]:
    """Return at most 50 tags with keys of 1 to 128 and values of up to 256 characters."""
    if len(given) > _MAX_TAGS:
        raise Invalid(f"cannot keep {len(given)} tags: use at most {_MAX_TAGS}", field="tags")
    for key, value in given.items():
        if not re.fullmatch(r"[\w.:/=+@-][\w .:/=+@-]{0,127}", key) or len(value) > 256 or "\0" in value:
            raise Invalid(
                f"cannot use the tag {shown(key)}: keys have 1 to 128 letters, digits, spaces and ._:/=+@- , values up "
                'to 256 characters without NUL, e.g. {"env": "test"}',
                field="tags",
            )
    return dict(given)


def mount_path(text: str) -> str:
    """Return an absolute path inside a container, without ``..``."""
    if not _PATH.fullmatch(text) or ".." in text.split("/") or "." in text.split("/"):
        raise Invalid(
            f"cannot mount at {shown(text)}: use an absolute path other than /, e.g. `/data`", field="path"
        )
    return text


def environment_name(text: str) -> str:
    """Return a name of an environment variable."""
    if not _ENVIRONMENT_NAME.fullmatch(text):
        raise Invalid(
            f"cannot use {shown(text)} as an environment variable: use letters, digits and _, e.g. `APP_ENV`",
            field="env",
        )
    return text


def one_of(text: str, known: Sequence[str], attempt: str, field: str) -> str:
    """Return a text that is one of the known ones. ``attempt`` is what cannot be done with another one, as `use {}`."""
    if text not in known:
        raise Invalid(f"cannot {attempt.format(shown(text))}: use one of {', '.join(known)}", field=field)
    return text


def distinct(texts: Sequence[str], attempt: str, field: str) -> Sequence[str]:
    """Return texts that are all different. ``attempt`` is what cannot be done twice, as `list {} twice`."""
    for index, text in enumerate(texts):
        if text in texts[:index]:
            raise Invalid(f"cannot {attempt.format(shown(text))}: name it once", field=field)
    return texts


def cidr(text: str, field: str = "cidr") -> IPv4Network:
    """Return the range of a VPC: private IPv4 between /16 and /28. Raises Invalid."""
    return _private_range(text, field, 16, 28)


def pool(text: str, field: str) -> IPv4Network:
    """Return a range that VPCs get their /24 from: private IPv4 between /8 and /24. Raises Invalid."""
    return _private_range(text, field, 8, 24)


def is_private(network: IPv4Network) -> bool:
    """Return whether a range is within those of RFC 1918 or within 100.64.0.0/10."""
    return any(network.subnet_of(each) for each in _PRIVATE_RANGES)


def blocks(network: IPv4Network) -> list[str]:
    """Return the /24 blocks that a range touches; two ranges that overlap share one."""
    if network.prefixlen >= 24:
        return [str(network.supernet(new_prefix=24))]
    return [str(block) for block in network.subnets(new_prefix=24)]


def free_block(pool: str, taken: Iterable[str]) -> str | None:
    """Return the first /24 of the pool that overlaps none of the taken ranges, or None."""
    used = [ip_network(range_) for range_ in taken]
    for block in ip_network(pool).subnets(new_prefix=24):
        if not any(block.overlaps(other) for other in used):
            return str(block)
    return None


def _private_range(text: str, field: str, shortest: int, longest: int) -> IPv4Network:
    try:
        network = ip_network(text)
    except ValueError as error:
        raise Invalid(
            f"cannot use {shown(text)} as a range: {error}; e.g. `10.20.0.0/24`", field=field
        ) from None
    is_ipv4 = isinstance(network, IPv4Network)
    if not is_ipv4 or not shortest <= network.prefixlen <= longest or not is_private(network):
        ranges = ", ".join(str(each) for each in _PRIVATE_RANGES)
        raise Invalid(
            f"cannot use {shown(text)} as a range: it must be a private IPv4 range between /{shortest} and /{longest} "
            f"within one of {ranges}; e.g. `10.20.0.0/24`",
            field=field,
        )
    return network


def shown(text: str) -> str:
    """Return the text as a message shows it: quoted, cut at 80 characters, without control characters."""
    plain = "".join(c if c.isprintable() else "?" for c in text)
    return f"`{plain[:80]}…`" if len(plain) > 80 else f"`{plain}`"
