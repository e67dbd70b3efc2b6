"""What the command reads of its environment: a few variables, without the weight of every setting.

``miniaws/settings.py`` takes its defaults from here, so that the command and the control plane agree.
"""

import os

DATA_DIR = "~/.miniaws"
HOST = "127.0.0.1"
PORT = 8080


def variable(name: str) -> str | None:
    """Return a variable of the caller's environment."""
    return os.environ.get(name)  # noqa: TID251 (one of the two places)


def client_url(host: str, port: int) -> str:
    """Return the URL of an API that listens there, as a client on the same host writes it."""
    return f"http://{'127.0.0.1' if host in {'0.0.0.0', '::'} else host}:{port}"  # noqa: S104


def read_profile(text: str) -> dict[str, str]:
    """Return the variables of a profile: lines ``NAME=value``, comments begin with ``#``."""
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line and not line.startswith("#"))
