"""Keeps a real volume for every volume.

``passes`` from what is to what is wanted · ``schedule`` the snapshots that are taken by the clock.
"""

from miniaws.process_managers.volume.passes import VolumeManager as VolumeManager
