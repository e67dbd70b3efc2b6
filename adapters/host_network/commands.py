"""Runs programs such as ``nft`` and ``ip`` in the network of the host that the engine runs on."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from adapters.docker.engine import DockerEngine
from adapters.host_network.container import HostContainer
from domain.errors import Refused
from domain.ports import ExecResult

TIMEOUT_S = 20.0
_PLACES = "/usr/sbin:/sbin:/usr/bin:/bin"
_NET_ADMIN = 1 << 12
"""The bit of the capability ``CAP_NET_ADMIN``."""


class HostCommands:
    """Runs a program here where this process may change the network, else in a container.

    Here means: this process has the capability, the program is installed, and the engine is on this host.
    """

    def __init__(self, engine: DockerEngine, *, may_run_here: bool = True) -> None:
        self._container = HostContainer(engine)
        self._may_run_here = may_run_here and engine.host.startswith("unix:") and _may_change_the_network()

    async def run(self, argv: Sequence[str], stdin: bytes = b"") -> bytes:
        """Return what the program printed. Raises Refused with its error output, ImagePending, Unreachable."""
        done = await self.execute(argv, stdin)
        if done.exit_code:
            said = done.stderr.decode(errors="replace").strip() or f"it ended with {done.exit_code}"
            raise Refused(f"cannot run {argv[0]} in the network of the host: {said}")
        return done.stdout

    async def execute(self, argv: Sequence[str], stdin: bytes = b"") -> ExecResult:
        """Return how the program ended. Raises ImagePending, Unreachable, Refused after the timeout."""
        program = self.program(argv[0])
        if program is None:
            return await self._container.execute(argv, stdin, TIMEOUT_S)
        return await _execute([program, *argv[1:]], stdin)

    def program(self, name: str) -> str | None:
        """Return the path of a program that is run here, None for one that is run in a container."""
        return shutil.which(name, path=_PLACES) if self._may_run_here else None


async def _execute(argv: Sequence[str], stdin: bytes) -> ExecResult:
    pipe = asyncio.subprocess.PIPE
    # A file: a pipe may be closed by a program that ends before it was written to.
    with tempfile.TemporaryFile() as file:
        file.write(stdin)
        file.seek(0)
        process = await asyncio.create_subprocess_exec(*argv, stdin=file, stdout=pipe, stderr=pipe)
    try:
        async with asyncio.timeout(TIMEOUT_S):
            stdout, stderr = await process.communicate()
    except TimeoutError:
        raise Refused(f"cannot run {argv[0]} within {TIMEOUT_S:g} s") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return ExecResult(process.returncode or 0, stdout, stderr)


def _may_change_the_network() -> bool:
    if os.geteuid() != 0:
        return False
    status = Path("/proc/self/status").read_text().splitlines()
    effective = next((line.split()[1] for line in status if line.startswith("CapEff:")), "0")
    return bool(int(effective, 16) & _NET_ADMIN)
