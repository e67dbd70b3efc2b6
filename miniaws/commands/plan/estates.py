"""Where estates come from: the read model at a position, and manifests."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from domain.plan import Estate
from miniaws.application import Cloud
from projections import estate as estates
from projections.document import Document
from projections.inventory import Query

OWN_TAGS = "miniaws:"
"""What the tags begin with that miniaws itself gives."""
SET_TAG = "miniaws:set"
"""The tag that names the set by which a resource was applied."""
_PAGE = 1000


async def documents(cloud: Cloud, account: str, at: int) -> list[Document]:
    """Return the documents of all living resources that are parts of an estate, and of archives."""
    found: list[Document] = []
    for kind in (*estates.KINDS, "archive"):
        after = None
        while True:
            page = await cloud.ports.inventory.page(
                Query(at=at, account=account, kind=kind, after=after, limit=_PAGE)
            )
            found += [orjson.loads(each) for each in page.documents]
            if (after := page.next) is None:
                break
    return found


async def at_position(cloud: Cloud, account: str, at: int) -> Estate:
    """Return the estate of an account at a position."""
    return estates.estate(await documents(cloud, account, at))


def tags_with_set(given: Mapping[str, str], current: Mapping[str, str], of: str | None) -> dict[str, str]:
    """Return the tags of a resource of a manifest with the set that it is applied as a part of.

    Tags of miniaws itself stay as they are: a manifest does not have them.
    """
    own = {key: value for key, value in current.items() if key.startswith(OWN_TAGS)}
    return {**own, **given, **({} if of is None else {SET_TAG: of})}


Manifest = Sequence[dict[str, Any]]
