"""The log files of children."""

import shutil
from pathlib import Path

LIMIT = 16 * 1024 * 1024
"""Size in bytes at which a log is rotated."""

KEPT = 3


def rotate(log: Path, limit: int = LIMIT) -> None:
    """Rotate a large log to ``<name>.1``, and older ones to higher numbers, and truncate it.

    A child continues to write to the same open file, at its end. A line written in the
    moment between copying and truncating is lost.
    """
    if not log.exists() or log.stat().st_size < limit:
        return
    for number in range(KEPT - 1, 0, -1):
        older = log.with_name(f"{log.name}.{number}")
        if older.exists():
            older.rename(log.with_name(f"{log.name}.{number + 1}"))
    shutil.copyfile(log, log.with_name(f"{log.name}.1"))
    with log.open("rb+") as file:
        file.truncate()


def tail(log: Path, lines: int, start: int = 0) -> list[str]:
    """Return the last lines of a log, from the byte ``start`` on."""
    if not log.exists():
        return []
    with log.open("rb") as file:
        end = file.seek(0, 2)
        # A log that was rotated in the meantime is read from its beginning; of a long one only the end.
        file.seek(max(start if start <= end else 0, end - 65536))
        return file.read().decode(errors="replace").splitlines()[-lines:]
