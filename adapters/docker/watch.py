"""Events of a Docker engine."""

import json
import re
import time
from collections import deque
from collections.abc import AsyncIterator

from adapters.docker.engine import DockerEngine, Json
from adapters.docker.times import from_nanoseconds
from domain.errors import Unreachable
from domain.ports import EngineEvent, Kind

OVERLAP_NS = 5_000_000_000
"""How far before the cursor to start: the engine may publish events slightly out of order."""
REMEMBER = 4096
"""Events remembered as reported; the engine itself retains 256."""
ACTIONS = ["create", "start", "restart", "stop", "kill", "die", "oom", "pause", "unpause", "destroy"]

_EXIT_CODE = re.compile(r"[0-9]{1,3}")
_VPC_OR_VOLUME = re.compile(r"[a-z]+-[^-]+")


class DockerWatch:
    """Reports events of the containers, networks and volumes of this cloud.

    A cursor is the engine's time of an event in nanoseconds. One object reports each event once; a new one
    (after a restart) starts some seconds before the cursor: it may repeat some events, but it misses none that
    the engine still retains.
    """

    def __init__(self, engine: DockerEngine) -> None:
        self._engine = engine
        self._order: deque[tuple[str, ...]] = deque(maxlen=REMEMBER)
        self._reported: set[tuple[str, ...]] = set()

    def watch(self, cursor: str | None) -> AsyncIterator[EngineEvent]:
        """Yield events since the cursor, or since this call. Raises Unreachable when the connection is lost."""
        return self._follow(int(cursor) - OVERLAP_NS if cursor else time.time_ns())

    async def _follow(self, since: int) -> AsyncIterator[EngineEvent]:
        # Events of networks and volumes have no labels: these are identified by name.
        filters = {"type": ["container", "network", "volume"], "event": ACTIONS}
        params: Json = {"since": f"{since // 10**9}.{since % 10**9:09}", "filters": json.dumps(filters)}
        async with self._engine.stream("watch", "GET", "/events", params=params) as answer:
            async for line in answer.aiter_lines():
                event = self._read(json.loads(line))
                if event:
                    yield event
        raise Unreachable("cannot watch: the Docker engine has ended the stream; it may be restarting")

    def _read(self, message: Json) -> EngineEvent | None:
        # Of a container these are its labels, too.
        attributes: dict[str, str] = message["Actor"].get("Attributes") or {}
        name = attributes.get("name") or message["Actor"]["ID"]
        is_container = message["Type"] == "container"
        thing = self._engine.resource(attributes) if is_container else self._named(message, name)
        key = (str(message["timeNano"]), message["Type"], message["Action"], message["Actor"]["ID"])
        if thing is None or not self._is_new(key):
            return None
        kind, resource_id = thing
        # A label of the image may have the same name.
        exit_code = attributes.get("exitCode", "")
        return EngineEvent(
            kind=kind,
            resource_id=resource_id,
            action=message["Action"],
            at=from_nanoseconds(message["timeNano"]),
            cursor=str(message["timeNano"]),
            exit_code=int(exit_code) if _EXIT_CODE.fullmatch(exit_code) else None,
        )

    def _named(self, message: Json, name: str) -> tuple[Kind, str] | None:
        kind: Kind = "vpc" if message["Type"] == "network" else "volume"
        resource_id = name.removeprefix(self._engine.name(""))
        # The pattern excludes volumes of containers, and of a cloud whose name starts with ours.
        ours = name.startswith(self._engine.name("")) and _VPC_OR_VOLUME.fullmatch(resource_id)
        return (kind, resource_id) if ours else None

    def _is_new(self, key: tuple[str, ...]) -> bool:
        if key in self._reported:
            return False
        if len(self._order) == REMEMBER:
            self._reported.discard(self._order[0])
        self._order.append(key)
        self._reported.add(key)
        return True
