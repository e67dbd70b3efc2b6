"""The IPv4 ranges that the host itself uses, as the kernel lists them in ``/proc/net``. Pure."""

import re
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network

_LEAF = re.compile(r"\|-- (\S+)")
_ENTRY = re.compile(r"/(\d+) \w+ (LOCAL|UNICAST)\b")


def routes(table: str, besides: set[str]) -> Iterable[IPv4Network]:
    """Yield the destinations in ``/proc/net/route``, without the default route and the interfaces ``besides``."""
    for line in table.splitlines()[1:]:
        interface, destination, *_, mask = line.split()[:8]
        if interface not in besides and int(mask, 16):
            yield IPv4Network(f"{_address(destination)}/{_address(mask)}")


def addresses(trie: str, besides: Iterable[IPv4Network]) -> Iterable[IPv4Network]:
    """Yield the host's addresses and the routes of every table in ``/proc/net/fib_trie``.

    Addresses of an interface (`/32`), loopback, and routes of other tables than the main one are not in
    ``/proc/net/route``. Ranges within ``besides`` are left out.
    """
    leaf = ""
    for line in trie.splitlines():
        if found := _LEAF.search(line):
            leaf = found[1]
        elif (found := _ENTRY.search(line)) and found[1] != "0":
            range_ = IPv4Network(f"{leaf}/{found[1]}")
            if not any(range_.subnet_of(other) for other in besides):
                yield range_


def _address(text: str) -> IPv4Address:
    # The kernel prints the address as a number in the host's byte order.
    return IPv4Address(bytes.fromhex(text)[::-1])
