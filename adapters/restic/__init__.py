"""Copies of volumes, made by restic in containers of the Docker engine."""

from adapters.restic.copies import ResticCopies
from adapters.restic.targets import TargetsFile

__all__ = ["ResticCopies", "TargetsFile"]
