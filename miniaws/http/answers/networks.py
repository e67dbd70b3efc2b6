"""Answers about networks."""

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from projections.document import Reference


class ConnectionEnd(TypedDict):
    """One end of a connection; ``resource`` is null for what is no resource of the account."""

    address: str
    resource: Reference | None


class AllowingRule(TypedDict):
    """A rule, in words."""

    id: str
    allows: str
    description: str


class ConnectionMatch(TypedDict):
    """The rule that allows a connection, and its group."""

    group: Reference
    rule: AllowingRule


class ConnectionProbe(TypedDict):
    """What happened to the packets of a probe."""

    passed: bool


ConnectionCheck = TypedDict(
    "ConnectionCheck",
    {
        "allowed": bool,
        "reason": str,
        "from": ConnectionEnd,
        "to": ConnectionEnd,
        "protocol": Literal["tcp", "udp", "icmp"],
        "port": int | None,
        "egress": ConnectionMatch | None,
        "ingress": ConnectionMatch | None,
        "probe": ConnectionProbe | None,
        "not_enforced": Annotated[
            str | None, Field(description="why this host enforces no rules; null when it does")
        ],
    },
)
"""Whether a connection is let through, and why."""
