"""File systems of a fixed size, each in a sparse file of the host."""

import asyncio
import os
import shutil
from pathlib import Path

from domain.errors import InUse, Refused

TOOLS = ("mkfs.ext4", "losetup", "mount", "umount")
PLACES = "/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin"
"""Where the tools are; the search path of a user often lacks the administrator's directories."""
GIB = 1024**3


class Filesystems:
    """File systems in a directory: ``<name>.img`` is mounted at ``<name>/``, its files are in ``<name>/data``.

    ``data`` exists only while the file system is mounted. After a restart of the host a container
    therefore does not start, instead of writing to the wrong place, until ``ensure`` has mounted it again.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._works: bool | None = None

    def data(self, name: str) -> Path:
        """Return the directory of the files."""
        return self._directory / name / "data"

    async def can_be_made(self) -> bool:
        """Return whether file systems can be created on this host; checked once."""
        if self._works is None:
            self._works = os.geteuid() == 0 and all(_tool(tool) for tool in TOOLS) and await _free_device()
        return self._works

    def is_mounted(self, name: str) -> bool:
        """Return whether the files can be reached."""
        return _is_mount(self._directory / name) and self.data(name).is_dir()

    def has(self, name: str) -> bool:
        """Return whether the file system exists, mounted or not."""
        return (self._directory / f"{name}.img").exists()

    async def ensure(self, name: str, size_gb: int) -> None:
        """Create this file system with a size in GiB, and mount it. Raises Refused."""
        image, place = self._directory / f"{name}.img", self._directory / name
        place.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not image.exists():
            await self._make(image, size_gb * GIB)
        elif image.stat().st_size != size_gb * GIB:
            raise Refused(f"cannot make {name} {size_gb} GiB large: it already has another size")
        if not _is_mount(place):
            await _run("mount", "-o", "loop,nodev", str(image), str(place))
        self.data(name).mkdir(exist_ok=True)

    async def remove(self, name: str) -> None:
        """Remove the file system. Raises InUse while a file in it is open."""
        image, place = self._directory / f"{name}.img", self._directory / name
        # Every mount: an interrupted ensure of another process may have mounted it twice.
        while _is_mount(place):
            try:
                await _run("umount", str(place))  # this also detaches the loop device
            except Refused as error:
                raise InUse(f"cannot remove {name}: its files are still in use ({error})") from error
        image.unlink(missing_ok=True)
        _unfinished(image).unlink(missing_ok=True)
        if place.exists():
            place.rmdir()

    async def _make(self, image: Path, size: int) -> None:
        unfinished = _unfinished(image)
        with unfinished.open("wb") as file:
            file.truncate(size)
        # No blocks reserved for root: in a container root is the user.
        await _run("mkfs.ext4", "-q", "-F", "-m", "0", str(unfinished))
        # It gets its final name when it is complete.
        unfinished.rename(image)


async def _free_device() -> bool:
    try:
        await _run("losetup", "--find")
    except Refused:
        return False
    return True


async def _run(tool: str, *arguments: str) -> str:
    """Run a tool and return its output. Raises Refused with its error message."""
    program = _tool(tool)
    if program is None:
        raise Refused(f"cannot run {tool}: it is not installed on this host")
    process = await asyncio.create_subprocess_exec(
        program, *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    printed, complaint = await process.communicate()
    if process.returncode:
        reason = " ".join(complaint.decode(errors="replace").split()) or f"exit code {process.returncode}"
        raise Refused(f"cannot run {tool}: {reason}")
    return printed.decode()


def _tool(tool: str) -> str | None:
    return shutil.which(tool, path=PLACES)


def _unfinished(image: Path) -> Path:
    return image.with_suffix(".img.new")


def _is_mount(place: Path) -> bool:
    return place.is_mount()
