"""Resource usage of this machine."""

import os
import time
from datetime import UTC, datetime
from pathlib import Path

from domain.stats import HOST, Sample

_IDLE = (3, 4)
"""Columns of ``/proc/stat`` that are idle time: idle, and waiting for I/O."""
_COUNTED = 8
"""The columns after these repeat guest time, which the first two include."""


def sample(proc: Path = Path("/proc")) -> Sample:
    """Return the CPU time of all cores since the start of the machine, and the memory in use."""
    lines = (proc / "stat").read_text().splitlines()
    ticks = [int(word) for word in lines[0].split()[1 : 1 + _COUNTED]]
    busy = sum(count for column, count in enumerate(ticks) if column not in _IDLE)
    memory = {line.split(":")[0]: int(line.split()[1]) * 1024 for line in _lines(proc / "meminfo")}
    return Sample(
        resource_id=HOST,
        run=next(line.split()[1] for line in lines if line.startswith("btime ")),
        at=datetime.fromtimestamp(time.time(), UTC),
        cpu_ns=busy * 10**9 // os.sysconf("SC_CLK_TCK"),
        memory_bytes=memory["MemTotal"] - memory["MemAvailable"],
        cpus=float(sum(line.startswith("cpu") for line in lines) - 1),
        memory_limit_bytes=memory["MemTotal"],
    )


def _lines(path: Path) -> list[str]:
    return [line for line in path.read_text().splitlines() if ":" in line]
