"""Whether the engine sees mounts of this process.

It does in our own mount namespace, and where a mount of ours reaches it: a control plane in a container has a namespace
of its own, which leads to the host's only through a folder that is mounted with its propagation (``rshared``).
"""

import socket
import struct
from pathlib import Path

_CREDENTIALS = struct.Struct("3i")
_KNOCK_S = 5


def are_seen(engine_socket: str, directory: Path) -> bool:
    """Return whether an engine on this host, behind this socket, sees mounts below a directory."""
    return _is_shared(directory) or _is_ours(engine_socket)


def _is_shared(directory: Path) -> bool:
    """Return whether mounts below a directory propagate to other namespaces."""
    around = {str(place) for place in (directory.resolve(), *directory.resolve().parents)}
    found, shared = "", False
    for line in Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines():
        fields = line.split(" - ")[0].split()
        place = fields[4].encode().decode("unicode_escape")
        # Of several mounts on one path, the newest one is visible.
        if place in around and len(place) >= len(found):
            found, shared = place, any(each.startswith("shared:") for each in fields[6:])
    return shared


def _is_ours(engine_socket: str) -> bool:
    """Return whether the process that listens there has our mount namespace."""
    try:
        with socket.socket(socket.AF_UNIX) as door:
            door.settimeout(_KNOCK_S)
            door.connect(engine_socket)
            known = door.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
        listener, _, _ = _CREDENTIALS.unpack(known)
        # A process in another namespace, such as the engine from inside a container, has the id 0.
        return Path(f"/proc/{listener}/ns/mnt").readlink() == Path("/proc/self/ns/mnt").readlink()
    except OSError:
        return False
