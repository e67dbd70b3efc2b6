"""A snapshot of a volume and its restoration beside plain `tar`, and a second snapshot after a small change."""

import asyncio
import os
import secrets
import subprocess
import time
from dataclasses import replace
from pathlib import Path

from docker import APIClient

from adapters.docker import DockerPorts, docker_ports, engine_sweep
from adapters.restic import ResticCopies, TargetsFile
from benchmarks import machine, tables
from domain.snapshot.copies import CopyResult, Task
from miniaws.settings import Settings

FILES = 200
MIB = 2**20
KEY = b"of-the-benchmark"
LOOK_S = 0.02


def run() -> None:
    """Measure on the engine of this machine, whose volumes can be seen."""
    settings, name = Settings(), f"mawbench-{secrets.token_hex(3)}"
    try:
        with machine.home() as place:
            asyncio.run(_measure(settings, docker_ports(settings.docker_host, name, place)))
    finally:
        engine_sweep.sweep(settings.docker_host, name)


async def _measure(settings: Settings, ports: DockerPorts) -> None:
    copies = ResticCopies(ports.engine, settings.images("restic"), TargetsFile(settings.copy_targets_file))
    api = APIClient(settings.docker_host, version="auto")
    places: dict[str, Path] = {}
    for volume in ("vol-source", "vol-target"):
        await ports.volumes.ensure(volume, "main", None)
        places[volume] = Path(api.inspect_volume(ports.engine.name(volume))["Mountpoint"])
    source, target = places.values()
    _fill(source, range(FILES))
    print(f"\nsnapshot of {FILES} MiB, half of it random")
    tables.show("tar to a file", FILES / _tar(source, target / "all.tar"), "MiB/s")
    first, seconds = await _carry_out(
        copies, Task("copy", "snapshot", "snap-1", "main", "r", KEY, ("vol-source",))
    )
    tables.show("first snapshot", FILES / seconds, "MiB/s")
    tables.show("  stored", first.added_bytes / MIB, "MiB")
    _fill(source, range(FILES // 100))
    again = Task("copy", "snapshot", "snap-2", "main", "r", KEY, ("vol-source",), parent_id=first.copy_id)
    second, seconds = await _carry_out(copies, again)
    tables.show("second snapshot, 1 % changed", FILES / seconds, "MiB/s")
    tables.show("  stored", second.added_bytes / MIB, "MiB")
    restore = Task(
        "restore", "volume", "vol-target", "main", "r", KEY, ("vol-source",), copy_id=second.copy_id
    )
    _, seconds = await _carry_out(copies, replace(restore, into="vol-target"))
    tables.show("restored and compared", FILES / seconds, "MiB/s")
    check = Task("verify", "snapshot", "snap-2", "main", "r", KEY, copy_id=second.copy_id)
    _, seconds = await _carry_out(copies, check)
    tables.show("read back", FILES / seconds, "MiB/s")
    api.close()
    await ports.close()


def _fill(place: Path, numbers: range) -> None:
    for number in numbers:
        (place / f"file-{number}").write_bytes(os.urandom(MIB // 2) + bytes(MIB // 2))


def _tar(source: Path, archive: Path) -> float:
    started = time.perf_counter()
    subprocess.run(["tar", "--create", "--file", archive, "--directory", source, "."], check=True)
    os.sync()
    seconds = time.perf_counter() - started
    archive.unlink()
    return seconds


async def _carry_out(copies: ResticCopies, task: Task) -> tuple[CopyResult, float]:
    started = time.perf_counter()
    await copies.begin(task)
    while (seen := await copies.look(task.repository_id, task.owner_id)) and seen.state == "running":  # noqa: ASYNC110 - the engine tells no sooner
        await asyncio.sleep(LOOK_S)
    seconds = time.perf_counter() - started
    if seen is None or seen.state != "ended":
        raise RuntimeError(f"cannot {task.verb}: {seen and seen.reason}")
    await copies.end(task.repository_id, task.owner_id)
    return seen.copied or CopyResult("", 0, 0, 0), seconds


if __name__ == "__main__":
    run()
