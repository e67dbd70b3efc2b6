"""Sends dashboards summaries when they change and metrics once a second, while they are open."""

import asyncio
from typing import Any

import orjson

from miniaws.http.live import Broadcaster
from projections.dashboard import Dashboard
from projections.metrics import Metrics, Newest

_EVERY_S = 1.0
_ANYWAY = 5
"""Every round of this number reads every account: work fails and lag grows without an event."""


class Live:
    """Sends to the clients of the hub."""

    def __init__(self, hub: Broadcaster, dashboard: Dashboard, metrics: Metrics) -> None:
        self._hub = hub
        self._dashboard = dashboard
        self._metrics = metrics
        self._sent: dict[str, dict[str, Any]] = {}
        self._rounds = 0

    async def run(self) -> None:
        """Publish what is new once a second, until that fails."""
        while True:
            await self.publish()
            await asyncio.sleep(_EVERY_S)

    async def publish(self) -> None:
        """Send what is new to open dashboards."""
        self._rounds += 1
        joined, touched = self._hub.joined(), self._hub.touched()
        watched = self._hub.watching("summary")
        self._sent = {account: sent for account, sent in self._sent.items() if account in watched}
        for account in watched:
            if account in joined | touched or self._rounds % _ANYWAY == 0:
                await self._publish_summary(account, anyway=account in joined)
        await self._publish_metrics()

    async def _publish_summary(self, account: str, *, anyway: bool) -> None:
        at = await self._dashboard.position()
        summary = await self._dashboard.summary(account, at, present=True)
        shown = {name: summary[name] for name in ("counts", "problems", "work")}
        if anyway or self._sent.get(account) != shown:
            self._sent[account] = shown
            self._hub.publish(account, "summary", "summary", orjson.dumps(summary))

    async def _publish_metrics(self) -> None:
        accounts = self._hub.watching("metrics")
        if not accounts:
            return
        newest = await self._metrics.newest(accounts)
        for account in accounts:
            told = [each for each in newest if each.account_id in {None, account}]
            if told:
                self._hub.publish(account, "metrics", "metrics", orjson.dumps(_figures(told)))


def _figures(newest: list[Newest]) -> dict[str, Any]:
    """Return the figures of the host, and of resources by id."""
    host = next((each.values for each in newest if each.account_id is None), None)
    return {
        "at": max(each.at for each in newest),
        "host": host,
        "resources": {
            each.id: {"name": each.name, **each.values} for each in newest if each.account_id is not None
        },
    }
