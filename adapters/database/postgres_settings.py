"""What the configuration of a Postgres server says of the one that it follows."""

from adapters.database.programs import HOME
from domain.database import Database

ANY_NAME = "^miniaws_db_[a-z2-7]{26}$"
"""What accounts and slots of replicas are called."""
FOLLOWS_BY = f"{HOME}follows"
"""The file with the password by which a replica follows."""
SILENT_S = 10
"""After so long without a word, either side takes the other one for dead."""


def replication_name(replica_id: str) -> str:
    """Return what the account of a replica and its slot are called at its source."""
    return f"miniaws_{replica_id.replace('-', '_')}"


def following(replica: Database) -> list[str]:
    """Return what a replica is told; a server that does not follow takes no notice of it."""
    assert replica.replica_of is not None  # noqa: S101 - asked by the caller
    name = replication_name(replica.public_id)
    source = {
        "host": replica.replica_of["id"],
        "port": str(replica.port),
        "user": name,
        "passfile": FOLLOWS_BY,
        "application_name": name,
        "connect_timeout": "5",
        "tcp_user_timeout": str(SILENT_S * 1000),
        # A slot is free again soon after its replica was killed, or hangs: till then no checkpoint can give it up.
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
