"""Snapshots of volumes: their rules, what brings them about, and what they ask of the world."""

from domain.snapshot.aggregate import NewSnapshot, Snapshot
from domain.snapshot.convergence import Step, next_step, parent_of
from domain.snapshot.elsewhere import SnapshotNotRestorable

__all__ = ["NewSnapshot", "Snapshot", "SnapshotNotRestorable", "Step", "next_step", "parent_of"]
