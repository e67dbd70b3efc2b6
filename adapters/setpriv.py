"""Starts a program that ends with us, and as somebody else when asked, by util-linux's ``setpriv``.

It replaces itself by the program, so the program is still our child, under the same process id.
"""

import shutil
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom a program runs as."""

    uid: int
    gid: int


def ending_with_us(argv: list[str], *, signal: str, runs_as: Identity | None = None) -> list[str]:
    """Return the command line for ``argv`` that gets ``signal`` ("INT", "TERM") when our thread ends.

    Without ``setpriv``, which every Debian has, the program runs on after us; the next start ends it.
    Without it and with ``runs_as`` there is no safe way to run the program: raises FileNotFoundError.
    """
    program = shutil.which("setpriv", path="/usr/bin:/bin:/usr/sbin:/sbin")
    if program is None:
        if runs_as is None:
            return argv
        raise FileNotFoundError("setpriv")
    become = (
        [f"--reuid={runs_as.uid}", f"--regid={runs_as.gid}", "--clear-groups", "--no-new-privs"]
        if runs_as
        else []
    )
    return [program, *become, f"--pdeathsig={signal}", "--", *argv]
