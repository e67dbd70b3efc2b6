"""One build of an image at a time, whether for the controller, ``make run`` or a user."""

import fcntl
import hashlib
import os
import stat
import tempfile
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def locked(docker_host: str, image: str, waits: Callable[[], None]) -> Generator[None]:
    """Lock an image on an engine; ``waits`` is called when another process holds the lock.

    The lock is released when its process ends, in whatever way.
    """
    name = hashlib.sha256(f"{docker_host}\0{image}".encode()).hexdigest()[:32]
    with (_folder() / name).open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waits()
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _folder() -> Path:
    """Return a private directory of this account: in a shared one, others could place files."""
    folder = Path(tempfile.gettempdir()) / f"miniaws-images-{os.geteuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise PermissionError(f"cannot use {folder}: it belongs to another user; remove it")
    return folder
