"""The wheel is complete: built, installed into an empty environment, and used outside the checkout."""

import json
import subprocess
import sys
import sysconfig
import venv
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("miniaws", "domain", "projections", "adapters")
TRY = """
import importlib, json
from adapters.event_store.migrations import migrations
from adapters.images import recipe
from miniaws import cli
from miniaws.http import console
from miniaws.http.app import create_app
from miniaws.runtime.queue import SQL as work
from miniaws.settings import Settings
from projections.inventory import SQL as inventory
app = create_app(Settings(), None)
print(json.dumps({
    "files": {name: importlib.import_module(name).__file__ for name in %r},
    "console": (console.FOLDER / "index.html").is_file(), "roles": recipe.roles(),
    "migrations": list(migrations()), "queries": [len(work), len(inventory)], "routes": len(app.openapi()["paths"]),
}))
"""


def run(argv: Sequence[str | Path], cwd: Path) -> str:
    """Return the output of a program."""
    done = subprocess.run(argv, cwd=cwd, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, freshly built."""
    place = tmp_path_factory.mktemp("wheel")
    run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", place], ROOT)
    (built,) = place.glob("*.whl")
    return built


def packed(wheel: Path) -> set[str]:
    """Return the paths in the wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_it_holds_the_four_packages_and_nothing_else(wheel: Path) -> None:
    roots = {name.partition("/")[0] for name in packed(wheel)}
    assert {root for root in roots if not root.endswith(".dist-info")} == set(PACKAGES)


def test_it_holds_every_file_that_is_not_python(wheel: Path) -> None:
    wanted = {
        str(path.relative_to(ROOT))
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    assert {f"{package}/py.typed" for package in PACKAGES} <= wanted
    assert wanted - packed(wheel) == set()


def test_it_holds_the_console_as_it_was_built_and_the_recipes_of_images(wheel: Path) -> None:
    found = packed(wheel)
    assert "miniaws/console/index.html" in found, "run `scripts/console build` first"
    assert any(name.startswith("miniaws/console/_next/static/") for name in found)
    assert "adapters/images/recipes/postgres/Dockerfile" in found


def test_it_holds_the_documentation_for_assistants(wheel: Path) -> None:
    pages = {path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").rglob("*.md")}
    assert {f"miniaws/{page}" for page in pages} - packed(wheel) == set()


def test_it_carries_its_licence(wheel: Path) -> None:
    assert any(name.endswith("/LICENSE") for name in packed(wheel))


def test_it_runs_from_an_empty_environment(wheel: Path, tmp_path: Path) -> None:
    home = tmp_path / "venv"
    venv.create(home, symlinks=True)
    python = home / "bin" / "python"
    site = next((home / "lib").glob("python*/site-packages"))
    install = ["-m", "pip", "--python", str(python), "install", "-q", "--no-deps", "--no-index", str(wheel)]
    run([sys.executable, *install], tmp_path)
    # What it depends on comes from this environment; its own editable copy of miniaws is not followed from a .pth.
    (site / "dependencies.pth").write_text(sysconfig.get_paths()["purelib"])
    found: dict[str, Any] = json.loads(run([python, "-I", "-c", TRY % (PACKAGES,)], tmp_path))
    assert all(Path(file).is_relative_to(site) for file in found["files"].values()), found["files"]
    assert len(found["migrations"]) == len(list((ROOT / "adapters" / "migrations").glob("*.up.sql")))
    assert all(found["queries"])
    assert found["routes"] > 20
    assert found["console"]
    assert {"base", "hello", "postgres"} <= set(found["roles"])
    assert "instance" in run([home / "bin" / "cloud", "--help"], tmp_path)
