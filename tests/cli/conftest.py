"""A cloud for CLI tests: the real API on a real socket and a real database; only the containers are simulated."""

import asyncio
import contextlib
import os
import pty
import subprocess
import sys
import threading
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
import uvicorn
from typer.testing import CliRunner, Result

from adapters.memory import MemoryEngine
from miniaws import bootstrap
from miniaws.cli import app
from miniaws.cli.client import Client
from miniaws.cli.failures import Failure
from miniaws.settings import Settings
from tests.conftest import ROOT, free_port

PROGRAM = [sys.executable, "-m", "miniaws"]


class StuckEngine(MemoryEngine):
    """An engine whose calls can be made to hang."""

    def __init__(self) -> None:
        super().__init__()
        self._held: dict[str, asyncio.Event] = {}

    def hold(self, call: str) -> None:
        """Make a call hang."""
        self._held[call] = asyncio.Event()

    def release(self, call: str) -> None:
        """Release it."""
        self._held.pop(call).set()

    async def enter(self, call: str) -> None:
        """Begin a call."""
        if call in self._held:
            await self._held[call].wait()
        await super().enter(call)


class CloudServer:
    """The API and a controller in a thread."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.engine = StuckEngine()
        self._loop: asyncio.AbstractEventLoop
        self._stopped = asyncio.Event()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._failure: BaseException | None = None

    def start(self) -> None:
        """Wait until it responds."""
        self._thread.start()
        assert self._ready.wait(60), "it did not start"
        if self._failure is not None:
            raise self._failure

    def stop(self) -> None:
        """Wait until it has ended."""
        self._loop.call_soon_threadsafe(self._stopped.set)
        self._thread.join(30)
        assert not self._thread.is_alive()

    def accident(self, happen: str, *arguments: object) -> None:
        """Run a function on the engine, in the thread that owns it."""
        asyncio.run_coroutine_threadsafe(self._call(happen, *arguments), self._loop).result(10)

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as failure:  # noqa: BLE001 - the thread that waits raises it
            self._failure = failure
            self._ready.set()

    async def _call(self, happen: str, *arguments: object) -> None:
        getattr(self.engine, happen)(*arguments)

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        world = bootstrap.memory_infrastructure(self.engine)
        bootstrap.prepare(self.settings)
        await bootstrap.ensure_first_key(self.settings)
        config = uvicorn.Config(
            bootstrap.create_api(self.settings, world), port=self.settings.port, ws="none", log_config=None
        )
        server = uvicorn.Server(config)
        async with bootstrap.open_controller(self.settings, world) as controller:
            running = asyncio.create_task(controller.run())
            serving = asyncio.create_task(server.serve())
            while not server.started:  # noqa: ASYNC110 - uvicorn offers no event
                await asyncio.sleep(0.01)
            self._ready.set()
            await self._stopped.wait()
            server.should_exit = True
            await serving
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


class Command:
    """The command ``cloud``, signed in by the profile that the cloud wrote."""

    def __init__(self, variables: dict[str, str]) -> None:
        self.variables = variables

    def __call__(self, *arguments: str, exit_code: int = 0, **variables: str) -> Result:
        """Run it, and compare its exit code."""
        result = CliRunner().invoke(app, arguments, env={**self.variables, **variables})
        assert result.exit_code == exit_code, f"{result.exit_code}\n{result.output}\n{result.exception!r}"
        return result

    def environment(self) -> dict[str, str]:
        """Return the environment for a separate process."""
        return {**os.environ, **self.variables}

    def start(self, *arguments: str, **variables: str) -> subprocess.Popen[str]:
        """Start it as a separate process."""
        return subprocess.Popen(
            [*PROGRAM, *arguments],
            cwd=ROOT,
            env=self.environment() | variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def on_terminal(self, *arguments: str, keys: str = "", **variables: str) -> tuple[int, str]:
        """Run it on a terminal, type keys once it asks, and return its exit code and what the terminal shows."""
        pid, terminal = pty.fork()
        if pid == 0:
            os.chdir(ROOT)
            environment = {**os.environ, **self.variables, "TERM": "xterm", "COLUMNS": "120", **variables}
            os.execve(PROGRAM[0], [*PROGRAM, *arguments], environment)  # noqa: S606 - nothing for a shell to do
        shown = b""
        with contextlib.suppress(OSError):  # how a terminal says that its program is gone
            while chunk := os.read(terminal, 4096):
                shown += chunk
                if keys and b"[y/N]" in shown:
                    os.write(terminal, keys.encode())
                    keys = ""
        os.close(terminal)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown.decode()


class Unsteady:
    """A connection to the cloud that is interrupted repeatedly."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.cuts = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def stream(self, path: str, **params: Any) -> Any:
        """Open the stream; it is lost after 20 lines."""
        unsteady = self

        class Cut:
            def __enter__(self) -> Iterator[str]:
                self._inside = unsteady._client.stream(path, **params)
                return self._lines(self._inside.__enter__())

            def __exit__(self, *error: object) -> None:
                self._inside.__exit__(None, None, None)

            def _lines(self, lines: Iterator[str]) -> Iterator[str]:
                for count, line in enumerate(lines):
                    if count == 20:
                        unsteady.cuts += 1
                        raise Failure("cannot reach the cloud", 5)
                    yield line

        return Cut()


@pytest.fixture
def cloud_server(tmp_path: Path, database_url: str) -> Generator[CloudServer]:
    """A separate cloud."""
    settings = Settings.model_validate(
        {
            "data_dir": tmp_path / "cloud",
            "database_url": database_url,
            "engine": "memory",
            "port": free_port(),
        }
    )
    server = CloudServer(settings)
    with (tmp_path / "log").open("w") as log:
        # What the cloud logs must not look like what the command prints. A logger that were remembered would write to
        # this file after it is closed, and raise.
        structlog.configure(logger_factory=structlog.PrintLoggerFactory(log), cache_logger_on_first_use=False)
        server.start()
        yield server
        server.stop()
        structlog.reset_defaults()


@pytest.fixture
def cloud(cloud_server: CloudServer) -> Command:
    """The command for that cloud."""
    return Command(
        {
            "MINIAWS_DATA_DIR": str(cloud_server.settings.home),
            "MINIAWS_PORT": str(cloud_server.settings.port),
            "TERM": "dumb",
        }
    )
