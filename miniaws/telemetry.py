"""Observability: Prometheus metrics, and structured logs without secrets."""

import logging
import re
import sys
from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from domain.store import ControllerState, Heartbeat
from domain.values import public_id
from miniaws.application import Cloud
from miniaws.settings import Settings
from miniaws.tasks import LoopState
from projections import traffic
from projections.metrics import METRICS, Newest

REGISTRY = CollectorRegistry()
CONTROLLER = CollectorRegistry()
"""The counters of a controller. Its heartbeat sends them to the API, which serves them with its own metrics."""
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
    "Time from an accepted command to its visible answer",
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
    "miniaws_reconcile_passes", "Passes of process managers", ["kind", "outcome"], registry=CONTROLLER
)
FIREWALL_UP = Gauge(
    "miniaws_firewall_up", "Whether the rules of security groups are enforced (1)", registry=CONTROLLER
)
FIREWALL_REPAIRS = Counter(
    "miniaws_firewall_repairs",
    "How often the rules of the firewall had been changed or removed by somebody else",
    registry=CONTROLLER,
)
CONTROLLERS = Gauge(
    "miniaws_controllers",
    "Controllers by state: leading, standby, not-responding",
    ["state"],
    registry=REGISTRY,
)
HEARTBEAT_AGE_SECONDS = Gauge(
    "miniaws_controller_heartbeat_age_seconds",
    "Age of the newest heartbeat of a leading controller",
    registry=REGISTRY,
)
LOOP_UP = Gauge(
    "miniaws_loop_up",
    "Whether a background loop runs (1) or waits to be restarted (0)",
    ["process", "loop"],
    registry=REGISTRY,
)
LOOP_RESTARTS = Gauge(
    "miniaws_loop_restarts",
    "Restarts of a background loop since its process took it up",
    ["process", "loop"],
    registry=REGISTRY,
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
_OF_KIND: dict[str, dict[str, Gauge]] = {}
"""What resources report, by kind and name."""
_OF_HOST = {
    name: Gauge(f"miniaws_host_{name}", f"Used by the host: {METRICS[name]}", registry=REGISTRY)
    for name in ("cpu_cores", "cpu_percent", "memory_bytes", "memory_percent")
}

_SECRET_NAME = re.compile(r"(password|secret|token|authorization|api_key|credential)", re.IGNORECASE)
_KEY = re.compile(r"miniaws_[\w-]{20,}")
_URL_PASSWORD = re.compile(r"(\w+://[^:/@\s]*):[^@\s]+@")


@dataclass(frozen=True, slots=True)
class Figures:
    """The values of a resource; a missing value or None is unknown."""

    id: str
    name: str
    account_id: str
    values: Mapping[str, float | None]


async def refresh(cloud: Cloud) -> None:
    """Set the metrics that are read rather than counted."""
    state = await cloud.ports.inventory.state()
    PROJECTION_LAG_EVENTS.set(state.lag_events)
    PROJECTION_LAG_SECONDS.set(state.lag_s)
    WORK_WAITING.set(state.work_waiting)
    RECONCILE_FAILURES.set(state.work_failing)
    ORPHANS.set(state.orphans)
    _show_usage(await cloud.ports.metrics.newest(None))
    _show_traffic(await cloud.ports.traffic.newest())


def controller_figures() -> str:
    """Return the counters of this controller, in the text format of Prometheus."""
    return generate_latest(CONTROLLER).decode()


def public(states: Iterable[LoopState]) -> list[LoopState]:
    """Return the states of loops without secrets in their errors."""
    return [replace(each, last_error=each.last_error and redact(each.last_error)) for each in states]


def show_processes(own: Iterable[LoopState], heartbeats: Sequence[Heartbeat]) -> None:
    """Set the health of this API process and of the controllers."""
    for state in ControllerState:
        CONTROLLERS.labels(state).set(sum(each.state == state for each in heartbeats))
    leader = next((each for each in heartbeats if each.is_leading), None)
    HEARTBEAT_AGE_SECONDS.set(float("nan") if leader is None else leader.age_s)
    LOOP_UP.clear()
    LOOP_RESTARTS.clear()
    loops = [("api", asdict(each)) for each in own]
    loops += [("controller", each) for each in (leader.loops if leader is not None else [])]
    for process, loop in loops:
        LOOP_UP.labels(process, loop["name"]).set(loop["state"] == "running")
        LOOP_RESTARTS.labels(process, loop["name"]).set(loop["restarts"])


def _show_usage(newest: list[Newest]) -> None:
    """Set the current usage of instances and the host; an instance that was not measured has no sample."""
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
    """Set the current traffic of load balancers and targets; one that was not measured has no sample."""
    for gauge in _OF_BALANCERS.values():
        gauge.clear()
    for each in newest:
        id_ = public_id("lb", each.resource_id)
        for name, gauge in _OF_BALANCERS.items():
            if each.values[name] is not None:
                gauge.labels(id_, each.name, each.account_id, each.target).set(_figure(each.values[name]))


def declare(kind: str, figures: Mapping[str, str]) -> None:
    """Add what resources of a kind report, by name, with its meaning."""
    _OF_KIND[kind] = {
        name: Gauge(f"miniaws_{kind}_{name}", words, [kind, "name", "account"], registry=REGISTRY)
        for name, words in figures.items()
    }


def show(kind: str, found: Iterable[Figures]) -> None:
    """Set the metrics of the resources of a kind; an unknown value has no sample."""
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
    """Return the text with API keys, and passwords in URLs, redacted."""
    return _URL_PASSWORD.sub(r"\1:…@", _KEY.sub("miniaws_…", text))


def configure_logs(settings: Settings) -> None:
    """Configure logging of this process: to stderr, as JSON unless configured otherwise, redacted."""
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
