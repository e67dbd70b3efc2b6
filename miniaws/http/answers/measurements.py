"""Answers with measurements: metrics in steps, and the dashboard."""

from datetime import datetime

from typing_extensions import TypedDict

from miniaws.http.answers.time import TimeRange
from projections.dashboard import Summary


class DashboardSummary(Summary):
    """The summary of an account."""

    recorded_at: datetime | None


class Figures(TypedDict):
    """What was measured; null where nothing was."""

    cpu_percent: float | None
    cpu_cores: float | None
    memory_percent: float | None
    memory_bytes: float | None
    network_rx_bytes_per_s: float | None
    network_tx_bytes_per_s: float | None
    block_read_bytes_per_s: float | None
    block_write_bytes_per_s: float | None


class MetricPoint(Figures):
    """Averages and maxima of a step."""

    at: datetime
    samples: int
    cpu_percent_max: float | None
    cpu_cores_max: float | None
    memory_percent_max: float | None
    memory_bytes_max: float | None
    network_rx_bytes_per_s_max: float | None
    network_tx_bytes_per_s_max: float | None
    block_read_bytes_per_s_max: float | None
    block_write_bytes_per_s_max: float | None


class TrafficPoint(TypedDict):
    """Averages of a step."""

    at: datetime
    samples: int
    requests_per_s: float | None
    responses_4xx_per_s: float | None
    responses_5xx_per_s: float | None
    errors_per_s: float | None
    bytes_in_per_s: float | None
    bytes_out_per_s: float | None
    latency_ms: float | None
    sessions: float | None


class _Steps(TimeRange):
    step: int
    units: dict[str, str]
    position: int


class Metrics(_Steps):
    """What a resource used, in steps."""

    points: list[MetricPoint]


class Traffic(_Steps):
    """The traffic of a load balancer and of its targets, in steps."""

    points: list[TrafficPoint]
    targets: dict[str, list[TrafficPoint]]


class FigureColumns(TypedDict):
    """A column per metric; null where nothing was measured."""

    cpu_percent: list[float | None]
    cpu_cores: list[float | None]
    memory_percent: list[float | None]
    memory_bytes: list[float | None]
    network_rx_bytes_per_s: list[float | None]
    network_tx_bytes_per_s: list[float | None]
    block_read_bytes_per_s: list[float | None]
    block_write_bytes_per_s: list[float | None]


class MeasuredResource(FigureColumns):
    """What a resource used."""

    id: str
    kind: str
    name: str


class DashboardStats(_Steps):
    """What the host and the resources used, in equal steps."""

    times: list[int]
    host: FigureColumns
    resources: list[MeasuredResource]


class NamedFigures(Figures):
    """What a resource uses."""

    name: str


class LivePoint(TypedDict):
    """What the host and the resources, by id, use at the moment; an event of the stream."""

    at: datetime
    host: Figures | None
    resources: dict[str, NamedFigures]
