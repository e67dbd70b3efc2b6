"""Answers about what runs: instances, managed servers, snapshots, load balancers."""

from datetime import datetime
from typing import Literal, NotRequired

from typing_extensions import TypedDict

from projections.document import Reference
from projections.load_balancer import HealthCounts, Target

Figure = str | float | int | None
Stats = dict[str, Figure]
"""Statistics that a cache or a database reports; which ones depends on its engine."""


class InstanceType(TypedDict):
    """An instance type."""

    name: str
    cpus: float
    memory_mb: int


class InstanceTypes(TypedDict):
    """The instance types."""

    items: list[InstanceType]


class Executed(TypedDict):
    """What a command in an instance printed."""

    exit_code: int
    stdout: str
    stderr: str


class Connection(TypedDict):
    """How to connect to a server, with the password."""

    engine: str
    status: str
    url: str
    host: str
    port: int
    username: str
    password: str
    private_url: str
    private_host: str
    private_port: int
    ca_certificate: NotRequired[str]
    database: NotRequired[str]
    read_only: NotRequired[bool]
    virtual_host: NotRequired[str]
    account: NotRequired[str]


class QueueFigures(TypedDict):
    """Statistics of one queue or stream."""

    depth: int
    publish_per_s: float
    unacknowledged: NotRequired[int]
    deliver_per_s: NotRequired[float]
    consumers: NotRequired[int]
    bytes: NotRequired[int]


class QueueStats(TypedDict):
    """Statistics that a message queue server reports."""

    depth: int
    queues: dict[str, QueueFigures]
    memory_bytes: NotRequired[int | None]
    memory_limit_bytes: NotRequired[int | None]
    clients: NotRequired[int]
    connections: NotRequired[int]
    consumers: NotRequired[int]
    server_version: NotRequired[str]


class Message(TypedDict):
    """A message in a queue, as text or else base64."""

    text: NotRequired[str]
    base64: NotRequired[str]
    size: int
    headers: dict[str, str]
    redelivered: bool | None


class Messages(TypedDict):
    """The oldest messages of a queue."""

    items: list[Message]


RestorableRange = TypedDict("RestorableRange", {"from": datetime, "to": datetime})


class RestorableGap(TypedDict):
    """A gap between two ranges."""

    after: datetime
    before: datetime
    why: str | None


Restorable = TypedDict(
    "Restorable",
    {
        "database_id": str,
        "archive_id": str,
        "ranges": list[RestorableRange],
        "gaps": list[RestorableGap],
        "from": datetime | None,
        "to": datetime | None,
        "age_s": float | None,
        "resolution": Literal["second", "transaction", "backup"],
        "expires_at": datetime | None,
    },
)


class Replica(Reference):
    """A replica; what cannot be measured is left out."""

    status: str
    replica_state: NotRequired[Literal["streaming", "interrupted"]]
    replica_lag_bytes: NotRequired[int]
    replica_lag_s: NotRequired[float]
    last_change_at: NotRequired[datetime]


class Replicas(TypedDict):
    """The replicas of a database."""

    database_id: str
    replicas: list[Replica]


class CopyTarget(TypedDict):
    """Where snapshots can be copied to."""

    name: str
    kind: Literal["s3", "folder"]


class CopyTargets(TypedDict):
    """The targets of snapshot copies."""

    items: list[CopyTarget]


class Progress(TypedDict):
    """What runs for a snapshot at the moment; null when nothing does."""

    task: str | None
    state: str | None
    percent: float | None


class Targets(TypedDict):
    """The targets of a load balancer."""

    targets: list[Target]
    position: int


class TargetHealth(TypedDict):
    """How many targets are in each state, and the targets."""

    health: HealthCounts
    targets: list[Target]
    position: int
