"""The figures of one account, of all that Prometheus is shown."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from miniaws.telemetry import REGISTRY


def figures_of(account: str | None) -> CollectorRegistry:
    """Return the figures of an account's own resources, or of everything for None."""
    if account is None:
        return REGISTRY
    found = CollectorRegistry()
    found.register(_OwnFigures(account))
    return found


class _OwnFigures(Collector):
    """Collects what has the label of an account."""

    def __init__(self, account: str) -> None:
        self._account = account

    def collect(self) -> Iterator[Metric]:
        for family in REGISTRY.collect():
            own = [each for each in family.samples if each.labels.get("account") == self._account]
            if own:
                shown = Metric(family.name, family.documentation, family.type, family.unit)
                shown.samples = own
                yield shown
