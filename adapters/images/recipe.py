"""The recipe of an image: a folder of ``recipes/``.

It has a ``Dockerfile``. An executable ``prepare`` is called first with a directory, into which it puts the files that
the Dockerfile copies; ``packages`` lists the Debian packages that it needs.
"""

import hashlib
import sys
from pathlib import Path

RECIPES = Path(__file__).resolve().parent / "recipes"
BASE = "base"
BASE_TAG = "miniaws/base:bookworm"
LABEL = "miniaws.recipe"
"""Label of an image that was built here: a digest of its recipe."""


def roles() -> list[str]:
    """Return every role that has a recipe."""
    return sorted(recipe.parent.name for recipe in RECIPES.glob("*/Dockerfile"))


def tag(role: str) -> str:
    """Return the name of the image of a role."""
    return BASE_TAG if role == BASE else f"miniaws/{role}:local"


def role_of(image: str) -> str | None:
    """Return the role whose local image has this name, or None."""
    return next((role for role in roles() if tag(role) == image), None)


def stands_on_base(role: str) -> bool:
    """Return whether the image is built on our base image."""
    return f"FROM {BASE_TAG}" in (RECIPES / role / "Dockerfile").read_text()


def digest(role: str) -> str:
    """Return a digest of all our files that go into the image."""
    total = hashlib.sha256(digest(BASE).encode() if stands_on_base(role) else b"")
    for path in sorted((RECIPES / role).iterdir()):
        total.update(path.name.encode() + b"\0" + path.read_bytes())
    return total.hexdigest()[:16]


def command(*names: str) -> list[str]:
    """Return the command that builds images, for any working directory."""
    return [sys.executable, "-m", "adapters.images", *names]
