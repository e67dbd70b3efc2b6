"""The document of a VPC."""

from typing import Any

from domain.vpc import Vpc
from projections.document import Document, on, statuses, turn
from projections.sentences import sentences

statuses(Vpc, {})
sentences(
    Vpc,
    {
        "create_requested": "asked for with the range {cidr}",
    },
)


@on("vpc.create_requested")
def create_requested(document: Document, event: dict[str, Any]) -> None:
    """Show a network that was asked for."""
    document["spec"] = {"cidr": event["cidr"]}
    turn(document, "creating")
