"""Proxies in memory and with HAProxy fulfil the same contract."""

import socket
from collections.abc import AsyncGenerator, Generator

import pytest
import pytest_asyncio

from adapters.memory import MemoryEngine, MemoryProxies
from domain.load_balancer.proxy import Server
from tests.adapters.proxies import Place, real_place
from tests.adapters.proxy_contract import ProxyContract, Scene


class TestMemory(ProxyContract):
    @pytest.fixture
    def scene(self) -> Scene:
        engine = MemoryEngine()
        engine.taken_ports.add(81)
        targets = [
            Server("default:i-1:8080", "10.0.0.2", 8080, 1),
            Server("default:i-2:8080", "10.0.0.3", 8080, 1),
        ]
        return Scene(MemoryProxies(engine), targets, 81, "lb-test")


@pytest.fixture
def taken_port() -> Generator[int]:
    """A port on which a program outside the cloud listens."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def place(
    engine: str, haproxy_image: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncGenerator[Place]:
    async with real_place(engine, haproxy_image, tmp_path_factory.mktemp("haproxy")) as found:
        yield found


@pytest.mark.asyncio(loop_scope="module")
class TestHAProxy(ProxyContract):
    @pytest_asyncio.fixture(loop_scope="module")
    async def scene(self, place: Place, taken_port: int) -> AsyncGenerator[Scene]:
        async with place.scene(taken_port) as found:
            yield found
