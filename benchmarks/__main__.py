"""Run every benchmark, or those named, e.g. ``python -m benchmarks append as_of``; an unknown name lists them."""

import sys
import time
from collections.abc import Callable, Mapping

from benchmarks import (
    append,
    as_of,
    cache,
    console,
    http_commands,
    launch,
    load_balancer,
    machine,
    memory,
    queue,
    replay,
    restore,
    scaling,
    snapshot,
    sse_fanout,
    visible,
)

ALL: Mapping[str, Callable[[], None]] = {
    "append": append.run,
    "replay": replay.run,
    "http_commands": http_commands.run,
    "visible": visible.run,
    "console": console.run,
    "sse_fanout": sse_fanout.run,
    "memory": memory.run,
    "launch": launch.run,
    "scaling": scaling.run,
    "load_balancer": load_balancer.run,
    "snapshot": snapshot.run,
    "restore": restore.run,
    "as_of": as_of.run,
    "cache": cache.run,
    "queue": queue.run,
}


def main() -> int:
    """Run what the arguments name and return the exit code."""
    wanted = sys.argv[1:] or list(ALL)
    if unknown := set(wanted) - set(ALL):
        print(f"cannot measure {', '.join(unknown)}: there are {', '.join(ALL)}", file=sys.stderr)
        return 2
    began = time.monotonic()
    for name in wanted:
        print(f"\n== {name}: {machine.facts()}")
        ALL[name]()
    print(
        f"\nmeasured in {time.monotonic() - began:.0f} s; numbers in [] are the range, ratios the medians of rounds"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
