"""Answers about networks."""

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from projections.document import Reference


class End(TypedDict):
    """One end of a connection; ``resource`` is null for what is no resource of the account."""

    address: str
    resource: Reference | None


class RuleInWords(TypedDict):
    """A rule, in words."""

    id: str
    allows: str
    description: str


class Match(TypedDict):
    """The rule that allows a connection, and its group."""

    group: Reference
    rule: RuleInWords


class Probe(TypedDict):
    """What happened to the packets of a probe."""

    passed: bool


ConnectionCheck = TypedDict(
    "ConnectionCheck",
    {
        "allowed": bool,
        "reason": str,
        "from": End,
        "to": End,
        "protocol": Literal["tcp", "udp", "icmp"],
        "port": int | None,
        "egress": Match | None,
        "ingress": Match | None,
        "probe": Probe | None,
        "not_enforced": Annotated[
            str | None, Field(description="why this host enforces no rules; null when it does")
        ],
    },
)
"""Whether a connection is let through, and why."""
