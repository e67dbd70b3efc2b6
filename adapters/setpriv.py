"""Starts a program that ends with its parent, optionally as another user, with util-linux's ``setpriv``.

``setpriv`` executes the program in its own process, so the program is a direct child with the same process id.
"""

import shutil
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Identity:
    """The account that runs a program."""

    uid: int
    gid: int


def ending_with_us(argv: list[str], *, signal: str, runs_as: Identity | None = None) -> list[str]:
    """Return the command line for ``argv``, which gets ``signal`` ("INT", "TERM") when the calling thread ends.

    Without ``setpriv``, which every Debian has, the program continues after its parent; the next start ends it.
    With ``runs_as`` and without ``setpriv`` there is no safe way to run the program: raises FileNotFoundError.
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
