"""What happens on a Docker engine."""

import json
import re
import time
from collections import deque
from collections.abc import AsyncIterator
from typing import cast

from adapters.docker.engine import DockerEngine, Json
from adapters.docker.times import from_nanoseconds
from domain.errors import Unreachable
from domain.ports import EngineEvent, Kind

OVERLAP_NS = 5_000_000_000
"""How far before the cursor to look again: the engine may publish events a little out of order."""
REMEMBER = 4096
"""Events known to have been told; the engine itself remembers 256."""
ACTIONS = ["create", "start", "restart", "stop", "kill", "die", "oom", "pause", "unpause", "destroy"]

_VPC_OR_VOLUME = re.compile(r"[a-z]+-[^-]+")


class DockerWatch:
    """Tells when something happens to a container, network or volume of this cloud.

    A cursor is the engine's time of an event in nanoseconds. One object tells each event once; a new one
    (after a restart) begins some seconds before the cursor, so that it may repeat a few but misses none that
    the engine still remembers.
    """

    def __init__(self, engine: DockerEngine) -> None:
        self._engine = engine
        self._order: deque[tuple[str, ...]] = deque(maxlen=REMEMBER)
        self._told: set[tuple[str, ...]] = set()

    def watch(self, cursor: str | None) -> AsyncIterator[EngineEvent]:
        """Yield what happened since the cursor, or since this call; ends with Unreachable when cut."""
        return self._follow(int(cursor) - OVERLAP_NS if cursor else time.time_ns())

    async def _follow(self, since: int) -> AsyncIterator[EngineEvent]:
        # Events of networks and volumes carry no labels: those are told by name.
        filters = {"type": ["container", "network", "volume"], "event": ACTIONS}
        params: Json = {"since": f"{since // 10**9}.{since % 10**9:09}", "filters": json.dumps(filters)}
        async with self._engine.stream("watch", "GET", "/events", params=params) as answer:
            async for line in answer.aiter_lines():
                event = self._read(json.loads(line))
                if event:
                    yield event
        raise Unreachable("cannot watch: the Docker engine has ended the stream; it may be restarting")

    def _read(self, message: Json) -> EngineEvent | None:
        attributes: dict[str, str] = message["Actor"]["Attributes"]
        name = attributes.get("name") or message["Actor"]["ID"]
        thing = self._container(attributes) if message["Type"] == "container" else self._named(message, name)
        key = (str(message["timeNano"]), message["Type"], message["Action"], message["Actor"]["ID"])
        if thing is None or not self._is_new(key):
            return None
        kind, resource_id = thing
        exit_code = attributes.get("exitCode")
        return EngineEvent(
            kind=kind,
            resource_id=resource_id,
            action=message["Action"],
            at=from_nanoseconds(message["timeNano"]),
            cursor=str(message["timeNano"]),
            exit_code=None if exit_code is None else int(exit_code),
        )

    def _container(self, labels: dict[str, str]) -> tuple[Kind, str] | None:
        if labels.get("miniaws.cloud") != self._engine.cloud:
            return None
        return cast("Kind", labels["miniaws.kind"]), labels["miniaws.id"]

    def _named(self, message: Json, name: str) -> tuple[Kind, str] | None:
        kind: Kind = "vpc" if message["Type"] == "network" else "volume"
        resource_id = name.removeprefix(self._engine.name(""))
        # The pattern keeps out what belongs to a container, and to a cloud whose name begins with ours.
        ours = name.startswith(self._engine.name("")) and _VPC_OR_VOLUME.fullmatch(resource_id)
        return (kind, resource_id) if ours else None

    def _is_new(self, key: tuple[str, ...]) -> bool:
        if key in self._told:
            return False
        if len(self._order) == REMEMBER:
            self._told.discard(self._order[0])
        self._order.append(key)
        self._told.add(key)
        return True
