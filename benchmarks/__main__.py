"""Run every benchmark, or those named, e.g. ``python -m benchmarks append as_of``; an unknown name lists them.

One that fails does not stop the others: the summary at the end names it, and the exit code is 1.
"""

import sys
import time
import traceback
from collections.abc import Callable, Mapping

from benchmarks import (
    append,
    as_of,
    cache,
    command,
    console,
    firewall,
    http_commands,
    launch,
    load_balancer,
    machine,
    memory,
    plan,
    queue,
    replay,
    restore,
    rewind,
    scaling,
    snapshot,
    sse_fanout,
    visible,
)

ALL: Mapping[str, Callable[[], None]] = {
    "command": command.run,
    "append": append.run,
    "replay": replay.run,
    "plan": plan.run,
    "http_commands": http_commands.run,
    "visible": visible.run,
    "console": console.run,
    "sse_fanout": sse_fanout.run,
    "memory": memory.run,
    "launch": launch.run,
    "scaling": scaling.run,
    "firewall": firewall.run,
    "load_balancer": load_balancer.run,
    "snapshot": snapshot.run,
    "restore": restore.run,
    "rewind": rewind.run,
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
    failed = [name for name in wanted if not measure(name, ALL[name])]
    print(
        f"\nmeasured in {time.monotonic() - began:.0f} s; numbers in [] are the range, ratios the medians of rounds"
    )
    if failed:
        print(f"{len(failed)} of {len(wanted)} failed: {', '.join(failed)}; see above", file=sys.stderr)
    return 1 if failed else 0


def measure(name: str, run: Callable[[], None]) -> bool:
    """Run one benchmark; return whether it went well, having said why not."""
    print(f"\n== {name}: {machine.facts()}", flush=True)
    try:
        run()
    except (Exception, SystemExit):  # noqa: BLE001 - whatever is amiss with one, the others can be measured
        traceback.print_exc()
        print(f"== {name} failed", flush=True)
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
