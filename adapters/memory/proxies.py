"""Proxies in memory: targets are healthy unless a test says otherwise."""

from dataclasses import dataclass, field, replace

from adapters.memory.engine import MemoryEngine
from domain.errors import PortTaken
from domain.load_balancer.proxy import ProxySpec, SeenProxy, SeenServer, Server, Traffic


@dataclass(slots=True)
class MemoryProxy:
    """A simulated proxy."""

    spec: ProxySpec
    run: int
    runs: bool = True
    in_flight: dict[str, int] = field(default_factory=dict[str, int])
    requests: dict[str, int] = field(default_factory=dict[str, int])


class MemoryProxies:
    """Simulates proxies."""

    def __init__(self, engine: MemoryEngine) -> None:
        self._engine = engine
        self.proxies: dict[str, MemoryProxy] = {}
        self.sick: dict[str, str] = {}
        """Why targets fail their checks, by name."""
        self.unchecked: set[str] = set()
        """Targets that were not checked yet."""

    async def ensure(self, spec: ProxySpec) -> None:
        """Run this proxy. Raises PortTaken."""
        await self._engine.enter("proxies.ensure")
        for listener in spec.listeners:
            if listener.port in self._engine.taken_ports:
                raise PortTaken(
                    f"cannot listen on port {listener.port}: another program does; stop it or use another port"
                )
        known = self.proxies.get(spec.resource_id)
        if known is None:
            self.proxies[spec.resource_id] = MemoryProxy(spec, 1)
            return
        known.run += 0 if known.runs else 1
        known.spec, known.runs = spec, True
        names = {server.name for backend in spec.backends for server in backend.servers}
        known.in_flight = {name: count for name, count in known.in_flight.items() if name in names}

    async def look(self, resource_id: str) -> SeenProxy | None:
        """Return the proxy, or None when it is not running."""
        await self._engine.enter("proxies.look")
        known = self.proxies.get(resource_id)
        if known is None or not known.runs:
            return None
        servers = [server for backend in known.spec.backends for server in backend.servers]
        total = Traffic(str(known.run), sum(known.in_flight.values()), sum(known.requests.values()))
        return SeenProxy({server.name: self._seen(known, server) for server in servers}, total)

    async def remove(self, resource_id: str) -> None:
        """Remove the proxy."""
        await self._engine.enter("proxies.remove")
        self.proxies.pop(resource_id, None)

    async def running(self) -> list[str]:
        """Return every proxy."""
        await self._engine.enter("proxies.running")
        return sorted(self.proxies)

    def kill(self, resource_id: str) -> None:
        """Stop a proxy by hand."""
        self.proxies[resource_id].runs = False
        self.proxies[resource_id].in_flight.clear()

    def _seen(self, known: MemoryProxy, server: Server) -> SeenServer:
        in_flight = known.in_flight.get(server.name, 0)
        traffic = Traffic(str(known.run), in_flight, known.requests.get(server.name, 0))
        seen = SeenServer(server.name, "up", None, in_flight, server.weight, traffic)
        if server.rests:
            return replace(seen, state="resting")
        if server.name in self.unchecked:
            return replace(seen, state="unchecked")
        if server.name in self.sick:
            return replace(seen, state="down", reason=self.sick[server.name])
        return seen
