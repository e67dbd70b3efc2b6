"""Snapshots of volumes: their rules, their reconciliation, and their ports."""

from domain.snapshot.aggregate import NewSnapshot, Snapshot
from domain.snapshot.convergence import NextAction, next_action, parent_of
from domain.snapshot.offsite_copies import SnapshotNotRestorable

__all__ = ["NewSnapshot", "NextAction", "Snapshot", "SnapshotNotRestorable", "next_action", "parent_of"]
