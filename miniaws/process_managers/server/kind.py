"""What one kind of managed servers does differently, as functions that the manager of servers calls."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from domain.ports import ContainerSpec, SeenContainer
from domain.server import Endpoint, Server, ServerClient
from miniaws.application import UnitOfWork
from miniaws.runtime.reconciler import Stage

S = TypeVar("S", bound=Server)


async def no_dependency(_: Server) -> str | None:
    """Return None: the server depends on its network and its volume only."""
    return None


async def same_spec(_: Server, spec: ContainerSpec) -> ContainerSpec:
    """Return the container as it is."""
    return spec


async def nothing_else(_unit: UnitOfWork, _server: Server) -> None:
    """Save nothing besides the server and its volume."""


@dataclass(frozen=True, slots=True)
class ServerKind(Generic[S]):
    """A kind of managed servers."""

    resource: type[S]
    clients: Mapping[str, ServerClient[S]]
    """By engine."""
    use: Callable[[S, SeenContainer, Endpoint], Awaitable[float | None]]
    """Set a running server up, use it and report that; return after how many seconds to use it again, if at all.

    Raises Unreachable while it does not answer.
    """
    stages: Sequence[Stage[S]] = ()
    """What comes before the container of the server."""
    dependency: Callable[[S], Awaitable[str | None]] = no_dependency
    """Return what is still being created that the container needs, besides network and volume; None when all exists."""
    container_spec: Callable[[S, ContainerSpec], Awaitable[ContainerSpec]] = same_spec
    """Return the container with what the kind adds to it."""
    before_delete: Callable[[UnitOfWork, S], Awaitable[None]] = nothing_else
    """Change what is saved together with the end of the server."""
