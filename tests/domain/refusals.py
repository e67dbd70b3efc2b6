"""The rules of errors: they name the resource or the field, and state the remedy.

A refusal starts with "cannot"; validation starts with the field and says what it must be.
"""

import re
from collections.abc import Generator
from contextlib import contextmanager

import pytest

from domain.errors import DomainError, Invalid

_MUST = re.compile("`([^`]+)` must ")


def reads_well(error: DomainError) -> bool:
    """Return whether a message starts as one of its kind does; validation names the field of the error."""
    rule = _MUST.match(str(error))
    return (
        str(error).startswith("cannot ")
        if rule is None
        else isinstance(error, Invalid) and rule[1] == error.field
    )


@contextmanager
def refused(
    kind: type[DomainError], *words: str, field: str | None = None
) -> Generator[pytest.ExceptionInfo[DomainError]]:
    """Expect exactly this refusal, with these words in its message."""
    with pytest.raises(kind) as found:
        yield found
    assert type(found.value) is kind
    message = str(found.value)
    assert reads_well(found.value), message
    assert [word for word in words if word not in message] == [], message
    assert found.value.field == field
    assert "\n" not in message
