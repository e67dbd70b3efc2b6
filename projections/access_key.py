"""The document of an access key. Its hash is nobody's business."""

from typing import Any

from domain.access_key import AccessKey
from projections.document import Document, on, statuses, turn
from projections.sentences import sentences

statuses(AccessKey, {"revoked": "revoked"})
sentences(AccessKey, {"issued": "issued as {role}", "revoked": "revoked"})


@on("access_key.issued")
def issued(document: Document, event: dict[str, Any]) -> None:
    """Show a key that was handed out."""
    document["spec"] = {"role": event["role"], "expires_at": event["expires_at"]}
    turn(document, "active")
