"""Resource usage of the containers of a Docker engine."""

import asyncio
import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from docker import APIClient

from adapters import host
from adapters.docker.cgroup_files import CgroupFiles
from adapters.docker.engine import DockerEngine, Json
from adapters.docker.times import moment_or_none
from domain.errors import PortError
from domain.stats import HOST, Sample

_log = structlog.get_logger("stats")
_LIST_S = 2.0
"""How often to list the running containers; a local engine is asked nothing else."""
_FRESH = timedelta(seconds=3)
"""Maximum age of a sample from a stream; the engine sends one per second."""


class DockerStats:
    """Measures containers: from kernel files when they run on this machine, else from one stream for each.

    ``files`` None means that the engine runs elsewhere.
    """

    def __init__(self, engine: DockerEngine, files: CgroupFiles | None) -> None:
        self._engine = engine
        self._files = files
        self._running: dict[str, str] = {}
        self._listed = float("-inf")
        self._streams: dict[str, asyncio.Task[None]] = {}
        self._latest: dict[str, Sample] = {}

    async def sample(self) -> list[Sample]:
        """Return a sample of every running container, and of the host if the engine runs on it.

        A new container is included after at most two seconds. Raises Unreachable.
        """
        if time.monotonic() - self._listed >= _LIST_S:
            await self._list()
        found = await asyncio.to_thread(self._read) if self._files is not None else []
        seen = {sample.resource_id for sample in found}
        self._follow({id_: container for id_, container in self._running.items() if id_ not in seen})
        oldest = datetime.fromtimestamp(time.time(), UTC) - _FRESH
        return found + [each for each in self._latest.values() if each.at >= oldest]

    async def close(self) -> None:
        """End the streams."""
        self._follow({})
        await asyncio.sleep(0)

    async def _list(self) -> None:
        def running(api: APIClient) -> list[Json]:
            return api.containers(filters=self._engine.only())

        items = await self._engine.run("list what runs", running)
        self._running = self._measured(items)
        self._listed = time.monotonic()
        if self._files is not None:
            self._files.forget(set(self._running.values()))

    def _measured(self, items: list[Json]) -> dict[str, str]:
        """Return containers by the id of their resource, without others that have its id in a label."""
        found: dict[str, str] = {}
        for item in items:
            thing = self._engine.resource(item.get("Labels"))
            if thing is None or thing[1] == HOST:
                continue
            is_its_own = f"/{self._engine.name(thing[1])}" in (item.get("Names") or [])
            if is_its_own or thing[1] not in found:
                found[thing[1]] = item["Id"]
        return found

    def _read(self) -> list[Sample]:
        assert self._files is not None  # noqa: S101 - asked before
        samples = [self._files.read(id_, container) for id_, container in self._running.items()]
        return [host.sample(), *(sample for sample in samples if sample is not None)]

    def _follow(self, wanted: dict[str, str]) -> None:
        """Open a stream for each of these containers, and close all others."""
        for container in self._streams.keys() - set(wanted.values()):
            self._streams.pop(container).cancel()
        self._latest = {id_: each for id_, each in self._latest.items() if id_ in wanted}
        for resource_id, container in wanted.items():
            task = self._streams.get(container)
            if task is None or task.done():
                self._streams[container] = asyncio.create_task(
                    self._listen(resource_id, container), name=f"stats-{resource_id}"
                )

    async def _listen(self, resource_id: str, container: str) -> None:
        # The engine does not report when its counters started: after a gap it counts as another run.
        run = _run(container)
        try:
            async with self._engine.stream(
                f"measure {resource_id}", "GET", "/containers/{}/stats", container, params={"stream": "1"}
            ) as answer:
                async for line in answer.aiter_lines():
                    told = _sample(resource_id, run, json.loads(line))
                    if told is None:
                        run = _run(container)
                    else:
                        self._latest[resource_id] = told
        except PortError as error:
            _log.info("cannot measure", resource=resource_id, why=str(error))


def _run(container: str) -> str:
    return f"{container}.{time.time_ns()}"


def _sample(resource_id: str, run: str, told: Json) -> Sample | None:
    """Return the engine's statistics of a container; None when it is not running."""
    at = moment_or_none(told["read"])
    memory: dict[str, Any] = told.get("memory_stats") or {}
    if at is None or "usage" not in memory:
        return None
    cache = memory["stats"].get("total_inactive_file", memory["stats"].get("inactive_file", 0))
    networks: dict[str, dict[str, int]] | None = told.get("networks")
    blocks: list[dict[str, Any]] | None = (told.get("blkio_stats") or {}).get("io_service_bytes_recursive")
    return Sample(
        resource_id=resource_id,
        run=run,
        at=at,
        cpu_ns=told["cpu_stats"]["cpu_usage"]["total_usage"],
        memory_bytes=max(memory["usage"] - cache, 0),
        network_rx_bytes=None if networks is None else sum(each["rx_bytes"] for each in networks.values()),
        network_tx_bytes=None if networks is None else sum(each["tx_bytes"] for each in networks.values()),
        block_read_bytes=_moved(blocks, "read"),
        block_write_bytes=_moved(blocks, "write"),
    )


def _moved(blocks: list[dict[str, Any]] | None, direction: str) -> int | None:
    if blocks is None:
        return None
    return sum(each["value"] for each in blocks if each["op"].lower() == direction)
