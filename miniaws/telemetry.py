"""What the cloud says about itself: Prometheus metrics and structured logs without secrets."""

import logging
import re
import sys
from collections.abc import Iterable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from domain.values import public_id
from miniaws.application import Cloud
from miniaws.settings import Settings
from projections import traffic
from projections.metrics import METRICS, Newest

REGISTRY = CollectorRegistry()
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

REQUEST_SECONDS = Histogram(
    "miniaws_http_request_seconds",
    "Time to answer",
    ["method", "route", "status"],
    registry=REGISTRY,
    buckets=_SECONDS,
)
COMMAND_SECONDS = Histogram(
    "miniaws_command_seconds",
    "Time from a command to its visible answer",
    registry=REGISTRY,
    buckets=_SECONDS,
)
APPEND_SECONDS = Histogram(
    "miniaws_append_seconds", "Time to write a save to disk", registry=REGISTRY, buckets=_SECONDS
)
PROJECTION_LAG_EVENTS = Gauge("miniaws_projection_lag_events", "Events not yet in reads", registry=REGISTRY)
PROJECTION_LAG_SECONDS = Gauge(
    "miniaws_projection_lag_seconds", "Age of the oldest event not yet in reads", registry=REGISTRY
)
RECONCILE_FAILURES = Gauge(
    "miniaws_reconcile_failures", "Resources whose last pass failed", registry=REGISTRY
)
WORK_WAITING = Gauge("miniaws_work_waiting", "Resources waiting for a pass", registry=REGISTRY)
ORPHANS = Gauge("miniaws_orphans", "Things with our labels that no resource wants", registry=REGISTRY)
PASSES = Counter(
    "miniaws_reconcile_passes", "Passes of process managers", ["kind", "outcome"], registry=REGISTRY
)

_OF_INSTANCES = {
    name: Gauge(
        f"miniaws_instance_{name}",
        f"Used by an instance: {unit}",
        ["instance", "name", "account"],
        registry=REGISTRY,
    )
    for name, unit in METRICS.items()
}
_OF_BALANCERS = {
    name: Gauge(
        f"miniaws_load_balancer_{name}",
        f"Of a load balancer (without a target) or one of its targets: {unit}",
        ["load_balancer", "name", "account", "target"],
        registry=REGISTRY,
    )
    for name, unit in traffic.TRAFFIC.items()
}
_TOLD: Mapping[str, Mapping[str, str]] = {
    "database": {
        "connections": "Connections of clients",
        "max_connections": "Connections that it takes",
        "size_bytes": "Bytes of its databases",
        "committed": "Transactions committed since its start",
        "rolled_back": "Transactions rolled back since its start",
        "cache_hit_percent": "Blocks found in its memory, percent",
        "log_lag_bytes": "Bytes of its log that are not in the archive yet",
        "replica_lag_bytes": "Bytes of its source's log that cannot be read in a replica yet",
        "replica_lag_seconds": "Age of the newest change in a replica while others are on their way, else 0",
    },
    "cache": {
        "clients": "Connections of clients",
        "keys": "Keys in it",
        "memory_used_bytes": "Bytes that its keys and clients take",
        "memory_limit_bytes": "Bytes of memory that it may fill",
        "commands": "Commands since its start",
        "hits": "Keys that were looked up and found since its start",
        "misses": "Keys that were looked up in vain since its start",
        "evicted": "Keys that went as it was full, since its start",
    },
    "queue": {
        "depth": "Messages in all queues inside",
        "consumers": "Consumers of all queues inside",
        "publish_per_s": "Messages published a second, of late",
        "deliver_per_s": "Messages delivered a second, of late; only RabbitMQ tells",
    },
    "archive": {
        "backup_age_seconds": "Age of the newest base backup of a database",
        "restorable_age_seconds": "Age of the newest moment that can be restored",
    },
    "volume": {
        "missed_snapshots": "Moments of its schedule without a snapshot, since the last one that was begun",
    },
}
"""What resources tell of themselves, by kind."""
_OF_KIND = {
    kind: {
        name: Gauge(f"miniaws_{kind}_{name}", words, [kind, "name", "account"], registry=REGISTRY)
        for name, words in figures.items()
    }
    for kind, figures in _TOLD.items()
}
_OF_HOST = {
    name: Gauge(f"miniaws_host_{name}", f"Used by the host: {METRICS[name]}", registry=REGISTRY)
    for name in ("cpu_cores", "cpu_percent", "memory_bytes", "memory_percent")
}

