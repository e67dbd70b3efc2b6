"""The processes of the control plane."""

import subprocess
import sys

ABSENT = (
    "import sys, miniaws.bootstrap.entrypoints; "
    "sys.exit(', '.join({'fastapi', 'starlette', 'miniaws.http.app'} & set(sys.modules)))"
)


def test_a_controller_is_there_again_soon_as_it_leaves_what_only_the_api_needs() -> None:
    done = subprocess.run([sys.executable, "-c", ABSENT], capture_output=True, text=True, check=False)
    assert done.stderr == "\n", "it says what was imported after all"
