"""The document of a VPC."""

from typing import Any

from domain.vpc import Vpc
from projections.document import Document, on, statuses, turn

statuses(Vpc, {"became_available": "available", "delete_requested": "deleting", "deleted": "deleted"})


@on("vpc.create_requested")
def create_requested(document: Document, event: dict[str, Any]) -> None:
    """Show a network that was asked for."""
    document["spec"] = {"cidr": event["cidr"]}
    turn(document, "creating")
