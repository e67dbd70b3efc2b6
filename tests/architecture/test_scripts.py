"""Scripts are executable, describe themselves, and contain nothing specific to one machine."""

import re
import subprocess
from pathlib import Path

import pytest

from miniaws.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
PREPARATIONS = [
    *ROOT.glob("adapters/images/recipes/*/prepare"),
    *ROOT.glob("adapters/images/recipes/*/docker-entrypoint.sh"),
]
SCRIPTS = sorted([*(ROOT / "scripts").iterdir(), *PREPARATIONS, ROOT / ".ci" / "run"])
HERE = "|".join(re.escape(f"{path}/") for path in (ROOT, Path.home()) if path != Path("/"))
FOREIGN = re.compile(rf"https?://(?!127\.0\.0\.1|localhost|HOST)|{HERE}", re.IGNORECASE)


def names(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("script", SCRIPTS, ids=names)
def test_a_script_is_executable_and_parses(script: Path) -> None:
    assert script.stat().st_mode & 0o100
    first = script.read_text().splitlines()[0]
    assert first.startswith("#!")
    if "python" in first:
        compile(script.read_text(), script, "exec")
    else:
        shell = first.split("/")[-1].split()[-1]
        subprocess.run([shell, "-n", script], check=True)


@pytest.mark.parametrize(
    "file", [*SCRIPTS, ROOT / "Makefile", ROOT / "compose.yaml", ROOT / "Dockerfile"], ids=names
)
def test_a_script_names_nothing_of_one_machine(file: Path) -> None:
    assert FOREIGN.findall(file.read_text()) == []


def test_every_target_of_make_says_what_it_is_for() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    assert targets == set(re.findall(r"^([a-z]+):.*## \w", makefile, re.MULTILINE))
    assert targets >= {"run", "test", "check", "bench", "torture", "clean", "images", "help"}


def test_make_torture_finds_every_test_whose_sample_it_enlarges() -> None:
    """It runs the files that import ``tests.samples``."""
    sources = [path for path in (ROOT / "tests").rglob("*.py") if "architecture" not in path.parts]
    readers = [path.name for path in sources if re.search("environ.*MINIAWS_TORTURE", path.read_text())]
    users = {path.name for path in sources if "\nfrom tests.samples import" in path.read_text()}
    assert readers == ["samples.py"]
    assert users
    assert all(name.startswith("test_") for name in users), "a sample is taken by a helper, which is not run"


def test_continuous_integration_runs_make_test_and_nothing_else() -> None:
    lines = (ROOT / ".ci" / "run").read_text().splitlines()
    assert lines[-1] == "exec make test"


def test_a_program_of_ours_gets_the_settings_and_the_secret_by_its_environment(tmp_path: Path) -> None:
    chosen = Settings(data_dir=tmp_path, port=9999)
    environment = chosen.environment(MINIAWS_DATABASE_URL="postgresql://secret")
    assert environment["MINIAWS_DATA_DIR"] == str(tmp_path)
    assert environment["MINIAWS_PORT"] == "9999"
    assert environment["MINIAWS_DATABASE_URL"] == "postgresql://secret"
    assert "PATH" in environment
