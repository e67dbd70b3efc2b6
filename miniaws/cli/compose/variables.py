"""Variables in a Compose file: ``${TAG:-latest}``. Values that look like secrets are never written anywhere."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from miniaws.environment import variable

_NAME = r"[A-Za-z_][A-Za-z0-9_]*"
_REFERENCE = re.compile(
    rf"\$(?:(?P<escaped>\$)|(?P<plain>{_NAME})|\{{(?P<name>{_NAME})(?P<operator>:?[-?+])?(?P<operand>[^{{}}]*)\}})"
)
_SECRET_NAME = re.compile(
    r"PASS|PWD|SECRET|TOKEN|KEY|CRED|AUTH|PRIVATE|CERT|DSN|SALT|COOKIE|SIGNATURE|HASH|PIN$|WEBHOOK",
    re.IGNORECASE,
)
_SECRET_VALUE = re.compile(
    r"://[^/\s@]*:[^/\s@]+@"  # a URL with a password
    r"|-----BEGIN "
    r"|^(?!/)(?=\S*\d)(?=\S*[A-Za-z])[A-Za-z0-9_+/=-]{20,}$"  # long, without a space, letters and digits
)


class Unresolved(Exception):
    """A variable whose value cannot be used; the message says why."""


@dataclass(frozen=True, slots=True)
class Variables:
    """What ``$NAME`` stands for: a variable of this process, or of the file ``.env`` beside the Compose file."""

    of_file: Mapping[str, str]

    @classmethod
    def beside(cls, folder: Path) -> "Variables":
        """Return those of a folder."""
        return cls(read(folder / ".env"))

    def resolve(self, text: str) -> str:
        """Return the text with its variables replaced. Raises Unresolved."""
        return _REFERENCE.sub(self._replacement(), text)

    def of(self, name: str) -> str | None:
        """Return the value of a variable; None when it is not set."""
        found = variable(name)
        return self.of_file.get(name) if found is None else found

    def needs_value(self, text: str) -> bool:
        """Return whether a text depends on values that do not stand in it: a default counts if nothing is set."""
        references = (each for each in _REFERENCE.finditer(text) if not each["escaped"])
        return any(
            not (each["operator"] or "").endswith("-") or self.of(each["plain"] or each["name"]) is not None
            for each in references
        )

    def _replacement(self) -> Callable[[re.Match[str]], str]:
        def replace(match: re.Match[str]) -> str:
            if match["escaped"]:
                return "$"
            name = match["plain"] or match["name"]
            value = self.of(name)
            if value is not None and looks_secret(name, value):
                raise Unresolved(f"the value of ${name} looks like a secret; write what is meant by hand")
            return _chosen(name, value, match["operator"] or "", match["operand"] or "")

        return replace


def _chosen(name: str, value: str | None, operator: str, operand: str) -> str:
    """Return what a reference stands for, as Compose does; an empty value counts as set without a colon."""
    is_set = bool(value) if operator.startswith(":") else value is not None
    if operator.endswith("+"):
        return operand if is_set else ""
    if is_set and value is not None:
        return value
    if operator.endswith("-"):
        return operand
    raise Unresolved(f"${name} is not set")


def whole(text: str) -> str | None:
    """Return the name of the variable that a text consists of; None for any other text."""
    match = _REFERENCE.fullmatch(text)
    if match is None or match["escaped"] or (match["operator"] or "").endswith("+"):
        return None
    return match["plain"] or match["name"]


def mentions_secret(text: str) -> bool:
    """Return whether a text refers to a variable with the name of a secret."""
    return any(_SECRET_NAME.search(match[0]) for match in _REFERENCE.finditer(text))


def looks_secret(name: str, value: str) -> bool:
    """Return whether a value should not be copied to another file. It errs towards secrets."""
    return _SECRET_NAME.search(name) is not None or _SECRET_VALUE.search(value) is not None


def read(path: Path) -> dict[str, str]:
    """Return the variables of a file of lines ``NAME=value``; none if there is no such file."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError:
        return {}
    pairs = (line.strip().removeprefix("export ").partition("=") for line in lines)
    return {
        name.strip(): value.strip().strip("'\"")
        for name, separator, value in pairs
        if separator and not name.startswith("#")
    }
