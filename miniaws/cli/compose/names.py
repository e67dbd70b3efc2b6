"""Names of a Compose file as names of resources: lower-case letters, digits and hyphens, a letter first."""

import re
from collections.abc import Iterable

from miniaws.cli.compose.section import Section
from miniaws.cli.failures import REFUSED, Failure

_LONGEST = 63


def renamed(of: Section, names: Iterable[str]) -> dict[str, str]:
    """Return the new name of each. Raises Failure if two names become the same."""
    found: dict[str, str] = {}
    for name in names:
        new = _name(name)
        if new in found.values():
            other = next(each for each, taken in found.items() if taken == new)
            raise Failure(
                f"cannot name both {of.path}.{other} and {of.path}.{name} {new}: rename one of them", REFUSED
            )
        if new != name:
            of.of.notes.say(of.node.line, f"{of.path}.{name}", f"it is called {new} in the manifest")
        found[name] = new
    return found


def _name(name: str) -> str:
    plain = re.sub(r"[^a-z0-9-]+", "-", name.lower()).strip("-")
    return (plain if plain[:1].isalpha() else f"s-{plain}")[:_LONGEST].strip("-")
