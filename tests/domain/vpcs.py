"""Stored VPCs, including some that would be refused now."""

from typing import Any
from uuid import uuid4

from domain.vpc import Vpc
from tests.domain.pretended import EPOCH


def stored_vpc(cidr: str) -> Vpc:
    """Return a VPC that an earlier version accepted, with its event not collected yet."""
    stored: dict[str, Any] = {
        "originator_id": uuid4(),
        "originator_version": 1,
        "originator_topic": Vpc.TOPIC,
        "timestamp": EPOCH,
        "account_id": "main",
        "name": "old",
        "cidr": cidr,
        "tags": {},
        "is_chosen": False,
    }
    created = Vpc.CreateRequested(**stored)
    vpc = created.mutate(None)
    assert isinstance(vpc, Vpc)
    vpc.pending_events.append(created)
    return vpc
