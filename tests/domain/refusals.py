"""The rules of refusals: they start with "cannot", name the resource, and state the remedy."""

from collections.abc import Generator
from contextlib import contextmanager

import pytest

from domain.errors import DomainError


@contextmanager
def refused(
    kind: type[DomainError], *words: str, field: str | None = None
) -> Generator[pytest.ExceptionInfo[DomainError]]:
    """Expect exactly this refusal, with these words in its message."""
    with pytest.raises(kind) as found:
        yield found
    assert type(found.value) is kind
    message = str(found.value)
    assert message.startswith("cannot "), message
    assert [word for word in words if word not in message] == [], message
    assert found.value.field == field
    assert "\n" not in message
