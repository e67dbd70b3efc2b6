"""The parts of the control plane, as the supervisor starts them: the API, the controller, the first key."""

import asyncio
import signal
import sys

import uvicorn
import uvloop

from miniaws import bootstrap, telemetry
from miniaws.settings import Settings
from miniaws.tasks import end


def run_part(name: str) -> int:
    """Run one process of the control plane until a termination signal; return the exit code."""
    settings = Settings()
    telemetry.configure_logs(settings)
    parts = {"api": _api, "controller": _controller, "first-key": _first_key}
    if name not in parts:
        sys.stderr.write(f"cannot run {name}: use one of {', '.join(parts)}\n")
        return 2
    parts[name](settings)
    return 0


def api() -> object:
    """Return the API for uvicorn, which calls this in each of its processes."""
    settings = Settings()
    telemetry.configure_logs(settings)
    return bootstrap.create_api(settings)


def _api(settings: Settings) -> None:
    bootstrap.prepare(settings)
    uvicorn.run(
        "miniaws.bootstrap.entrypoints:api",
        factory=True,
        host=settings.host,
        port=settings.port,
        workers=settings.workers if settings.workers > 1 else None,
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_level="warning",
        timeout_graceful_shutdown=5,
        server_header=False,
    )


def _controller(settings: Settings) -> None:
    bootstrap.prepare(settings)

    async def serve() -> None:
        stopped = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stopped.set)
        async with bootstrap.open_controller(settings) as controller:
            running = asyncio.create_task(controller.run())
            waiting: asyncio.Task[object] = asyncio.create_task(stopped.wait())
            done, _ = await asyncio.wait({running, waiting}, return_when=asyncio.FIRST_COMPLETED)
            await end(running)
            if running in done:
                running.result()

    uvloop.run(serve())


def _first_key(settings: Settings) -> None:
    bootstrap.prepare(settings)
    uvloop.run(bootstrap.ensure_first_key(settings))
