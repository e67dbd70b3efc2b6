"""Ports of the host: each has one holder at a time, whatever the holder is."""

from typing import Protocol

from domain.aggregate import Aggregate, Claim

SCOPE = "host-port"


def claim(port: int, holder: Aggregate) -> Claim:
    """Return the claim of a port; its note names the holder: account, kind and name."""
    return Claim(SCOPE, str(port), holder.id, f"{holder.account_id}/{holder.KIND}/{holder.name}")


class HostPorts(Protocol):
    """Knows the ports of the host that are in use, whoever uses them."""

    async def is_in_use(self, port: int) -> bool:
        """Return whether a program listens on a port; False when that cannot be known."""
        ...
