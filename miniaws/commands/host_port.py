"""Refusals of host ports that another resource holds, or a program that is no resource."""

import asyncio
from collections.abc import Mapping

from domain import host_port
from domain.errors import Conflict
from domain.store import ClaimTaken
from miniaws.application import Cloud, Request

Fields = Mapping[int, str]
"""The path of the field that asks for each port."""

_ATTEMPTS = 10
_PAUSE_S = 0.1


class HostPortTaken(Conflict):
    """cannot use a host port that another resource or program holds"""

    code = "port_taken"


def refusal(request: Request, taken: ClaimTaken, fields: Fields, verb: str = "publish") -> Exception:
    """Return what to raise for a claim that is taken: a sentence of its own when it is a host port."""
    if taken.claim.scope != host_port.SCOPE:
        return taken
    account, _, holder = (taken.claim.note or "").partition("/")
    is_own = account == request.cause.account_id
    words = holder.replace("/", " ") if is_own else "a resource of another account"
    return HostPortTaken(
        f"cannot {verb} on port {taken.claim.key}: {words} holds it; choose another port",
        field=fields.get(int(taken.claim.key)),
    )


async def refuse_if_in_use(cloud: Cloud, fields: Fields, verb: str = "publish") -> None:
    """Raise HostPortTaken for the first port on which a program listens that is no resource.

    Best effort: a program may take the port later, which the process manager then reports.
    """
    for port, field in fields.items():
        if await cloud.ports.store.claim(host_port.SCOPE, str(port)) is not None:
            continue  # a resource holds it: saving refuses, and names the resource
        if await _stays_in_use(cloud, port):
            raise HostPortTaken(
                f"cannot {verb} on port {port}: another program on this host listens on it; stop that program or "
                "choose another port",
                field=field,
            )


async def _stays_in_use(cloud: Cloud, port: int) -> bool:
    """Return whether a port is in use, after a port that a resource has just released had time to close."""
    for _ in range(_ATTEMPTS):
        if not await cloud.ports.host_ports.is_in_use(port):
            return False
        await asyncio.sleep(_PAUSE_S)
    return True
