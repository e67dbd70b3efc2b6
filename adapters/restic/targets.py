"""Copy targets of snapshots: a TOML file of mode 0600, read at each use.

[disk]
location = "file:///backup/miniaws"

[offsite]
location = "s3:https://s3.example.com/bucket/folder"
access_key_id = "…"
secret_access_key = "…"
region = "eu-central-1"
ca = "offsite-ca.pem"
"""

import asyncio
import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from domain.errors import Refused
from domain.snapshot.offsite_copies import Target

_NAME = re.compile(r"[a-z][a-z0-9-]{0,20}")
_FOLDER = re.compile(r"file://(/[^\0\n]*)")
_S3 = re.compile(r"s3:https?://[^/\s?#@]+/[^\s?#@]+")
_CERTIFICATE = b"-----BEGIN CERTIFICATE-----"
_FIELDS = {
    "folder": ({"location"}, set[str]()),
    "s3": ({"location", "access_key_id", "secret_access_key"}, {"region", "ca"}),
}
"""The required and the optional fields of a kind of target."""


@dataclass(frozen=True, slots=True)
class TargetLocation:
    """A target: the folder on the engine's host, or the URL, below which the repositories are."""

    name: str
    location: str
    region: str = ""
    credentials: bytes = field(default=b"", repr=False)
    """In the format of AWS's credentials file."""
    ca: bytes | None = field(default=None, repr=False)
    """The certificate authority of the server; None: a public one."""

    @property
    def is_remote(self) -> bool:
        """Whether it is reached over the network."""
        return not self.location.startswith("/")


class TargetsFile:
    """Reads the targets in a file. Without the file there are none."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def known(self) -> list[Target]:
        """Return the targets by name. Raises Refused."""
        found = await asyncio.to_thread(self._locations)
        return [Target(name, "s3" if found[name].is_remote else "folder") for name in sorted(found)]

    def location(self, name: str) -> TargetLocation:
        """Return a target. Raises Refused, also when it is no longer in the file."""
        found = self._locations().get(name)
        if found is None:
            raise Refused(f"cannot reach target {name}: {self._path.name} no longer contains it")
        return found

    def _locations(self) -> dict[str, TargetLocation]:
        try:
            mode = self._path.stat().st_mode
            content = self._path.read_bytes()
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise self._refused(f"cannot be read ({error.strerror})") from None
        if mode & 0o077:
            raise self._refused("may be read by others; `chmod 600` it")
        try:
            tables = tomllib.loads(content.decode())
        except ValueError:
            # The invalid value is not shown: it may be a credential.
            raise self._refused("is no TOML") from None
        return {name: self._location(name, table) for name, table in tables.items()}

    def _location(self, name: str, table: Any) -> TargetLocation:
        if not _NAME.fullmatch(name) or not isinstance(table, dict):
            raise self._refused(
                "holds something else than tables whose names have 1 to 21 letters, digits, hyphens"
            )
        given: dict[str, Any] = table
        location = str(given.get("location", ""))
        folder = _FOLDER.fullmatch(location)
        if folder is None and not _S3.fullmatch(location):
            raise self._refused(
                f"has no location for {name}; write `file:///a/folder` or `s3:https://host/bucket/folder`"
            )
        needed, more = _FIELDS["folder" if folder else "s3"]
        if not needed <= set(given) <= needed | more or not all(
            isinstance(each, str) for each in given.values()
        ):
            texts = ", ".join(f"`{each}`" for each in sorted(needed | more))
            raise self._refused(f"must have texts for {name}: {texts}")
        if folder:
            return TargetLocation(name, folder[1].rstrip("/") or "/")
        ca = self._ca(name, given["ca"]) if "ca" in given else None
        return TargetLocation(
            name, location.rstrip("/"), given.get("region", "us-east-1"), _credentials(given), ca
        )

    def _ca(self, name: str, path: str) -> bytes:
        """Return the certificates in a file, whose path is relative to the folder of the targets file."""
        try:
            content = (self._path.parent / path).read_bytes()
        except OSError as error:
            raise self._refused(f"names a `ca` for {name} that cannot be read ({error.strerror})") from None
        if _CERTIFICATE not in content:
            raise self._refused(f"names a `ca` for {name} that holds no certificate in PEM")
        return content

    def _refused(self, why: str) -> Refused:
        return Refused(f"cannot use targets: {self._path.name} {why}")


def _credentials(given: dict[str, Any]) -> bytes:
    lines = ["[default]", *(f"aws_{name}={given[name]}" for name in ("access_key_id", "secret_access_key"))]
    return "\n".join([*lines, ""]).encode()
