"""Ports of the host: each has one holder at a time, whatever the holder is."""

from domain.aggregate import Aggregate, Claim

SCOPE = "host-port"


def claim(port: int, holder: Aggregate) -> Claim:
    """Return the claim of a port; its note names the holder: account, kind and name."""
    return Claim(SCOPE, str(port), holder.id, f"{holder.account_id}/{holder.KIND}/{holder.name}")
