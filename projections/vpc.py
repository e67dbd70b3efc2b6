"""The document of a VPC."""

from typing import Any, Literal

from typing_extensions import TypedDict

from domain.vpc import Vpc
from projections.document import Empty, ResourceDocument, on, set_status, statuses
from projections.estate import Documents, specified
from projections.sentences import sentences


class VpcSpec(TypedDict):
    """The address range of a VPC."""

    cidr: str


class VpcDocument(ResourceDocument):
    """A VPC."""

    kind: Literal["vpc"]
    spec: VpcSpec
    observed: Empty


statuses(Vpc, VpcDocument, {})
sentences(
    Vpc,
    {
        "create_requested": "creation requested ({cidr})",
        "range_replaced": "range changed to {cidr}: {reason}",
    },
)


@on("vpc.create_requested")
def create_requested(document: VpcDocument, event: dict[str, Any]) -> None:
    """Show a network that was requested."""
    document["spec"] = {"cidr": event["cidr"]}
    set_status(document, "creating")


@on("vpc.range_replaced")
def range_replaced(document: VpcDocument, event: dict[str, Any]) -> None:
    """Show the range it has now."""
    document["spec"] = {"cidr": event["cidr"]}
    set_status(document, "creating")


@specified("vpc")
def specification(document: VpcDocument, among: Documents) -> dict[str, Any]:  # noqa: ARG001 - every one has this shape
    """Return what creates the VPC."""
    return {"cidr": document["spec"]["cidr"]}
