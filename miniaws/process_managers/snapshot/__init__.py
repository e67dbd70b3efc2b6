"""Keeps copies of volumes for every snapshot.

``passes`` from what is to what is wanted · ``elsewhere`` copies at targets.
"""

from miniaws.process_managers.snapshot.passes import SnapshotManager as SnapshotManager
