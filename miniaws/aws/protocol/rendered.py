"""What is answered, in bytes."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Rendered:
    """An answer."""

    status: int
    media_type: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


class Failure(Exception):
    """A refusal in the terms of AWS: clients decide by its code."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


class Malformed(Failure):
    """The request does not have the form that its operation requires."""


def unknown_parameter(path: str) -> Malformed:
    """Return the refusal of a parameter that the operation does not have."""
    return Malformed("UnknownParameter", f"The parameter {path} is not recognized")


def wrong_value(path: str, text: str, kind: str) -> Malformed:
    """Return the refusal of a value that is none of its type."""
    return Malformed(
        "InvalidParameterValue", f"Invalid value '{text[:80]}' for {path}: it must be of type {kind}"
    )
