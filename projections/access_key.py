"""The document of an access key. Its hash is nobody's business."""

from typing import Any

from domain.access_key import AccessKey
from projections.document import Document, on, statuses, turn
from projections.sentences import sentences

statuses(AccessKey, {"revoked": "revoked"})
sentences(
    AccessKey,
    {
        "issued": "issued as {role}",
        "first_used": "used for the first time",
        "secret_replaced": "answered again with another secret",
        "revoked": "revoked",
    },
)


@on("access_key.issued")
def issued(document: Document, event: dict[str, Any]) -> None:
    """Show a key that was handed out."""
    document["spec"] = {"role": event["role"], "expires_at": event["expires_at"]}
    document["observed"] = {"was_used": False if event["is_replaceable"] else None}
    turn(document, "active")


@on("access_key.first_used")
def first_used(document: Document, event: dict[str, Any]) -> None:  # noqa: ARG001 - says all by its name
    """Show that somebody signed in with it; None is shown of a key of which that is not told."""
    document["observed"] = {"was_used": True}
