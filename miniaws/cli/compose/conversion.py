"""A Compose file as a manifest: VPCs, volumes, managed servers and instances, in the order of their references."""

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

from miniaws.cli.compose import managed
from miniaws.cli.compose.instance import instance, tags
from miniaws.cli.compose.mounts import Volumes
from miniaws.cli.compose.names import renamed
from miniaws.cli.compose.notes import Notes
from miniaws.cli.compose.section import Conversion, Section
from miniaws.cli.compose.source import Node
from miniaws.cli.compose.variables import Variables
from miniaws.cli.failures import USAGE, Failure

Manifest = list[dict[str, Any]]
_DEFAULT = "default"
"""The network of a service that names none, and the VPC that every account has."""
_REASONS = {
    "include": "convert the other files, too",
    "secrets": "secrets are given by reference when a manifest is applied",
    "configs": "put the files into images or volumes",
}


@dataclass(frozen=True, slots=True)
class _Parts:
    """What services refer to, by the names of the file."""

    folder: Path
    vpcs: dict[str, str]
    volumes: Volumes
    uses_managed: bool


def convert(root: Node, folder: Path, *, uses_managed: bool) -> tuple[Manifest, Notes]:
    """Return the documents of a file and what is to be known about them. Raises Failure if it is no Compose file."""
    notes = Notes()
    file = Section("", root, Conversion(notes, Variables.beside(folder)))
    services = _top(file, "services")
    if not (services.node.mapping or {}):
        raise Failure("cannot find `services`: is it a Compose file?", USAGE)
    networks, volumes = _top(file, "networks"), _top(file, "volumes")
    for ignored in ("version", "name"):
        file.take(ignored)
    file.close(_REASONS)
    parts = _Parts(
        folder,
        {
            _DEFAULT: _DEFAULT,
            **renamed(networks, (each for each in networks.node.mapping or {} if each != _DEFAULT)),
        },
        Volumes(renamed(volumes, volumes.node.mapping or {})),
        uses_managed,
    )
    servers = list(_servers(services, parts))
    unneeded = set(parts.volumes.unused()) if uses_managed else set[str]()
    documents = [*_vpcs(networks, parts), *_volumes(volumes, parts, unneeded), *servers]
    return documents, notes


def _top(file: Section, key: str) -> Section:
    return Section(key, file.take(key) or Node(1, {}), file.of)


def _document(kind: str, name: str, spec: dict[str, Any], of: dict[str, str]) -> dict[str, Any]:
    return {"kind": kind, "name": name, **({"tags": of} if of else {}), "spec": spec}


def _vpcs(networks: Section, parts: _Parts) -> Iterator[dict[str, Any]]:
    for name, node in (networks.node.mapping or {}).items():
        network = Section(f"networks.{name}", node, networks.of)
        of, cidr = tags(network), _cidr(network)
        network.take("driver")
        is_there = network.text("external") == "true"
        is_ours = not is_there and name != _DEFAULT
        is_internal = is_ours and network.text("internal") == "true"
        network.close(
            {"internal": "the VPC is not made by this file: set `internet` of its subnets to false"}
        )
        if is_ours:
            yield _document("vpc", parts.vpcs[name], {"cidr": cidr} if cidr else {}, of)
        if is_internal:
            yield _document("subnet", _DEFAULT, {"vpc": parts.vpcs[name], "internet": False}, {})


def _cidr(network: Section) -> str | None:
    ipam = network.section("ipam")
    if ipam is None:
        return None
    taken = ipam.take("config")
    ipam.close()
    subnets = [(each, (each.mapping or {}).get("subnet")) for each in (taken.elements if taken else [])]
    for node, subnet in subnets:
        text = None if subnet is None else ipam.resolved("config.subnet", subnet)
        if text is not None and _is_private(text):
            return text
        ipam.lose("config", node, "a VPC has one private IPv4 range of /16 to /28")
    return None


def _is_private(text: str) -> bool:
    try:
        network = IPv4Network(text)
    except ValueError:
        return False
    return network.is_private and 16 <= network.prefixlen <= 28


def _volumes(volumes: Section, parts: _Parts, unneeded: set[str]) -> Iterator[dict[str, Any]]:
    """Yield the named volumes; one that only a managed server would have is left out."""
    for name, node in (volumes.node.mapping or {}).items():
        volume = Section(f"volumes.{name}", node, volumes.of)
        of = tags(volume)
        if volume.text("driver") not in {None, "local"}:
            volume.lose("driver", node, "volumes are folders of the host")
        is_there = volume.text("external") == "true"
        volume.close()
        if name in unneeded:
            volumes.of.notes.lose(node.line, f"volumes.{name}", "no instance uses it")
        elif not is_there:
            yield _document("volume", parts.volumes.names[name], {}, of)


def _servers(services: Section, parts: _Parts) -> Iterator[dict[str, Any]]:
    """Yield managed servers first: instances connect to them."""
    names = renamed(services, services.node.mapping or {})
    sections = {
        name: Section(f"services.{name}", node, services.of)
        for name, node in (services.node.mapping or {}).items()
    }
    kinds = {name: managed.kind_of(each) if parts.uses_managed else None for name, each in sections.items()}
    for name in sorted(sections, key=lambda each: kinds[each] is None):
        service, kind = sections[name], kinds[name]
        vpc, of = _vpc(service, parts), tags(service)
        if kind is not None:
            yield _document(kind, names[name], managed.server(service, vpc), of)
        elif spec := instance(service, parts.folder, vpc, parts.volumes):
            yield _document("instance", names[name], spec, of)


def _vpc(service: Section, parts: _Parts) -> str | None:
    """Take the networks of a service: an instance is in one VPC. None is the default VPC."""
    taken = service.take("networks")
    if taken is None:
        return None
    given = taken.mapping
    names = list(given) if given is not None else [each.text or "" for each in taken.elements]
    known = [each for each in names if each in parts.vpcs]
    for other in [*(each for each in names if each not in parts.vpcs), *known[1:]]:
        service.lose(f"networks.{other}", taken, "an instance is in one VPC")
    return None if not known or known[0] == _DEFAULT else parts.vpcs[known[0]]
