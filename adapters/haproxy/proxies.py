"""The port of load balancers, with HAProxy.

The file always describes the desired state, and is checked before it is used. A proxy that the engine restarts
therefore works without the control plane. A change of servers is applied at run time. Any other change is a reload,
which hands the listening sockets to a new worker, while the old one completes its requests. The process reports
the digest of its configuration (``description``), so no state is stored here, and any running proxy is adopted.
"""

import asyncio
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from adapters.docker.engine import DockerEngine
from adapters.haproxy import members
from adapters.haproxy.configuration import described, render, structure
from adapters.haproxy.container import Container, now
from adapters.haproxy.runtime import Row, Runtime, rows
from adapters.haproxy.stats import passes, seen
from domain.errors import PortError, Unreachable
from domain.load_balancer.proxy import ProxySpec, SeenProxy

_FILE, _NEXT, _BEFORE, _STATE = "haproxy.cfg", "next.cfg", "before.cfg", "state"
_OPERATES, _ADMIN, _CHECK_HEALTH = 5, 6, 12
"""Columns of ``show servers state``."""
_START_S = 10.0
_POLL_S = 0.05


class HAProxies:
    """Runs one container per load balancer. ``directory`` has a folder for each."""

    def __init__(self, engine: DockerEngine, directory: Path, images: Sequence[str], address: str) -> None:
        self._engine = engine
        self._directory = directory
        self._images = images
        self._address = address
        self._owner = os.geteuid()

    async def ensure(self, spec: ProxySpec) -> None:
        """Run this proxy; see ``domain.load_balancer.proxy``."""
        folder = self._folder(spec.resource_id)
        container, runtime = Container(self._engine, spec.resource_id, folder), Runtime(folder)
        digest = structure(spec, self._address, self._owner)
        text = described(render(spec, self._address, owner=self._owner), digest)
        runs = await runtime.digest()
        if runs is None:
            await self._start(spec, container, runtime, folder)
            runs = await runtime.digest()
        if runs != digest:
            await self._reload(spec, container, runtime, folder, text, digest)
        elif _read(folder / _FILE) != text:
            _write(folder / _NEXT, text)
            await container.check(_NEXT)
            (folder / _NEXT).replace(folder / _FILE)
        await members.follow(runtime, spec)

    async def look(self, resource_id: str) -> SeenProxy | None:
        """Return the proxy, or None when it is not running."""
        folder = self._directory / resource_id
        if not folder.is_dir():
            return None
        runtime = Runtime(folder)
        try:
            processes = await runtime.processes()
            stats = await runtime.stats()
        except Unreachable:
            return None
        old: list[Row] = []
        for pid in processes.old:
            try:
                old += rows(await runtime.command_to(pid, "show stat"))
            except Unreachable:
                continue  # it has just ended
        return seen(str(processes.worker), stats, old)

    async def remove(self, resource_id: str) -> None:
        """Remove the proxy."""
        folder = self._directory / resource_id
        await Container(self._engine, resource_id, folder).remove()
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)

    async def running(self) -> list[str]:
        """Return the proxies that exist here."""
        return _folders(self._directory)

    def _folder(self, resource_id: str) -> Path:
        folder = self._directory / resource_id
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder

    async def _start(self, spec: ProxySpec, container: Container, runtime: Runtime, folder: Path) -> None:
        """Start a worker, with the existing file, or else without listeners."""
        idle = ProxySpec(spec.resource_id, spec.account_id, spec.name, (), (), spec.timeouts)
        state, since = await container.state(), now()
        if state is None or not (folder / _FILE).exists():
            _write(folder / _FILE, described(render(idle, self._address, owner=self._owner), "idle"))
        if state is None:
            await container.create(spec.account_id, self._images, self._owner)
        await container.start()
        if await _answers(runtime):
            return
        # A port may have been taken while it was down: it must run nevertheless, to get another port.
        _write(folder / _FILE, described(render(idle, self._address, owner=self._owner), "idle"))
        await container.start()
        if not await _answers(runtime):
            raise await container.why(since)

    async def _reload(
        self,
        spec: ProxySpec,
        container: Container,
        runtime: Runtime,
        folder: Path,
        text: str,
        digest: str,
    ) -> None:
        await container.put(spec.certificates)
        _write(folder / _NEXT, text)
        await container.check(_NEXT)
        await _hand_over_health(runtime, folder / _STATE)
        before, since = await runtime.processes(), now()
        shutil.copyfile(folder / _FILE, folder / _BEFORE)
        (folder / _NEXT).replace(folder / _FILE)
        try:
            await container.reload()
            took = await _took(runtime, digest, before.failed)
        except PortError:
            (folder / _BEFORE).replace(folder / _FILE)
            raise
        if not took:
            # The running process is unchanged, and the file is restored.
            (folder / _BEFORE).replace(folder / _FILE)
            raise await container.why(since)
        await container.tidy(spec.certificates)


async def _hand_over_health(runtime: Runtime, file: Path) -> None:
    """Save the server states for the next worker; servers that were not checked yet start as unhealthy."""
    stats = {(row["pxname"], row["svname"]): row for row in await runtime.stats()}
    kept: list[str] = []
    for line in (await runtime.command("show servers state")).splitlines():
        values = line.split()
        row = stats.get((values[1], values[3])) if len(values) > _CHECK_HEALTH else None
        if row is None:
            kept += [line] if line.startswith("#") or line == "1" else []
        elif values[_ADMIN] == "0":
            if row["weight"] == "0" and row["check_status"] and not passes(row):
                values[_OPERATES] = values[_CHECK_HEALTH] = "0"
            kept.append(" ".join(values))
    _write(file, "\n".join(kept) + "\n")


async def _took(runtime: Runtime, digest: str, failed_before: int) -> bool:
    """Return whether a reload produced a worker with the new configuration."""
    deadline = now() + _START_S
    while now() < deadline:
        if await runtime.digest() == digest:
            return True
        try:
            if (await runtime.processes()).failed > failed_before:
                return False
        except Unreachable:
            pass  # the master is restarting
        await asyncio.sleep(_POLL_S)
    return False


async def _answers(runtime: Runtime) -> bool:
    """Wait for a worker, and return whether one answers."""
    deadline = now() + _START_S
    while now() < deadline:
        if await runtime.digest() is not None:
            return True
        await asyncio.sleep(_POLL_S)
    return False


def _folders(directory: Path) -> list[str]:
    return sorted(each.name for each in directory.iterdir()) if directory.is_dir() else []


def _read(file: Path) -> str | None:
    return file.read_text() if file.exists() else None


def _write(file: Path, text: str) -> None:
    """Write a file atomically."""
    new = file.with_name(f"{file.name}.new")
    new.write_text(text)
    new.replace(file)
