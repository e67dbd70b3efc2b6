"""Sample sizes of tests: small in ``make test``, large in ``make torture``.

``MINIAWS_TORTURE`` is set by ``make torture``; its value is the number of kills and of changes to a proxy.
"""

import os

ROUNDS = int(os.environ.get("MINIAWS_TORTURE", "0"))
TORTURE = ROUNDS > 0


def sample(small: int, large: int) -> int:
    """Return the size of a sample: ``large`` under ``make torture``, otherwise ``small``."""
    return large if TORTURE else small
