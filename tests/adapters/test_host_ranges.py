"""The host's address ranges, read from the kernel's tables."""

from ipaddress import IPv4Network

from adapters.docker.host_ranges import addresses, routes

ROUTES = """\
Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0
eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
mawours\t0000C90A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
"""
TRIE = """\
Main:
  +-- 0.0.0.0/0 3 0 4
     |-- 0.0.0.0
        /0 universe UNICAST
     |-- 10.201.0.0
        /24 link UNICAST
     |-- 10.201.0.1
        /32 host LOCAL
     |-- 10.77.0.9
        /32 host LOCAL
     +-- 127.0.0.0/8 2 0 2
           |-- 127.0.0.0
              /8 host LOCAL
        |-- 127.255.255.255
           /32 link BROADCAST
Id 51820:
     |-- 10.88.0.0
        /16 universe UNICAST
        /24 universe UNICAST
"""


def ranges(*texts: str) -> list[IPv4Network]:
    return [IPv4Network(text) for text in texts]


def test_routes_are_those_of_others_without_the_default_one() -> None:
    assert list(routes(ROUTES, {"mawours"})) == ranges("192.0.2.0/24")


def test_addresses_of_the_host_and_routes_of_every_table_are_in_use() -> None:
    found = list(addresses(TRIE, ranges("10.201.0.0/24")))
    assert found == ranges("10.77.0.9/32", "127.0.0.0/8", "10.88.0.0/16", "10.88.0.0/24")