_SECRET_NAME = re.compile(r"(password|secret|token|authorization|api_key|credential)", re.IGNORECASE)
_KEY = re.compile(r"miniaws_[\w-]{20,}")
_URL_PASSWORD = re.compile(r"(\w+://[^:/@\s]*):[^@\s]+@")


@dataclass(frozen=True, slots=True)
class Figures:
    """What a resource tells of itself; what is absent or None is not known."""

    id: str
    name: str
    account_id: str
    values: Mapping[str, float | None]


async def refresh(cloud: Cloud) -> None:
    """Set the figures that are read rather than counted."""
    state = await cloud.ports.inventory.state()
    PROJECTION_LAG_EVENTS.set(state.lag_events)
    PROJECTION_LAG_SECONDS.set(state.lag_s)
    WORK_WAITING.set(state.work_waiting)
    RECONCILE_FAILURES.set(state.work_failing)
    ORPHANS.set(state.orphans)
    _show_usage(await cloud.ports.metrics.newest(None))
    _show_traffic(await cloud.ports.traffic.newest())


def _show_usage(newest: list[Newest]) -> None:
    """Set what instances and the host used last; an instance that was not measured just now has no figure."""
    for gauge in _OF_INSTANCES.values():
        gauge.clear()
    for host_gauge in _OF_HOST.values():
        host_gauge.set(float("nan"))
    for each in newest:
        if each.account_id is None:
            for name, host_gauge in _OF_HOST.items():
                host_gauge.set(_figure(each.values[name]))
            continue
        for name, gauge in _OF_INSTANCES.items():
            if each.values[name] is not None:
                gauge.labels(each.id, each.name, each.account_id).set(_figure(each.values[name]))


def _show_traffic(newest: list[traffic.Newest]) -> None:
    """Set what load balancers and their targets did last; one that was not seen just now has no figure."""
    for gauge in _OF_BALANCERS.values():
        gauge.clear()
    for each in newest:
        id_ = public_id("lb", each.resource_id)
        for name, gauge in _OF_BALANCERS.items():
            if each.values[name] is not None:
                gauge.labels(id_, each.name, each.account_id, each.target).set(_figure(each.values[name]))


def show(kind: str, found: Iterable[Figures]) -> None:
    """Set what the resources of a kind tell of themselves; what tells nothing has no figure."""
    gauges = _OF_KIND[kind]
    for gauge in gauges.values():
        gauge.clear()
    for each in found:
        for name, gauge in gauges.items():
            value = each.values.get(name)
            if value is not None:
                gauge.labels(each.id, each.name, each.account_id).set(value)


def _figure(value: float | None) -> float:
    return float("nan") if value is None else value


def redact(text: str) -> str:
    """Return the text with access keys and passwords in URLs blotted out."""
    return _URL_PASSWORD.sub(r"\1:…@", _KEY.sub("miniaws_…", text))


def configure_logs(settings: Settings) -> None:
    """Log lines of this process go to stderr, as JSON unless asked otherwise, redacted."""
    renderer = (
        structlog.processors.JSONRenderer()
        if settings.log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=False)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _redact_event,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, settings.log_level.upper())),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )


def _redact_event(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key, value in event.items():
        if _SECRET_NAME.search(key):
            event[key] = "…"
        elif isinstance(value, str):
            event[key] = redact(value)
    return event
