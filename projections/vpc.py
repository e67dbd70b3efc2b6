"""The document of a VPC."""

from typing import Any

from domain.vpc import Vpc
from projections.document import Document, on, statuses, turn
from projections.sentences import sentences

statuses(Vpc, {"became_available": "available", "delete_requested": "deleting", "deleted": "deleted"})
sentences(
    Vpc,
    {
        "create_requested": "asked for with the range {cidr}",
        "became_available": "became available",
        "failed": "could not be brought in line: {reason}",
        "tags_changed": "tagged {tags}",
        "delete_requested": "asked to be deleted",
        "deleted": "deleted",
    },
)


@on("vpc.create_requested")
def create_requested(document: Document, event: dict[str, Any]) -> None:
    """Show a network that was asked for."""
    document["spec"] = {"cidr": event["cidr"]}
    turn(document, "creating")
