"""The runtime API of HAProxy, over its sockets."""

import asyncio
import csv
import os
import re
from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from domain.errors import Unreachable

if TYPE_CHECKING:
    from collections.abc import Generator

Row = Mapping[str, str]
_TIMEOUT_S = 10.0
_WORKER = re.compile(r"^(\d+)\s+worker\b", re.MULTILINE)
_FAILED = re.compile(r"\[failed: (\d+)\]")
_LIMIT = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Processes:
    """The processes of a master: its worker, old workers that are finishing, and the number of failed reloads."""

    worker: int | None
    old: tuple[int, ...]
    failed: int


@dataclass(frozen=True, slots=True)
class ServerRow:
    """A server of a backend in the running worker."""

    backend: str
    name: str
    address: str
    port: int
    stat: Row

    @property
    def rests(self) -> bool:
        """Whether it is draining."""
        return self.stat["status"].startswith("MAINT")

    @property
    def rested_s(self) -> int:
        """How long it has been draining."""
        return int(self.stat["lastchg"] or 0) if self.rests else 0

    @property
    def weight(self) -> int:
        """Return its current weight."""
        return int(self.stat["weight"] or 0)


class Runtime:
    """Talks to one HAProxy through the socket of its master.

    The master can address each worker. After a reload, two workers briefly share the worker's own socket,
    and either may answer there.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._worker: int | None = None

    async def command(self, command: str) -> str:
        """Send a command to the worker and return the response. Raises Unreachable."""
        if self._worker is None:
            self._worker = (await self.processes()).worker
        if self._worker is None:
            raise Unreachable("cannot reach the proxy: it has no worker")
        return await self.command_to(self._worker, command)

    async def command_to(self, pid: int, command: str) -> str:
        """Send a command to one worker. Raises Unreachable."""
        said = await self._ask(f"@!{pid} {command}")
        if said.startswith("Can't find the target"):
            self._worker = None
            raise Unreachable("cannot reach the proxy: its worker has just ended")
        return said

    async def processes(self) -> Processes:
        """Return the workers. Raises Unreachable."""
        text = await self._ask("show proc")
        current, _, old = text.partition("# old workers")
        now = [int(pid) for pid in _WORKER.findall(current)]
        failed = _FAILED.search(text)
        return Processes(
            now[0] if now else None,
            tuple(int(pid) for pid in _WORKER.findall(old)),
            int(failed[1]) if failed else 0,
        )

    async def digest(self) -> str | None:
        """Return the digest of the configuration that the worker runs; None when it does not answer."""
        self._worker = None
        try:
            info = await self.command("show info")
        except Unreachable:
            return None
        said = (line.partition(": ") for line in info.splitlines())
        return next((text for name, _, text in said if name == "description"), None)

    async def stats(self) -> list[Row]:
        """Return the statistics of every listener, backend and server."""
        return rows(await self.command("show stat"))

    async def servers(self) -> list[ServerRow]:
        """Return every server of the worker."""
        stats = {(row["pxname"], row["svname"]): row for row in await self.stats()}
        lines = (await self.command("show servers state")).splitlines()
        columns = next((line.lstrip("# ").split() for line in lines if line.startswith("# ")), [])
        found: list[ServerRow] = []
        for line in lines:
            values = dict(zip(columns, line.split(), strict=False))
            key = (values.get("be_name", ""), values.get("srv_name", ""))
            if not line.startswith("#") and key in stats:
                port = int(values["srv_port"])
                found.append(ServerRow(*key, values["srv_addr"], port, stats[key]))
        return found

    async def _ask(self, text: str) -> str:
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                with _short(self._directory) as directory:
                    reader, writer = await asyncio.open_unix_connection(
                        f"{directory}/master.sock", limit=_LIMIT
                    )
                try:
                    writer.write(text.encode() + b"\n")
                    # The master answers only when nothing more can come.
                    writer.write_eof()
                    return (await reader.read(-1)).decode(errors="replace")
                finally:
                    writer.close()
        except (OSError, TimeoutError) as error:
            raise Unreachable(f"cannot reach the proxy: {error or 'it does not answer'}") from error


def rows(text: str) -> list[Row]:
    """Return the rows of ``show stat``."""
    lines = text.lstrip("# ").strip().splitlines()
    return list(csv.DictReader(lines)) if lines else []


@contextmanager
def _short(directory: Path) -> "Generator[str]":
    """Return a path to the directory that is short enough for a socket address."""
    descriptor = os.open(directory, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)
