"""File systems of a fixed size, each in a sparse file of the host."""

import asyncio
import os
import shutil
from pathlib import Path

from domain.errors import InUse, Refused

TOOLS = ("mkfs.ext4", "losetup", "mount", "umount")
PLACES = "/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin"
"""Where the tools are; the search path of a user often leaves out those of the administrator."""
GIB = 1024**3


class Filesystems:
    """File systems in a directory: ``<name>.img`` is mounted at ``<name>/``, its files are in ``<name>/data``.

    ``data`` is there only while the file system is mounted. After a restart of the host a container
    therefore does not start, instead of writing beside it, until ``ensure`` has mounted it again.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._works: bool | None = None

    def data(self, name: str) -> Path:
        """Return where the files are."""
        return self._directory / name / "data"

    async def can_be_made(self) -> bool:
        """Tell whether this host lets us make file systems; looked at once."""
        if self._works is None:
            self._works = os.geteuid() == 0 and all(_tool(tool) for tool in TOOLS) and await _free_device()
        return self._works

    def is_mounted(self, name: str) -> bool:
        """Tell whether the files can be reached."""
        return _is_mount(self._directory / name) and self.data(name).is_dir()

    def has(self, name: str) -> bool:
        """Tell whether there is such a file system, mounted or not."""
        return (self._directory / f"{name}.img").exists()

    async def ensure(self, name: str, size_gb: int) -> None:
        """Have this file system, so large (GiB), and mounted. Raises Refused."""
        image, place = self._directory / f"{name}.img", self._directory / name
        place.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not image.exists():
            await self._make(image, size_gb * GIB)
        elif image.stat().st_size != size_gb * GIB:
            raise Refused(f"cannot make {name} {size_gb} GiB large: it has another size already")
        if not _is_mount(place):
            await _run("mount", "-o", "loop,nodev", str(image), str(place))
        self.data(name).mkdir(exist_ok=True)

    async def remove(self, name: str) -> None:
        """Have no such file system. Raises InUse while something has a file of it open."""
        image, place = self._directory / f"{name}.img", self._directory / name
        # Each mount of its own: an interrupted ensure of another process may have mounted it twice.
        while _is_mount(place):
            try:
                await _run("umount", str(place))  # the loop device goes with it
            except Refused as error:
                raise InUse(f"cannot remove {name}: something still uses its files ({error})") from error
        image.unlink(missing_ok=True)
        _unfinished(image).unlink(missing_ok=True)
        if place.exists():
            place.rmdir()

    async def _make(self, image: Path, size: int) -> None:
        unfinished = _unfinished(image)
        with unfinished.open("wb") as file:
            file.truncate(size)
        # No blocks kept back for root: in a container root is the user.
        await _run("mkfs.ext4", "-q", "-F", "-m", "0", str(unfinished))
        # Under its final name only when complete.
        unfinished.rename(image)


async def _free_device() -> bool:
    try:
        await _run("losetup", "--find")
    except Refused:
        return False
    return True


async def _run(tool: str, *arguments: str) -> str:
    """Run a tool and return what it printed. Raises Refused with its complaint."""
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
