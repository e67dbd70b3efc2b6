"""The contract of every adapter of Proxies."""

from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from domain.errors import PortTaken
from domain.load_balancer import HealthCheck, Listener, TargetGroup, Timeouts
from domain.load_balancer.proxy import Backend, Proxies, ProxySpec, SeenProxy, SeenServer, Server
from tests.adapters.world import ACCOUNT, eventually
from tests.conftest import listening_port

CHECK = HealthCheck(path="/health", codes="200", interval_s=0.3, timeout_s=0.2, rise=1, fall=2)
GROUP = TargetGroup(health_check=CHECK, deregistration_delay_s=5)


@dataclass
class Scene:
    """An engine with proxies, and targets whose program listens on a port."""

    proxies: Proxies
    targets: list[Server]
    taken_port: int
    resource_id: str
    port: int = field(default_factory=listening_port)

    def spec(self, *servers: Server, group: TargetGroup = GROUP, **changes: Any) -> ProxySpec:
        wanted: dict[str, Any] = {
            "resource_id": self.resource_id,
            "account_id": ACCOUNT,
            "name": "web",
            "listeners": (Listener(self.port),),
            "backends": (Backend(group, "http", servers),),
            "timeouts": Timeouts(),
        }
        return ProxySpec(**(wanted | changes))

    async def seen(self) -> SeenProxy:
        found = await self.proxies.look(self.resource_id)
        assert found is not None
        return found

    async def until(self, spec: ProxySpec, name: str, state: str) -> SeenServer:
        """Configure the proxy repeatedly, as a manager does, until a target is in a state."""

        async def look() -> SeenServer | None:
            await self.proxies.ensure(spec)
            server = (await self.seen()).servers.get(name)
            return server if server is not None and server.state == state else None

        return await eventually(look)


class ProxyContract:
    async def test_what_does_not_run_is_not_seen(self, scene: Scene) -> None:
        assert await scene.proxies.look(scene.resource_id) is None
        await scene.proxies.remove(scene.resource_id)
        assert await scene.proxies.running() == []

    async def test_ensure_twice_gives_one(self, scene: Scene) -> None:
        first, second = scene.targets
        spec = scene.spec(first, replace(second, weight=3))
        await scene.proxies.ensure(spec)
        assert await scene.proxies.running() == [scene.resource_id]
        for server in (first, second):
            assert (await scene.until(spec, server.name, "up")).in_flight == 0
        before = (await scene.seen()).traffic
        await scene.proxies.ensure(spec)
        after = (await scene.seen()).traffic
        assert before is not None
        assert after is not None
        assert after.run == before.run, "nothing was restarted"

    async def test_a_target_that_rests_stays_until_it_is_taken_out(self, scene: Scene) -> None:
        first, second = scene.targets
        spec = scene.spec(first, second)
        await scene.proxies.ensure(spec)
        await scene.until(spec, second.name, "up")
        resting = scene.spec(first, replace(second, rests=True))
        await scene.proxies.ensure(resting)
        assert (await scene.seen()).servers[second.name].state == "resting"
        await scene.proxies.ensure(scene.spec(first))
        assert set((await scene.seen()).servers) == {first.name}
        await scene.until(spec, second.name, "up")

    async def test_a_port_that_another_program_has_leaves_what_runs_untouched(self, scene: Scene) -> None:
        spec = scene.spec(scene.targets[0])
        await scene.proxies.ensure(spec)
        before = await scene.until(spec, scene.targets[0].name, "up")
        listeners = (Listener(scene.port), Listener(scene.taken_port))
        with pytest.raises(PortTaken, match=f"cannot listen on port {scene.taken_port}"):
            await scene.proxies.ensure(replace(spec, listeners=listeners))
        after = (await scene.seen()).servers[scene.targets[0].name]
        assert after.traffic is not None
        assert before.traffic is not None
        assert after.traffic.run == before.traffic.run
        await scene.proxies.ensure(spec)

    async def test_remove_leaves_nothing(self, scene: Scene) -> None:
        await scene.proxies.ensure(scene.spec())
        await scene.proxies.remove(scene.resource_id)
        await scene.proxies.remove(scene.resource_id)
        assert await scene.proxies.look(scene.resource_id) is None
        assert await scene.proxies.running() == []
