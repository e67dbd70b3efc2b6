"""What may be asked of a server, and what is refused."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from domain import values
from domain.errors import Conflict, Invalid

STOP_GRACE_S = 120
"""How long a server may take to end cleanly: it writes what is in memory, and its clients are cut off before."""
MOST_MEMORY_MB = 1_048_576
LEAST_CPUS, MOST_CPUS = 0.1, 64


class DeletionProtected(Conflict):
    """cannot delete a resource with deletion protection"""

    code = "deletion_protected"


class ServerStopped(Conflict):
    """cannot do that while the server is stopped"""

    code = "server_stopped"


class RotationUnderWay(Conflict):
    """cannot change a password while it is being changed"""

    code = "rotation_under_way"


class UnknownEngine(Invalid):
    """engine and version must be known ones"""

    code = "unknown_engine"


class UnknownParameter(Invalid):
    """a parameter must be a known one"""

    code = "unknown_parameter"


class TooLittleMemory(Invalid):
    """the memory must be at least what is required"""

    code = "too_little_memory"


@dataclass(frozen=True, slots=True)
class ServerEnd:
    """How a server ended that nobody had asked to."""

    exit_code: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class ServerSpec:
    """A server as it is requested, with ids in place of names."""

    account_id: str
    name: str
    engine: str
    version: str
    image: str
    cpus: float
    memory_mb: int
    vpc_id: str
    vpc_name: str
    port: int
    username: str
    login_id: UUID
    """Under which id the password is sealed."""
    publish: int | None = None
    volume_id: str | None = None
    """The volume with its files; it belongs to the server and goes with it."""
    data_path: str = "/data"
    deletion_protection: bool = False
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """What only this kind knows. JSON."""
    tags: Mapping[str, str] = field(default_factory=dict[str, str])


def check_engine(known: Mapping[str, tuple[str, ...]], engine: str, version: str) -> None:
    """Raise UnknownEngine unless engine and version are known."""
    if engine not in known:
        raise values.must("engine", f"be one of {', '.join(known)}", engine, kind=UnknownEngine)
    if version not in known[engine]:
        raise values.must(
            "version", f"be one of {', '.join(known[engine])} for {engine}", version, kind=UnknownEngine
        )


def check_memory(memory_mb: int, least_mb: int) -> None:
    """Raise TooLittleMemory, or Invalid for more than any machine has."""
    if memory_mb < least_mb:
        raise values.must(
            "memory_mb", f"be from {least_mb} to {MOST_MEMORY_MB}", memory_mb, kind=TooLittleMemory
        )
    if memory_mb > MOST_MEMORY_MB:
        raise values.must("memory_mb", f"be from {least_mb} to {MOST_MEMORY_MB}", memory_mb)


def check_cpus(cpus: float) -> None:
    """Raise Invalid for less than a tenth of a core, or more than any machine has."""
    values.between(cpus, LEAST_CPUS, MOST_CPUS, "cpus")
