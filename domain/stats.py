"""What containers and the host use, and the port that measures it; the rules of ``domain/ports.py`` hold."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

HOST = "host"
"""What the machine itself is called among samples."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What a container, or the host, has used up to an instant.

    The counters (CPU time in nanoseconds, bytes moved) begin at zero in each ``run``. None cannot be measured here.
    """

    resource_id: str
    run: str
    """Another word after each start."""
    at: datetime
    cpu_ns: int
    memory_bytes: int
    """In use now, without the file cache that can be given back at once."""
    network_rx_bytes: int | None = None
    network_tx_bytes: int | None = None
    block_read_bytes: int | None = None
    block_write_bytes: int | None = None
    cpus: float | None = None
    """Cores it may use; None when only the resource's type knows, here and below."""
    memory_limit_bytes: int | None = None


class Stats(Protocol):
    """Measures resource usage."""

    async def sample(self) -> list[Sample]:
        """Return a sample of every container that runs, and of the host where it can be seen; no others."""
        ...
