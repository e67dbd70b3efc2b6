"""The part of a Postgres configuration that concerns replication."""

from adapters.database.programs import HOME
from domain.database import Database

ANY_NAME = "^miniaws_db_[a-z2-7]{26}$"
"""Prefix of the accounts and slots of replicas."""
FOLLOWS_BY = f"{HOME}follows"
"""The file with the password for replication."""
SILENT_S = 10
"""Time without a message after which either side closes the connection."""


def replication_name(replica_id: str) -> str:
    """Return the name of the account and the slot of a replica at its source."""
    return f"miniaws_{replica_id.replace('-', '_')}"


def following(replica: Database) -> list[str]:
    """Return the settings of a replica; a server that is not a replica ignores them."""
    assert replica.replica_of is not None  # noqa: S101 - asked by the caller
    name = replication_name(replica.public_id)
    source = {
        "host": replica.replica_of.id,
        "port": str(replica.port),
        "user": name,
        "passfile": FOLLOWS_BY,
        "application_name": name,
        "connect_timeout": "5",
        "tcp_user_timeout": str(SILENT_S * 1000),
        # Frees a slot soon after its replica was killed or hangs; until then no checkpoint can drop its log.
        "options": f"''-cwal_sender_timeout={SILENT_S}s -ctcp_user_timeout={SILENT_S}s''",
    }
    conninfo = " ".join(f"{key}={value}" for key, value in source.items())
    return [
        f"primary_conninfo = '{conninfo}'",
        f"primary_slot_name = '{name}'",
        f"wal_receiver_timeout = {SILENT_S}s",
        "wal_receiver_status_interval = 1s",
        "wal_retrieve_retry_interval = 1s",
    ]
