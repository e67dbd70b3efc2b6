"""Copies of volumes, kept by restic in containers of the Docker engine."""

from adapters.restic.copies import ResticCopies

__all__ = ["ResticCopies"]
