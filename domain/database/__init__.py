"""Databases: the rules, what is known of the engines, and how we speak to them."""

from domain.database.aggregate import Database
from domain.database.client import ADMIN, Administered, DatabaseClient
from domain.database.engines import CLASSES, ENGINES, Engine
from domain.database.replication import HasReplicas, IsReplica, NotPromotable, NotReplicable
from domain.database.replicator import Ended, ReplicationStatus, Replicator

__all__ = [
    "ADMIN",
    "CLASSES",
    "ENGINES",
    "Administered",
    "Database",
    "DatabaseClient",
    "Ended",
    "Engine",
    "HasReplicas",
    "IsReplica",
    "NotPromotable",
    "NotReplicable",
    "ReplicationStatus",
    "Replicator",
]
