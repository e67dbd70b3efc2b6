"""Keeps the archive of every database.

``passes`` from what is to what is wanted · ``due`` when a backup is begun, what is told of what does not come.
"""

from miniaws.process_managers.archive.passes import ArchiveManager as ArchiveManager
