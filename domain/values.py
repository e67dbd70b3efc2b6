"""Values that can never be wrong: names, public ids, tags, address ranges.

Each function returns the value or raises ``Invalid``, which says what the field must be.
"""

import re
from base64 import b32decode, b32encode
from collections.abc import Collection, Iterable, Mapping, Sequence
from ipaddress import IPv4Network, ip_network
from typing import Any
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


def must(
    field: str,
    rule: str,
    given: str | float | None = None,
    *,
    why: str = "",
    kind: type[Invalid] = Invalid,
    **more: Any,
) -> Invalid:
    """Return the error about a field that breaks a rule, as ``must("port", "be from 1 to 65535", 70000)``.

    The value that was given is no secret, or left out.
    """
    if given is not None:
        # A rule with commas is a list, which the value would seem to be a part of.
        rule += f"{';' if ',' in rule else ','} not {_given(given)}"
    return kind(f"{shown(field)} must {rule}{why and f': {why}'}", field=field, **more)


def between(number: float, least: float, most: float, field: str) -> float:
    """Return a number that is from one to another."""
    if not least <= number <= most:
        raise must(field, f"be from {_number(least)} to {_number(most)}", number)
    return number


def at_most(count: int, most: int, what: str, field: str) -> int:
    """Return a count of what a field has, as ``variables``, that is at most another."""
    if count > most:
        raise must(field, f"have at most {most} {what}", count)
    return count


def one_of(text: str, known: Collection[str], field: str) -> str:
    """Return a text that is one of the known ones."""
    if text not in known:
        raise must(field, f"be one of {', '.join(known)}", text)
    return text


def distinct(texts: Sequence[str], what: str, field: str) -> Sequence[str]:
    """Return texts that are all different. ``what`` is what a field has of them, as ``ports``."""
    for index, text in enumerate(texts):
        if text in texts[:index]:
            raise must(field, f"have distinct {what}", why=f"{shown(text)} is given twice")
    return texts


def name(text: str, field: str = "name") -> str:
    """Return a resource name: 1 to 63 lower-case letters, digits and hyphens."""
    if not _NAME.fullmatch(text) or _PUBLIC_ID.fullmatch(text):
        raise must(
            field,
            "have 1 to 63 lower-case letters, digits and hyphens, start with a letter, end without a hyphen and not "
            "look like an id, e.g. `web-1`",
            text,
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
    at_most(len(given), _MAX_TAGS, "entries", "tags")
    for key, value in given.items():
        if not re.fullmatch(r"[\w.:/=+@-][\w .:/=+@-]{0,127}", key) or len(value) > 256 or "\0" in value:
            raise must(
                "tags",
                "have keys of 1 to 128 letters, digits, spaces and ._:/=+@- , and values of up to 256 characters "
                'without NUL, e.g. {"env": "test"}',
                key,
            )
    return dict(given)


def mount_path(text: str) -> str:
    """Return an absolute path inside a container, without ``..``."""
    if not _PATH.fullmatch(text) or ".." in text.split("/") or "." in text.split("/"):
        raise must("path", "be an absolute path other than /, e.g. `/data`", text)
    return text


def environment_name(text: str) -> str:
    """Return a name of an environment variable."""
    if not _ENVIRONMENT_NAME.fullmatch(text):
        raise must(
            "env", "have names of up to 128 letters, digits and _ without a digit first, e.g. `APP_ENV`", text
        )
    return text


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
        why = "it does not begin at its first address" if "host bits" in str(error) else ""
        raise must(field, "be a range of addresses, e.g. `10.20.0.0/24`", text, why=why) from None
    is_ipv4 = isinstance(network, IPv4Network)
    if not is_ipv4 or not shortest <= network.prefixlen <= longest or not is_private(network):
        ranges = ", ".join(str(each) for each in _PRIVATE_RANGES)
        raise must(
            field,
            f"be a private IPv4 range between /{shortest} and /{longest} within one of {ranges}, e.g. `10.20.0.0/24`",
            text,
        )
    return network


def shown(text: str) -> str:
    """Return the text as a message shows it: quoted, cut at 80 characters, without control characters."""
    plain = "".join(c if c.isprintable() else "?" for c in text)
    return f"`{plain[:80]}…`" if len(plain) > 80 else f"`{plain}`"


def _given(value: str | float) -> str:
    if isinstance(value, str):
        return shown(value) if value else "empty"
    return _number(value)


def _number(number: float) -> str:
    return str(number) if isinstance(number, int) else f"{number:.12g}"
