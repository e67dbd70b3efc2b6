"""How much processor time one call of the command takes."""

import os
import resource
import subprocess
import sys
from collections.abc import Sequence

from benchmarks import machine, servers, tables

CALLS = 15
AT_MOST_MS = 400
COMMANDS = (
    ("--help",),
    ("instance", "--help"),
    ("instance", "list"),
    ("instance", "list", "-o", "json"),
    ("timeline",),
)


def run() -> None:
    """Measure calls of a cloud that answers at once, and of help, which asks nobody."""
    with machine.home() as place, servers.cloud(place, MINIAWS_ENGINE="memory") as cloud:
        environment = {**os.environ, **cloud.environment}
        print("\nprocessor time of one call, user and system, median")
        for arguments in COMMANDS:
            used = [_processor_ms(arguments, environment) for _ in range(CALLS)]
            tables.show(
                f"cloud {' '.join(arguments)}", tables.percentile(used, 0.5), "ms", at_most=AT_MOST_MS
            )


def _processor_ms(arguments: Sequence[str], environment: dict[str, str]) -> float:
    before = _used_s()
    subprocess.run(
        [sys.executable, "-m", "miniaws", *arguments],
        env=environment,
        stdout=subprocess.DEVNULL,
        check=True,
    )
    return (_used_s() - before) * 1000


def _used_s() -> float:
    """Return the processor time of every child that has ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    run()
