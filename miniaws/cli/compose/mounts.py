"""Volumes of services."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from miniaws.cli.compose.section import Section
from miniaws.cli.compose.source import Node

_FOLDER = "folders of the host are not mounted: use a volume, or put the files into the image"
_OWN_FILES = "the path is kept with the instance's own files; name a volume to keep it longer"
_PATH = re.compile(r"(/[A-Za-z0-9._-]+)+")


@dataclass(slots=True)
class Volumes:
    """Which volumes are attached: each to one instance at most."""

    names: dict[str, str]
    """Of the named volumes: as they are written, and as they are called in miniaws."""
    attached: dict[str, str] = field(default_factory=dict[str, str])
    """The service that has a volume."""

    def of(self, service: Section) -> list[dict[str, str]]:
        """Take the volumes of a service, and return where each is attached."""
        taken = service.take("volumes")
        mounts = [
            (each, mount)
            for each in ([] if taken is None else taken.elements)
            for mount in self._mounts(service, each)
        ]
        return [
            {"volume": self.names[volume], "path": path}
            for node, (volume, path) in mounts
            if self._attach(service, node, volume, path)
        ]

    def unused(self) -> Iterable[str]:
        """Return the named volumes that no service has."""
        return self.names.keys() - self.attached.keys()

    def _attach(self, service: Section, node: Node, volume: str, path: str) -> bool:
        if volume not in self.names:
            service.lose("volumes", node, f"there is no volume {volume} under `volumes`")
        elif volume in self.attached:
            owner = self.attached[volume]
            service.lose("volumes", node, f"a volume is attached to one instance: {owner} has {volume}")
        elif not _PATH.fullmatch(path):
            service.lose("volumes", node, f"a volume cannot be mounted at {path}")
        else:
            self.attached[volume] = service.path.removeprefix("services.")
            return True
        return False

    def _mounts(self, service: Section, node: Node) -> Iterator[tuple[str, str]]:
        if isinstance(node.content, dict):
            yield from _long(service, node)
        elif (text := service.resolved("volumes", node)) is not None:
            yield from _short(service, node, text)


def _short(service: Section, node: Node, text: str) -> Iterator[tuple[str, str]]:
    source, separator, rest = text.partition(":")
    path, _, options = rest.partition(":")
    if not separator:
        service.lose("volumes", node, _OWN_FILES)
    elif source.startswith((".", "/", "~")):
        service.lose("volumes", node, _FOLDER)
    else:
        if "ro" in options.split(","):
            service.say("volumes", node, "the program can write the volume, too")
        yield source, path.rstrip("/")


def _long(service: Section, node: Node) -> Iterator[tuple[str, str]]:
    mount = Section(f"{service.path}.volumes", node, service.of)
    type_, source, path = mount.text("type"), mount.text("source"), mount.text("target")
    if mount.text("read_only") == "true":
        mount.say("read_only", node, "the program can write the volume, too")
    mount.close()
    if type_ == "volume" and source and path:
        yield source, path.rstrip("/")
    else:
        service.lose("volumes", node, _FOLDER if type_ == "bind" else _OWN_FILES)
