"""The document of an access key. Its hash is nobody's business."""

from typing import Any, Literal

from typing_extensions import TypedDict

from domain.access_key import AccessKey
from projections.document import ResourceDocument, on, set_status, statuses
from projections.sentences import sentences


class AccessKeySpec(TypedDict):
    """The role of a key, and when it expires."""

    role: Literal["viewer", "operator", "admin"]
    expires_at: str | None


class AccessKeyObserved(TypedDict):
    """Whether a key was used; None for keys whose first use is not recorded."""

    was_used: bool | None


class AccessKeyDocument(ResourceDocument):
    """An access key. Its hash is not shown."""

    kind: Literal["access_key"]
    spec: AccessKeySpec
    observed: AccessKeyObserved


statuses(AccessKey, AccessKeyDocument, {"revoked": "revoked"})
sentences(
    AccessKey,
    {
        "issued": "issued as {role}",
        "first_used": "first used",
        "secret_replaced": "secret replaced after a repeated request",
        "revoked": "revoked",
    },
)


@on("access_key.issued")
def issued(document: AccessKeyDocument, event: dict[str, Any]) -> None:
    """Show a key that was handed out."""
    document["spec"] = {"role": event["role"], "expires_at": event["expires_at"]}
    document["observed"] = {"was_used": False if event["is_replaceable"] else None}
    set_status(document, "active")


@on("access_key.first_used")
def first_used(document: AccessKeyDocument, event: dict[str, Any]) -> None:  # noqa: ARG001 - says all by its name
    """Show that it was used; None when that is not recorded."""
    document["observed"] = {"was_used": True}
