"""Estates from documents: what would have to be requested to create the resources that the documents show.

Each capability registers a pure function that returns the spec of a resource: the body of the command that creates it,
without ``name`` and ``tags``, with every default filled in. What follows from other fields, such as the cores of an
instance type, is left out. So is what exists only as a part of another resource: the volume of a server, the instances
of a scaling group, the archive of a database.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from domain.plan import Estate, Identity, Resource
from domain.plan import estate as estate_of
from domain.scaling_group.template import OWNED_TAG
from domain.values import is_part_name
from projections.document import Document, has_ended

KINDS = (
    "vpc",
    "subnet",
    "security_group",
    "volume",
    "database",
    "cache",
    "queue",
    "instance",
    "load_balancer",
    "scaling_group",
)
"""The kinds of an estate. A resource refers only to those of earlier kinds, or to a database."""

_LEAVING = {"deleting", "terminating", "trashed", "purging"}


class Documents:
    """The documents of an estate, by what others refer to."""

    def __init__(self, documents: Iterable[Document]) -> None:
        self._by_id: dict[str, Document] = {}
        self._archives: dict[str, Document] = {}
        for each in documents:
            self._by_id[each["id"]] = each
            if each["kind"] == "archive" and not has_ended(each):
                self._archives[each["spec"]["database"]["id"]] = each

    def name(self, reference: Mapping[str, Any]) -> str:
        """Return the name of a resource that a document refers to by ``id`` and ``name``."""
        found = self._by_id.get(reference["id"])
        return reference["name"] if found is None else found["name"]

    def volume_size(self, volume_id: str | None) -> int | None:
        """Return the size of a volume in GiB; None without a limit, and without a volume."""
        found = self._by_id.get(volume_id or "")
        return None if found is None else found["spec"]["size_gb"]

    def archive(self, database_id: str) -> Document | None:
        """Return the archive of a database, None when it is not among the documents."""
        return self._archives.get(database_id)


Specification = Callable[[Any, Documents], dict[str, Any]]
"""Returns the spec that creates what a document shows."""

_specifications: dict[str, Specification] = {}
_given: dict[str, Callable[[Any], bool]] = {}
"""Returns whether a document shows what a resource is given when it is created, and nobody has changed."""


def specified(
    kind: str, is_as_created: Callable[[Any], bool] | None = None
) -> Callable[[Specification], Specification]:
    """Register how the spec of a kind is read from its documents, and which of them describe nothing to create."""

    def register(function: Specification) -> Specification:
        _specifications[kind] = function
        if is_as_created is not None:
            _given[kind] = is_as_created
        return function

    return register


def estate(documents: Iterable[Document]) -> Estate:
    """Return the estate that documents show, in an order in which it can be created.

    ``documents`` are those of one account at one moment, archives included: a database's backup policy is theirs.
    """
    listed = list(documents)
    among = Documents(listed)
    shown = [resource(each, among) for each in listed if is_part_of_estate(each)]
    return estate_of(sorted(shown, key=_order))


def resource(document: Document, among: Documents) -> Resource:
    """Return the resource that a document shows."""
    return Resource(
        kind=document["kind"],
        name=document["name"],
        spec=_specifications[document["kind"]](document, among),
        tags=document["tags"],
        running=_is_running(document),
        identity=Identity(document["id"], document["version"], document["status"]),
    )


def is_part_of_estate(document: Document) -> bool:
    """Return whether a resource lives and is nobody's part."""
    if document["kind"] not in KINDS or has_ended(document) or document["status"] in _LEAVING:
        return False
    if document["kind"] == "volume":
        attached = document["observed"]["attached_to"]
        is_of_server = attached is not None and not attached["id"].startswith("i-")
        return not is_of_server and not is_part_name(document["name"])
    is_as_created = _given.get(document["kind"])
    return OWNED_TAG not in document["tags"] and not (is_as_created and is_as_created(document))


def _is_running(document: Document) -> bool | None:
    """Return whether a resource should run; None for kinds that always do, and for a program that ended by itself."""
    if document["kind"] not in {"instance", "database", "cache", "queue"}:
        return None
    if document["status"] not in {"stopping", "stopped"}:
        return True
    return None if document["observed"].get("ended_at") else False


def _order(resource: Resource) -> tuple[int, bool, str]:
    is_replica = resource.spec.get("replica_of") is not None
    return KINDS.index(resource.kind), is_replica, resource.name
