"""The output of containers, and programs run inside them."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Literal

from adapters.docker.engine import DockerEngine, Json
from adapters.docker.reasons import plain
from adapters.docker.times import moment
from domain.errors import Refused
from domain.ports import ExecResult, LogLine

Stream = Literal["stdout", "stderr"]

NOT_RUN = b"OCI runtime exec failed"
NOT_FOUND = 127
STDERR = 2
HEADER = 8
"""A frame's header: the stream's number, three zero bytes, the length as four bytes."""
MOST = 1024 * 1024
"""Maximum bytes of output retained per stream of a program, and per unfinished line."""


async def execute(
    engine: DockerEngine, resource_id: str, argv: Sequence[str], timeout_s: float
) -> ExecResult:
    """Run a program inside the container. Raises Refused unless it runs, and after the timeout."""
    task = f"run {argv[0]} in {resource_id}"
    body: Json = {"AttachStdout": True, "AttachStderr": True, "Cmd": list(argv)}
    name = engine.name(resource_id)
    created = await engine.call(task, "POST", "/containers/{}/exec", name, body=body)
    try:
        async with asyncio.timeout(timeout_s):
            kept = await _collect(engine, task, created["Id"])
            exit_code = await _exit_code(engine, task, created["Id"])
    except TimeoutError:
        raise Refused(
            f"cannot {task} within {timeout_s:g} s: the program may still be running; use a longer timeout"
        ) from None
    if kept["stdout"].startswith(NOT_RUN):
        # The engine reports this on the program's stdout, with exit code 126 for every reason.
        reason = plain(kept["stdout"].decode(errors="replace"))
        return ExecResult(NOT_FOUND if "no program" in reason else exit_code, b"", f"{reason}\n".encode())
    return ExecResult(exit_code, bytes(kept["stdout"]), bytes(kept["stderr"]))


async def logs(
    engine: DockerEngine, resource_id: str, *, follow: bool, tail: int | None
) -> AsyncIterator[LogLine]:
    """Yield the lines of a container's log. Raises Refused when there is no container."""
    params = {
        "stdout": "1",
        "stderr": "1",
        "timestamps": "1",
        "follow": str(int(follow)),
        "tail": "all" if tail is None else str(tail),
    }
    task, name = f"read the log of {resource_id}", engine.name(resource_id)
    async with engine.stream(task, "GET", "/containers/{}/logs", name, params=params) as answer:
        unfinished: dict[Stream, tuple[datetime, bytes]] = {}
        async for stream, content in _frames(answer.aiter_raw()):
            stamp, _, text = content.partition(b" ")
            # A line longer than the engine's buffer arrives in parts, each with its own timestamp.
            at, before = unfinished.pop(stream, (moment(stamp.decode()), b""))
            text = before + text
            if text.endswith(b"\n") or len(text) >= MOST:
                yield LogLine(at, stream, text.rstrip(b"\r\n").decode(errors="replace"))
            else:
                unfinished[stream] = at, text
        for stream, (at, text) in unfinished.items():
            yield LogLine(at, stream, text.decode(errors="replace"))


async def _collect(engine: DockerEngine, task: str, exec_id: str) -> dict[Stream, bytearray]:
    kept: dict[Stream, bytearray] = {"stdout": bytearray(), "stderr": bytearray()}
    body: Json = {"Detach": False, "Tty": False}
    async with engine.stream(task, "POST", "/exec/{}/start", exec_id, body=body) as answer:
        # Output beyond the limit is read and dropped: the program must not block on it.
        async for stream, content in _frames(answer.aiter_raw()):
            kept[stream] += content[: MOST - len(kept[stream])]
    return kept


async def _exit_code(engine: DockerEngine, task: str, exec_id: str) -> int:
    """Return the exit code, which the engine only has shortly after the output has ended."""
    while True:
        seen = await engine.call(task, "GET", "/exec/{}/json", exec_id)
        if not seen["Running"] and seen["ExitCode"] is not None:
            return seen["ExitCode"]
        await asyncio.sleep(0.01)


async def _frames(chunks: AsyncIterator[bytes]) -> AsyncIterator[tuple[Stream, bytes]]:
    buffer = bytearray()
    async for chunk in chunks:
        buffer += chunk
        while len(buffer) >= HEADER:
            end = HEADER + int.from_bytes(buffer[4:HEADER], "big")
            if len(buffer) < end:
                break
            yield "stderr" if buffer[0] == STDERR else "stdout", bytes(buffer[HEADER:end])
            del buffer[:end]
