"""Which type each operation answers with."""

from functools import reduce
from operator import or_
from types import GenericAlias
from typing import Annotated, Any

from pydantic import Field
from typing_extensions import TypeAliasType

from miniaws.capabilities import CAPABILITIES
from miniaws.http.answers import access, measurements, networks, scaling, servers, time
from projections import inventory
from projections.archive import ArchiveDocument
from projections.document import types
from projections.trashed import TrashItem
from projections.volume import VolumeDocument

COLLECTIONS = {f"/api/{each.path}": each.kind for each in CAPABILITIES}
"""The kind of the documents at each path. Changes below a path answer with a document of the same kind."""

_ONE = "/{id_or_name}"
_ANSWERS: dict[str, Any] = {
    "GET /health/live": access.Alive,
    "GET /health/ready": access.Ready,
    "POST /api/session": access.OpenedSession,
    "GET /api/session": access.Session,
    "POST /api/session/tickets": access.Ticket,
    "POST /api/keys": access.IssuedKey,
    "GET /api/instance-types": servers.InstanceTypes,
    "POST /api/instances/{id_or_name}/exec": servers.Executed,
    "GET /api/instances/{id_or_name}/metrics": measurements.Metrics,
    "GET /api/caches/{id_or_name}/connection": servers.Connection,
    "GET /api/caches/{id_or_name}/metrics": measurements.Metrics,
    "GET /api/caches/{id_or_name}/stats": servers.Stats,
    "GET /api/queues/{id_or_name}/connection": servers.Connection,
    "GET /api/queues/{id_or_name}/metrics": measurements.Metrics,
    "GET /api/queues/{id_or_name}/stats": servers.QueueStats,
    "GET /api/queues/{id_or_name}/peek": servers.Messages,
    "GET /api/databases/{id_or_name}/connection": servers.Connection,
    "GET /api/databases/{id_or_name}/metrics": measurements.Metrics,
    "GET /api/databases/{id_or_name}/stats": servers.Stats,
    "GET /api/databases/{id_or_name}/backups": ArchiveDocument,
    "POST /api/databases/{id_or_name}/backups": ArchiveDocument,
    "PATCH /api/databases/{id_or_name}/backups": ArchiveDocument,
    "GET /api/databases/{id_or_name}/restorable": servers.Restorable,
    "GET /api/databases/{id_or_name}/replicas": servers.Replicas,
    "GET /api/copy-targets": servers.CopyTargets,
    "GET /api/snapshots/{id_or_name}/progress": servers.Progress,
    "POST /api/snapshots/{id_or_name}/restore": VolumeDocument,
    "GET /api/load-balancers/{id_or_name}/targets": servers.Targets,
    "GET /api/load-balancers/{id_or_name}/health": servers.TargetHealth,
    "GET /api/load-balancers/{id_or_name}/metrics": measurements.Traffic,
    "POST /api/security-groups/check": networks.ConnectionCheck,
    "GET /api/scaling-groups/{id_or_name}/decisions": scaling.Decisions,
    "GET /api/scaling-groups/{id_or_name}/replay": scaling.Replay,
    "POST /api/scaling-groups/{id_or_name}/simulate": scaling.SimulationResult,
    "GET /api/resources/{id_or_name}/history": time.History,
    "GET /api/resources/{id_or_name}/why": time.Causes,
    "GET /api/estate": time.Estate,
    "GET /api/timeline": time.EventPage,
    "GET /api/timeline/density": time.Density,
    "GET /api/diff": time.Diff,
    "GET /api/aws-credentials": access.AwsCredentials,
    "GET /api/usage": time.Usage,
    "GET /api/trash": GenericAlias(access.Page, (TrashItem,)),
    "GET /api/dashboard/summary": measurements.DashboardSummary,
    "GET /api/dashboard/events": time.NewestEvents,
    "GET /api/dashboard/stats": measurements.DashboardStats,
}


_union: Any = reduce(or_, (types()[each.__name__.rpartition(".")[2]] for each in inventory.CAPABILITIES))
_alias: Any = TypeAliasType
Document = _alias("Document", Annotated[_union, Field(discriminator="kind")])
"""A document of any kind."""


def answer_type(method: str, path: str) -> Any:
    """Return the type of the JSON that an operation answers with; KeyError when none is declared."""
    method = method.upper()
    if found := _ANSWERS.get(f"{method} {path}"):
        return found
    if path.startswith("/api/trash/"):
        return Document
    if path.startswith("/api/resources"):
        return page_of(Document) if path == "/api/resources" else Document
    collection = next((each for each in COLLECTIONS if path == each or path.startswith(f"{each}/")), "")
    document = types()[COLLECTIONS[collection]]
    if method == "GET" and path == collection:
        return page_of(document)
    if method == "GET" and path != collection + _ONE:
        raise KeyError(path)
    return document


def page_of(document: Any) -> Any:
    """Return the type of a page of documents."""
    return GenericAlias(access.Page, (document,))
