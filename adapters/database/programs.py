"""What the programs that archive databases share: scripts in files, and JSON lines as output."""

from collections.abc import Sequence
from datetime import datetime
from importlib.resources import files
from typing import Any

import orjson

from adapters import database
from domain.archive import RestoreStep
from domain.errors import Refused
from domain.ports import Containers, File

HOME = "/miniaws/"
SERVER_USER = 999
"""The user of the servers, in the official images and in ours."""


def script(folder: str, *names: str) -> dict[str, File]:
    """Return the scripts as files of a container."""
    found = files(database) / folder
    return {f"{HOME}{name}": File((found / name).read_bytes(), 0o555) for name in names}


def secret(text: str) -> File:
    """Return a file that only the server's user can read."""
    return File(text.encode(), 0o400, SERVER_USER, SERVER_USER)


def json_object(line: str) -> dict[str, Any] | None:
    """Return the JSON object in a line, or None for other output."""
    if not line.startswith("{"):
        return None
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        return None


def step(line: str) -> RestoreStep | None:
    """Return the progress that a line of a restore reports."""
    found = json_object(line)
    if found is None or "step" not in found:
        return None
    reached = found.get("reached")
    return RestoreStep(found["step"], moment(found["at"]), moment(reached) if reached else None)


def last_result(lines: Sequence[str]) -> dict[str, Any]:
    """Return the JSON object of the last line that contains one. Raises Refused."""
    for line in reversed(lines):
        found = json_object(line)
        if found is not None:
            return found
    raise Refused(f"it has no result: {' '.join(lines[-3:])[-300:] or 'no output'}")


def moment(text: str) -> datetime:
    """Return a timestamp written by a script."""
    return datetime.fromisoformat(text)


async def run(containers: Containers, archive_id: str, argv: Sequence[str]) -> str:
    """Run a script beside the log receiver and return what it printed. Raises Refused, Unreachable."""
    done = await containers.execute(f"{archive_id}.log", argv, 30)
    if done.exit_code != 0:
        raise Refused(f"cannot query the archive: {done.stderr.decode(errors='replace').strip()[-300:]}")
    return done.stdout.decode()
