"""Resource usage of containers from kernel files: needs no engine, and is cheap enough for every second."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from adapters.docker.times import from_nanoseconds
from domain.stats import Sample

_PLACES = ("docker/{}", "system.slice/docker-{}.scope")
"""Paths of a container for the two cgroup drivers of Docker."""
_MICROSECOND_NS = 1000


@dataclass(frozen=True, slots=True)
class Folders:
    """The folder of each controller for one container; version 2 has one folder for all."""

    version: int
    cpu: Path
    memory: Path
    block: Path


class CgroupFiles:
    """Reads cgroups of version 1 and 2. ``root`` and ``proc`` are their mount points."""

    def __init__(self, root: Path = Path("/sys/fs/cgroup"), proc: Path = Path("/proc")) -> None:
        self._root = root
        self._proc = proc
        self._folders: dict[str, Folders] = {}

    def read(self, resource_id: str, container_id: str) -> Sample | None:
        """Return the usage of the container; None when it is not running here, or is just ending."""
        try:
            folders = self._folders.get(container_id) or self._find(container_id)
            return _read(folders, self._proc, resource_id) if folders else None
        except (OSError, ValueError, KeyError):
            # It ended while its files were read, and may return under the other path.
            self._folders.pop(container_id, None)
            return None

    def forget(self, besides: set[str]) -> None:
        """Drop the state of all other containers."""
        self._folders = {id_: found for id_, found in self._folders.items() if id_ in besides}

    def _find(self, container_id: str) -> Folders | None:
        for place in _PLACES:
            inner = place.format(container_id)
            if (self._root / "cpuacct" / inner).is_dir():
                folders = Folders(1, *(self._root / name / inner for name in ("cpuacct", "memory", "blkio")))
            elif (self._root / inner / "cpu.stat").is_file():
                folders = Folders(2, *(self._root / inner,) * 3)
            else:
                continue
            self._folders[container_id] = folders
            return folders
        return None


def _read(folders: Folders, proc: Path, resource_id: str) -> Sample | None:
    pids = (folders.cpu / "cgroup.procs").read_text().split()
    if not pids:
        return None
    at = time.time_ns()
    cpu_ns, memory = _version_1(folders) if folders.version == 1 else _version_2(folders)
    received, sent = _network(proc / pids[0] / "net" / "dev")
    read, written = _block(folders)
    return Sample(
        resource_id=resource_id,
        # The folder and its counters are created again at each start.
        run=str(folders.cpu.stat().st_ino),
        at=from_nanoseconds(at),
        cpu_ns=cpu_ns,
        memory_bytes=memory,
        network_rx_bytes=received,
        network_tx_bytes=sent,
        block_read_bytes=read,
        block_write_bytes=written,
    )


def _version_1(folders: Folders) -> tuple[int, int]:
    cache = _table(folders.memory / "memory.stat")["total_inactive_file"]
    used = int((folders.memory / "memory.usage_in_bytes").read_text())
    return int((folders.cpu / "cpuacct.usage").read_text()), max(used - cache, 0)


def _version_2(folders: Folders) -> tuple[int, int]:
    cache = _table(folders.memory / "memory.stat")["inactive_file"]
    used = int((folders.memory / "memory.current").read_text())
    return _table(folders.cpu / "cpu.stat")["usage_usec"] * _MICROSECOND_NS, max(used - cache, 0)


def _table(path: Path) -> Mapping[str, int]:
    pairs = (line.split() for line in path.read_text().splitlines())
    return {name: int(value) for name, value in pairs}


def _network(path: Path) -> tuple[int, int] | tuple[None, None]:
    """Return bytes received and sent on all interfaces but the loopback."""
    try:
        lines = path.read_text().splitlines()[2:]
    except OSError:
        return None, None  # the process is gone, or cannot be seen from here
    received = sent = 0
    for line in lines:
        name, _, numbers = line.partition(":")
        if name.strip() != "lo":
            columns = numbers.split()
            received += int(columns[0])
            sent += int(columns[8])
    return received, sent


def _block(folders: Folders) -> tuple[int, int] | tuple[None, None]:
    """Return bytes read from and written to devices."""
    try:
        if folders.version == 1:
            return _block_1(folders.block / "blkio.throttle.io_service_bytes_recursive")
        return _block_2(folders.block / "io.stat")
    except OSError:
        return None, None  # this kernel does not count them


def _block_1(path: Path) -> tuple[int, int]:
    totals = {"Read": 0, "Write": 0}
    for line in path.read_text().splitlines():
        words = line.split()  # as in "8:0 Read 4096"; the last line is a total
        if len(words) == 3 and words[1] in totals:
            totals[words[1]] += int(words[2])
    return totals["Read"], totals["Write"]


def _block_2(path: Path) -> tuple[int, int]:
    totals = {"rbytes": 0, "wbytes": 0}
    for line in path.read_text().splitlines():
        for pair in line.split()[1:]:
            name, _, value = pair.partition("=")
            if name in totals:
                totals[name] += int(value)
    return totals["rbytes"], totals["wbytes"]
