"""The guide can be built from its pages, without a warning and without the network."""

import subprocess
import sys
from pathlib import Path

from tests.conftest import ROOT


def test_every_page_becomes_part_of_the_guide(tmp_path: Path) -> None:
    built = tmp_path / "guide"
    command = [sys.executable, "-m", "sphinx", "-q", "--fail-on-warning", "-b", "html"]
    folders = ["-c", str(ROOT / "docs" / "site"), "-d", str(tmp_path / "read"), str(ROOT), str(built)]
    done = subprocess.run([*command, *folders], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    pages = [path.relative_to(ROOT) for path in (ROOT / "docs").rglob("*.md")]
    missing = [str(page) for page in pages if not (built / page.with_suffix(".html")).exists()]
    assert missing == []
