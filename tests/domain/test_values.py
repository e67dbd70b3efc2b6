"""Validated values, and invalid ones."""

from ipaddress import IPv4Network
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import values
from domain.errors import Invalid
from domain.instance_type import INSTANCE_TYPES, instance_type
from tests.domain.refusals import refused

AN_ID = UUID("12345678-1234-5678-1234-567812345678")


@pytest.mark.parametrize("name", ["a", "web-1", "a" * 63, "x9"])
def test_a_name_has_1_to_63_lower_case_letters_digits_and_hyphens(name: str) -> None:
    assert values.name(name) == name


@pytest.mark.parametrize(
    "name",
    ["", "Web", "1web", "-a", "a-", "a_b", "a.b", "ä", "a" * 64, "a\n", "a\0", "\uff41", "a b", "\ud800"],
)
def test_another_name_is_refused_with_the_rule_and_an_example(name: str) -> None:
    with refused(Invalid, "1 to 63 lower-case letters", "`web-1`", field="name"):
        values.name(name)


def test_a_name_does_not_look_like_an_id() -> None:
    with refused(Invalid, "not look like an id", field="name"):
        values.name(values.public_id("vpc", AN_ID))


@given(st.uuids(), st.sampled_from(["i", "vpc", "vol", "key"]))
def test_an_id_says_its_kind_and_its_uuid(uuid: UUID, prefix: str) -> None:
    text = values.public_id(prefix, uuid)
    assert values.parse_id(text) == (prefix, uuid)
    assert values.parse_id(text.upper()) is None


@given(st.text(max_size=40))
def test_no_text_is_an_id_by_accident(text: str) -> None:
    parsed = values.parse_id(text)
    assert parsed is None or values.public_id(*parsed) == text


def test_an_id_has_one_spelling() -> None:
    text = values.public_id("i", AN_ID)
    others = [text[:-1] + letter for letter in "abcdefghijklmnopqrstuvwxyz234567" if letter != text[-1]]
    accepted = [values.parse_id(other) for other in others]
    assert [parsed for parsed in accepted if parsed is not None and parsed[1] == AN_ID] == []


def test_tags_are_at_most_50_short_words() -> None:
    given_tags = {f"k{number}": "v" * 256 for number in range(50)}
    assert values.tags(given_tags) == given_tags
    with refused(Invalid, "at most 50 entries, not 51", field="tags"):
        values.tags({**given_tags, "one-more": ""})


@pytest.mark.parametrize("key", ["", " a", "a" * 129, "a\n", "a\0", "{}"])
def test_a_tag_has_a_readable_key(key: str) -> None:
    with refused(Invalid, '{"env": "test"}', field="tags"):
        values.tags({key: "v"})


def test_the_value_of_a_tag_has_at_most_256_characters() -> None:
    with refused(Invalid, "`env`", "256", field="tags"):
        values.tags({"env": "v" * 257})


@pytest.mark.parametrize("path", ["/data", "/var/lib/x-1", "/a.b/c_d"])
def test_a_mount_path_is_absolute(path: str) -> None:
    assert values.mount_path(path) == path


@pytest.mark.parametrize("path", ["", "/", "data", "/a/", "/../etc", "/a/./b", "/a//b", "/a b", "/a:ro"])
def test_another_path_is_refused(path: str) -> None:
    with refused(Invalid, "absolute path other than /", "`/data`", field="path"):
        values.mount_path(path)


def test_an_environment_variable_has_a_plain_name() -> None:
    assert values.environment_name("APP_ENV") == "APP_ENV"
    for bad in ("", "1A", "A-B", "A=B", "A" * 129, "Ä"):
        with refused(Invalid, "letters, digits and _", "`APP_ENV`", field="env"):
            values.environment_name(bad)


@pytest.mark.parametrize("text", ["10.20.0.0/24", "192.168.0.0/16", "172.20.1.0/28", "100.127.255.0/24"])
def test_a_range_is_private_and_between_16_and_28(text: str) -> None:
    assert str(values.cidr(text)) == text


SPECIAL = [
    "0.0.0.0/24",
    "127.0.0.0/24",
    "169.254.169.0/24",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "198.18.0.0/16",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/24",
    "240.0.0.0/24",
    "255.255.255.0/24",
]
"""Ranges that are not public, but lead to the host, its neighbours or nowhere."""
BESIDE = ["172.15.0.0/16", "172.32.0.0/16", "100.63.0.0/16", "100.128.0.0/16", "192.167.0.0/16"]
"""Adjacent to private ranges."""
ODD = ["10.0.0.0/15", "10.0.0.0/29", "8.8.8.0/24", "fd00::/64", "::ffff:10.20.0.0/120", "10.0.0.0"]


@pytest.mark.parametrize("text", [*SPECIAL, *BESIDE, *ODD])
def test_another_range_is_refused(text: str) -> None:
    with refused(Invalid, "private IPv4 range between /16 and /28", "10.20.0.0/24", field="cidr"):
        values.cidr(text)


@pytest.mark.parametrize("text", ["10.201.0.0/16", "10.0.0.0/8", "192.168.7.0/24"])
def test_a_pool_is_private_and_holds_a_24(text: str) -> None:
    assert str(values.pool(text, "vpc_pool")) == text


@pytest.mark.parametrize("text", [*SPECIAL, *BESIDE, "10.0.0.0/25", "8.0.0.0/8", "0.0.0.0/0", "x"])
def test_another_pool_is_refused(text: str) -> None:
    with refused(Invalid, values.shown(text), field="vpc_pool"):
        values.pool(text, "vpc_pool")


@pytest.mark.parametrize(
    "text", ["", "10.0.0.1/24", "10.0.0.0/33", "300.0.0.0/24", "0177.0.0.0/24", "127.1/24", "x"]
)
def test_what_is_no_range_is_refused_with_an_example(text: str) -> None:
    with refused(Invalid, values.shown(text) if text else "not empty", "10.20.0.0/24", field="cidr"):
        values.cidr(text)


def _range(third: int, fourth: int, prefix: int) -> IPv4Network:
    return IPv4Network(f"10.20.{third}.{fourth}/{prefix}", strict=False)


RANGES = st.builds(_range, st.integers(0, 3), st.sampled_from([0, 64, 128]), st.integers(22, 28))


@given(RANGES, RANGES)
def test_two_ranges_that_overlap_share_a_block(one: IPv4Network, other: IPv4Network) -> None:
    if one.overlaps(other):
        assert set(values.blocks(one)) & set(values.blocks(other))


def test_the_first_free_block_of_a_pool_is_given() -> None:
    assert values.free_block("10.20.0.0/22", []) == "10.20.0.0/24"
    assert values.free_block("10.20.0.0/22", ["10.20.0.0/25", "10.20.1.0/28"]) == "10.20.2.0/24"
    assert values.free_block("10.20.0.0/23", ["10.0.0.0/8"]) is None


def test_what_is_shown_is_short_and_printable() -> None:
    assert values.shown("a\nb\0c\x1b[31m") == "`a?b?c?[31m`"
    assert values.shown("x" * 81) == f"`{'x' * 80}…`"


def test_a_type_has_real_limits() -> None:
    assert instance_type("nano").memory_mb == 64
    assert list(INSTANCE_TYPES) == ["nano", "micro", "small", "medium", "large"]
    with refused(Invalid, "`huge`", "nano, micro, small, medium, large", field="type"):
        instance_type("huge")
