"""The Debian packages that building an image needs on this machine."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence

from adapters.images.lock import locked
from domain.errors import Refused

_QUIET = ("env", "DEBIAN_FRONTEND=noninteractive", "DEBCONF_NOWARNINGS=yes")
_APT = ("apt-get", "-qq", "-o", "Dpkg::Use-Pty=0", "-o", "DPkg::Lock::Timeout=120")


def as_root(command: Sequence[str], remedy: str) -> list[str]:
    """Return a command that runs as root. Raises Refused with the remedy where it cannot.

    It asks for a password only on a terminal.
    """
    if os.geteuid() == 0:
        return list(command)
    sudo = ["sudo"] if sys.stdin is not None and sys.stdin.isatty() else ["sudo", "-n"]
    if shutil.which("sudo") is None or _run([*sudo, "true"]).returncode:
        raise Refused(f"root is required, and sudo is not available: run `{remedy}`")
    return [*sudo, *command]


def missing(packages: Sequence[str]) -> list[str]:
    """Return the packages that are not installed. Raises Refused unless this is Debian."""
    status = ["dpkg-query", "--show", "--showformat=${Package} ${db:Status-Status}\n", *packages]
    if shutil.which(status[0]) is None or shutil.which("apt-get") is None:
        raise Refused("this machine is no Debian, and only Debian's packages are known: use official images")
    there = _run(status).stdout.splitlines()
    return [name for name in packages if f"{name} installed" not in there]


def install(packages: Sequence[str], remedy: str) -> None:
    """Install packages, one process at a time. Raises Refused with the remedy."""
    with locked("apt", "packages", lambda: None):
        _install(missing(packages), remedy)


def _install(packages: Sequence[str], remedy: str) -> None:
    if not packages:
        return
    for arguments in (["update"], ["install", "-y", "--no-install-recommends", *packages]):
        command = as_root([*_QUIET, *_APT, *arguments], remedy)
        done = _run(command)
        if done.returncode:
            said = (done.stderr.strip().splitlines() or ["apt-get gave no reason"])[-1]
            raise Refused(
                f"installing {' '.join(packages)} failed ({said}): check this machine's apt sources, "
                f"then run `{remedy}`"
            )


def _run(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - programs of Debian, with names from our recipes
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
