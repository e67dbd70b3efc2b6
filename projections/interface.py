"""How documents show the network interface of what has one: its subnet, its address and its security groups."""

from typing import Any

from typing_extensions import TypedDict

from domain.interface import WithInterface
from domain.managed import Managed
from projections.document import Document, Reference, ResourceDocument, also, on
from projections.sentences import sentences


class InterfaceSpec(TypedDict):
    """Where a resource is in its VPC."""

    subnet: Reference | None
    """None until an earlier version's resource has an address of its own."""
    security_groups: list[Reference]


_SENTENCES = {
    "interface_assigned": "address {address} in subnet {subnet_name} assigned, security groups {security_groups}",
    "security_groups_changed": "security groups changed to {security_groups}",
}


def with_interface(kind: type[WithInterface]) -> None:
    """Register the events of the interface of a kind."""
    sentences(kind, _SENTENCES)
    on(f"{kind.KIND}.interface_assigned")(_assigned)
    on(f"{kind.KIND}.security_groups_changed")(_security_groups_changed)
    if issubclass(kind, Managed):
        also(f"{kind.KIND}.deleted")(_deleted)


def stop_showing_address(document: ResourceDocument) -> None:
    """Show no address of what has stopped, unless it has an interface, and with that its address in any state."""
    shown: Any = document
    if shown["spec"]["subnet"] is None:
        shown["observed"]["address"] = None


def interface_specification(subnet: Reference | None, groups: list[Reference]) -> dict[str, Any]:
    """Return the fields that create an interface like that of a resource, or of a template."""
    return {
        "subnet": "default" if subnet is None else subnet["name"],
        "security_groups": [each["name"] for each in groups] or ["default"],
    }


def _assigned(document: Document, event: dict[str, Any]) -> None:
    document["spec"]["subnet"] = {"id": event["subnet_id"], "name": event["subnet_name"]}
    document["spec"]["security_groups"] = event["security_groups"]
    document["observed"]["address"] = event["address"]


def _security_groups_changed(document: Document, event: dict[str, Any]) -> None:
    document["spec"]["security_groups"] = event["security_groups"]


def _deleted(document: Document, event: dict[str, Any]) -> None:  # noqa: ARG001 - every change has this shape
    document["observed"]["address"] = None
