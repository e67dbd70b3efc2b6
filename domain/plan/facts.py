"""What the outside world knows: arguments of the computation, which calls nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from domain.plan.estate import Key, Resource


@dataclass(frozen=True, slots=True)
class SnapshotFact:
    """A snapshot that has the files of a volume."""

    id: str
    name: str
    volume_id: str
    """Which of the volumes in it."""
    taken_at: str
    """RFC 3339."""
    before_s: float
    """How long before the moment of the plan it was taken."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a plan depends on besides the two estates. An empty one promises nothing."""

    trash: Mapping[str, Resource] = field(default_factory=dict[str, Resource])
    """What can be restored from the trash, by id, as it was when it was moved there."""
    restorable: frozenset[str] = frozenset()
    """Ids of the databases that their archives can restore to the moment of the plan."""
    not_restorable: Mapping[str, str] = field(default_factory=dict[str, str])
    """Why others cannot be restored, by id."""
    snapshots: Mapping[str, SnapshotFact] = field(default_factory=dict[str, SnapshotFact])
    """The newest snapshot at or before the moment of the plan, by the id of the volume.

    Of a cache, it is the snapshot of its volume, by the id of the cache.
    """
    absent_images: frozenset[str] = frozenset()
    """Images that are neither here nor offered by a registry."""
    changed_images: frozenset[str] = frozenset()
    """Ids of the instances whose images have another content under the same name since."""
    erased: frozenset[str] = frozenset()
    """Ids of the resources whose secrets have been erased."""
    occupied: frozenset[Key] = frozenset()
    """VPCs that something uses which is no part of the estate, such as an instance of a scaling group."""
