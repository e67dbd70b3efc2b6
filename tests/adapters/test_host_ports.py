"""Whether a port of the host is in use, in memory and according to the kernel."""

import socket
from collections.abc import Generator
from contextlib import contextmanager

import pytest

from adapters.host_ports import LocalHostPorts
from adapters.memory import MemoryEngine, MemoryHostPorts


@contextmanager
def listening(address: str, family: socket.AddressFamily = socket.AF_INET) -> Generator[int]:
    with socket.socket(family) as server:
        server.bind((address, 0))
        server.listen()
        yield server.getsockname()[1]


@pytest.mark.parametrize("listens_on", ["127.0.0.1", "0.0.0.0"])  # noqa: S104 - a test
@pytest.mark.parametrize("asked_for", ["127.0.0.1", "0.0.0.0"])  # noqa: S104 - as above
async def test_a_port_is_in_use_while_a_program_listens_on_it(listens_on: str, asked_for: str) -> None:
    ports = LocalHostPorts(asked_for)
    with listening(listens_on) as port:
        assert await ports.is_in_use(port)
        assert await ports.is_in_use(port), "asking changes nothing"
    assert not await ports.is_in_use(port)


async def test_connections_that_linger_do_not_count() -> None:
    with listening("127.0.0.1") as port, socket.create_connection(("127.0.0.1", port)):
        pass
    assert not await LocalHostPorts("127.0.0.1").is_in_use(port)


async def test_a_port_of_another_address_is_free() -> None:
    with listening("127.0.0.2") as port:
        assert not await LocalHostPorts("127.0.0.1").is_in_use(port)


async def test_what_cannot_be_known_is_free() -> None:
    with listening("127.0.0.1") as port:
        assert not await LocalHostPorts(None).is_in_use(port)
    assert not await LocalHostPorts("127.0.0.1").is_in_use(99_999)
    assert not await LocalHostPorts("192.0.2.99").is_in_use(8080)


async def test_a_pretended_port_is_in_use_when_a_test_says_so() -> None:
    engine = MemoryEngine()
    engine.taken_ports.add(8081)
    ports = MemoryHostPorts(engine)
    assert [await ports.is_in_use(port) for port in (8081, 8082)] == [True, False]
