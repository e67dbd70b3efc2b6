"""Ports of a service: ``8080:80``, ``127.0.0.1:8000-8002:80-82/tcp``, the long form, and ``expose``."""

import re
from collections.abc import Iterator
from ipaddress import ip_address

from miniaws.cli.compose.section import Section
from miniaws.cli.compose.source import Node

_SHORT = re.compile(
    r"(?:(?P<address>\[[0-9a-fA-F:.]+\]|\d+(?:\.\d+){3}):)?(?:(?P<host>\d+(?:-\d+)?)?:)?(?P<inside>\d+(?:-\d+)?)"
    r"(?:/(?P<protocol>[a-z]+))?"
)
_ANY_HOST = "any free port of the host cannot be chosen: give one with `publish`"


def ports(service: Section) -> list[dict[str, int]]:
    """Take the ports of a service, each once."""
    found: dict[int, dict[str, int]] = {}
    taken = service.take("ports")
    for each in [] if taken is None else taken.elements:
        for port in _long(service, each) if isinstance(each.content, dict) else _short(service, each):
            found.setdefault(port["port"], port)
    for text in service.texts("expose"):
        for number in _numbers(text.partition("/")[0]):
            found.setdefault(number, {"port": number})
    return list(found.values())


def _short(service: Section, node: Node) -> Iterator[dict[str, int]]:
    text = service.resolved("ports", node)
    match = _SHORT.fullmatch(text) if text is not None else None
    if match is None:
        if text is not None:
            service.lose("ports", node, f"{text!r} is no port such as 8080:80")
        return
    _check(service, node, match["protocol"], match["address"])
    if match["protocol"] in {None, "tcp"}:
        yield from _pairs(service, node, match["host"], match["inside"])


def _long(service: Section, node: Node) -> Iterator[dict[str, int]]:
    port = Section(f"{service.path}.ports", node, service.of)
    target, published = port.text("target"), port.text("published")
    protocol, address = port.text("protocol"), port.text("host_ip")
    for ignored in ("mode", "name", "app_protocol"):
        port.take(ignored)
    port.close()
    _check(service, node, protocol, address)
    if target is not None and protocol in {None, "tcp"}:
        yield from _pairs(service, node, published, target)


def _check(service: Section, node: Node, protocol: str | None, address: str | None) -> None:
    if protocol not in {None, "tcp"}:
        service.lose("ports", node, f"the protocol {protocol}: ports are TCP")
    elif address is not None and not _is_any(address):
        service.say(
            "ports", node, f"the port is published as every port of this cloud is, not on {address} alone"
        )


def _is_any(address: str) -> bool:
    try:
        return ip_address(address.strip("[]")).is_unspecified
    except ValueError:
        return False


def _pairs(service: Section, node: Node, host: str | None, inside: str) -> Iterator[dict[str, int]]:
    targets, published = list(_numbers(inside)), list(_numbers(host or ""))
    if not published:
        service.say("ports", node, f"the port {inside} is private: {_ANY_HOST}")
        yield from ({"port": number} for number in targets)
    elif len(targets) != len(published):
        service.lose("ports", node, f"the range {host} has another size than {inside}")
    else:
        yield from ({"port": a, "publish": b} for a, b in zip(targets, published, strict=True))


def _numbers(text: str) -> Iterator[int]:
    first, _, last = text.partition("-")
    if first.isdecimal() and (not last or last.isdecimal()):
        yield from range(int(first), int(last or first) + 1)
