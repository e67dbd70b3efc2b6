"""Databases: the rules, what is known of the engines, and how we speak to them."""

from domain.database.aggregate import Database
from domain.database.client import ADMIN, Administered, DatabaseClient
from domain.database.engines import CLASSES, ENGINES, Engine
from domain.database.followed import HasReplicas, NotReplicable
from domain.database.following import IsReplica, NotPromotable
from domain.database.replicator import Ended, Replicator, Standing

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
    "Replicator",
    "Standing",
]
