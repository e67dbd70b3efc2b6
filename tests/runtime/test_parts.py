"""The parts of the control plane as processes."""

import subprocess
import sys

ABSENT = "import sys, miniaws.parts; sys.exit(', '.join({'fastapi', 'starlette', 'miniaws.http'} & set(sys.modules)))"


def test_a_controller_is_there_again_soon_as_it_leaves_what_only_the_api_needs() -> None:
    done = subprocess.run([sys.executable, "-c", ABSENT], capture_output=True, text=True, check=False)
    assert done.stderr == "\n", "it says what was imported after all"
