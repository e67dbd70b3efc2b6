"""What all tools share: how they read the cloud, their parameters, and how they fail."""

import functools
from collections.abc import Callable
from typing import Annotated, Any

from mcp.server.mcpserver.exceptions import ToolError
from pydantic import AfterValidator, BeforeValidator, Field

from miniaws.cli import moments
from miniaws.cli.client import Client, connect
from miniaws.cli.failures import Failure
from miniaws.cli.noun import Document
from miniaws.cli.target import Target

Moment = Annotated[str, BeforeValidator(str), AfterValidator(moments.past)]
"""A moment as people write it. A model may send a position as a number."""
AsOf = Annotated[
    Moment | None,
    Field(
        description="Read the state as of this moment instead of now: RFC 3339 such as 2026-11-23T10:02:00Z, "
        "`10m ago`, `2 hours ago`, or a position of the log. Every answer has the `position` that it shows: use it "
        "to read other things as of the same moment."
    ),
]
Name = Annotated[str, Field(min_length=1, description="Name or id of a resource.")]
Kind = Annotated[
    str | None,
    Field(description="A kind such as instance, database or load_balancer; needed if names repeat."),
]
Limit = Annotated[int, Field(ge=1, le=500, description="Maximum number of results.")]
Cursor = Annotated[
    str | None, Field(description="`next_cursor` of the previous answer; repeat its other arguments.")
]


class Asking:
    """Tools that ask one cloud; each call has a connection of its own."""

    def __init__(self, to: Target) -> None:
        self._to = to

    def _connect(self) -> Client:
        return connect(self._to)

    def _read(self, path: str, **params: Any) -> Document:
        with self._connect() as client:
            return client.read(path, **params)


def explained(tool: Callable[..., Document]) -> Callable[..., Document]:
    """Return the tool; a failure of the client becomes an error that the model reads."""

    @functools.wraps(tool)
    def run(*args: Any, **kwargs: Any) -> Document:
        try:
            return tool(*args, **kwargs)
        except Failure as failure:
            raise ToolError("; ".join((str(failure), *failure.notes))) from None

    return run


def at(kind: str, id_: str, action: str = "") -> str:
    """Return the path of a resource, or of an action on it."""
    path = f"/api/{kind.replace('_', '-')}s/{id_}"
    return f"{path}/{action}" if action else path
