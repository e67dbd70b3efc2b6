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
        "range_replaced": "got the range {cidr} instead: {reason}",
    },
)


@on("vpc.create_requested")
def create_requested(document: Document, event: dict[str, Any]) -> None:
    """Show a network that was asked for."""
    document["spec"] = {"cidr": event["cidr"]}
    turn(document, "creating")


@on("vpc.range_replaced")
def range_replaced(document: Document, event: dict[str, Any]) -> None:
    """Show the range it has now."""
    document["spec"] = {"cidr": event["cidr"]}
    turn(document, "creating")
