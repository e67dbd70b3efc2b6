"""What the three processes keep in memory after they were busy."""

from pathlib import Path

from benchmarks import client, http_commands, machine, servers, tables

SLICE_S = 4
AIM_MB = 300


def run() -> None:
    """Measure after a few seconds of commands."""
    with machine.home() as place, servers.cloud(place, MINIAWS_ENGINE="memory") as cloud:
        load = client.load(cloud.port, http_commands.launching(cloud), 16, SLICE_S)
        print(f"\nmemory after {len(load.latencies_s)} launches (what several processes share is divided)")
        total = 0.0
        for name, process in cloud.processes.items():
            megabytes = sum(_proportional_mb(each) for each in (process, *_descendants(process)))
            tables.show(name, megabytes, "MB")
            total += megabytes
        tables.show("together", total, "MB", at_most=AIM_MB)


def _proportional_mb(process: int) -> float:
    for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    return 0.0


def _descendants(process: int) -> list[int]:
    return [each for child in machine.children(process) for each in (child, *_descendants(child))]


if __name__ == "__main__":
    run()
