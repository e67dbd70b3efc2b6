"""Copies of snapshots at targets: places outside this host that are configured by whoever runs the cloud.

Rules
-----
* A copy is a snapshot of its own, of the same moment: it is verified, restored and deleted like any other, has a key of
  its own, and outlives the original.
* Until the copy is complete, the original cannot be deleted.
* A snapshot has at most one copy at a target at a time, and records its state.
* Only a snapshot that is stored here and can be read is copied.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal, Protocol, Self
from uuid import UUID

from domain.aggregate import Claim
from domain.errors import Conflict


class SnapshotNotRestorable(Conflict):
    """cannot restore a snapshot that is incomplete or damaged"""

    code = "snapshot_not_restorable"


@dataclass(frozen=True, slots=True)
class Target:
    """A place that snapshots can be copied to."""

    name: str
    kind: Literal["folder", "s3"]


class Targets(Protocol):
    """The places that snapshots can be copied to."""

    async def known(self) -> list[Target]:
        """Return the targets by name. Raises Refused when their configuration is wrong."""
        ...


@dataclass(frozen=True, slots=True)
class Contents:
    """What was recorded as a snapshot was taken: the same for every copy of it."""

    log_position: int
    files: int
    bytes: int
    restore_points: list[dict[str, str]]


@dataclass(frozen=True, slots=True)
class Original:
    """The snapshot that a copy is made from."""

    snapshot_id: str
    name: str
    repository_id: str
    key_id: str
    copy_id: str
    taken_at: datetime
    held: Contents

    def as_json(self) -> dict[str, Any]:
        """Return it as it is stored in an event."""
        return asdict(self) | {"taken_at": self.taken_at.isoformat()}

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Self:
        """Return what an event has stored."""
        held, taken_at = Contents(**stored["held"]), datetime.fromisoformat(stored["taken_at"])
        more: dict[str, Any] = {"held": held, "taken_at": taken_at}
        return cls(**(stored | more))

    def claim(self, target: str, owner: UUID, name: str) -> Claim:
        """Return the claim that makes a copy the only one at its target."""
        return Claim(offsite_scope(self.snapshot_id), target, owner, name)


@dataclass(frozen=True, slots=True)
class OffsiteCopy:
    """The state of a copy at a target, as recorded by the snapshot it is made from."""

    target: str
    state: Literal["creating", "available", "error"] = "creating"
    reason: str | None = None


def copy_name(snapshot: str, target: str) -> str:
    """Return the default name of a copy."""
    return f"{snapshot}-{target}"


def find_target(known: Sequence[Target], name: str) -> Target | None:
    """Return the target of a name."""
    return next((target for target in known if target.name == name), None)


def restore_scope(snapshot_id: str) -> str:
    """Return the scope of claims that hold while volumes are restored, or copies made, from a snapshot."""
    return f"restore/{snapshot_id}"


def offsite_scope(snapshot_id: str) -> str:
    """Return the scope of claims that the copies of a snapshot hold, by target."""
    return f"elsewhere/{snapshot_id}"
