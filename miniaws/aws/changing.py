"""How operations change: a command, and the document that it led to, once reads show it."""

from collections.abc import Awaitable

import orjson

from domain.errors import Unavailable
from miniaws.application import AlreadyDone, Saved
from miniaws.aws.call import Call
from miniaws.aws.reading import Document

_VISIBLE_S = 5.0


async def changed(call: Call, command: Awaitable[Saved]) -> Document:
    """Run a command and return the document that it led to; one that was run before leads to the same."""
    ports = call.cloud.ports
    try:
        saved = await command
    except AlreadyDone as done:
        resource_id, position = done.resource_id, done.position
    else:
        resource_id, position = saved.aggregate.id, saved.receipt.position or await ports.store.head()
    found = None
    if await ports.visibility.wait_for(position, _VISIBLE_S):
        found = await ports.inventory.one(resource_id, call.account, position)
    if found is None:
        raise Unavailable(
            "cannot show the result yet: it is written, but the controller is behind or not running; repeat the request"
        )
    return orjson.loads(found)
