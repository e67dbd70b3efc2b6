"""The profiles of the command: names for clouds and keys, in one private file.

The profile ``default`` is the file ``credentials``, which ``cloud up`` writes.
"""

import json
import os
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from miniaws.cli.failures import NOT_FOUND, REFUSED, Failure
from miniaws.environment import variable

DEFAULT = "default"
OPTION: ContextVar[str | None] = ContextVar("OPTION", default=None)
"""The value of ``--profile``."""


@dataclass(slots=True)
class Profiles:
    """The content of the file."""

    current: str = DEFAULT
    clouds: dict[str, dict[str, str]] = field(default_factory=dict[str, dict[str, str]], repr=False)
    """The URL and the key of each profile except ``default``."""

    def get(self, name: str) -> dict[str, str]:
        """Return the URL and the key of a profile. Raises Failure."""
        if name not in self.clouds:
            raise Failure(f"cannot find the profile {name}: see `cloud config list`", NOT_FOUND)
        return self.clouds[name]


def selected(home: Path) -> str:
    """Return the name of the profile to use: that of the option, of MINIAWS_PROFILE, or the current one."""
    return OPTION.get() or variable("MINIAWS_PROFILE") or load(home).current


def load(home: Path) -> Profiles:
    """Return the profiles of a data directory. Raises Failure."""
    path = home / "profiles.json"
    try:
        content: Any = json.loads(path.read_text(encoding="utf-8"))
        return Profiles(content["current"], content["profiles"])
    except FileNotFoundError:
        return Profiles()
    except (ValueError, KeyError, TypeError):
        raise Failure(f"cannot read {path}: it is not a file of profiles; remove it", REFUSED) from None


def save(home: Path, profiles: Profiles) -> None:
    """Replace the file; only its owner can read it."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    new = home / f"profiles.json.{os.getpid()}"
    new.unlink(missing_ok=True)
    new.touch(mode=0o600, exist_ok=False)
    new.write_text(
        json.dumps({"current": profiles.current, "profiles": profiles.clouds}, indent=2) + "\n",
        encoding="utf-8",
    )
    new.replace(home / "profiles.json")
