"""The import contracts of pyproject.toml hold."""

import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LINT = "from importlinter.cli import lint_imports; raise SystemExit(lint_imports(no_cache=True))"


def test_every_import_contract_holds() -> None:
    done = subprocess.run(
        [sys.executable, "-c", LINT], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stdout[done.stdout.find("Broken contracts") :] + done.stderr


def test_what_a_contract_names_exists() -> None:
    tables = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    ours = {"miniaws", "domain", "projections", "adapters"}
    for table in tables:
        for key in ("source_modules", "protected_modules", "allowed_importers", "forbidden_modules"):
            for name in table.get(key, ()):
                path = ROOT / name.replace(".", "/")
                exists = path.is_dir() or path.with_suffix(".py").exists()
                assert exists or name.partition(".")[0] not in ours, (
                    f"{table['id']} names {name}, which is gone"
                )
