"""What a dashboard is told besides events: summaries when they change, figures once a second; only while watched."""

import asyncio
from typing import Any

import orjson
import structlog

from miniaws.hub import Hub
from projections.dashboard import Dashboard
from projections.metrics import Metrics, Newest

_log = structlog.get_logger("live")
_EVERY_S = 1.0
_ANYWAY = 5
"""Of so many rounds, one looks at every account: work fails and lag grows without an event."""


class Live:
    """Tells the clients of the hub."""

    def __init__(self, hub: Hub, dashboard: Dashboard, metrics: Metrics) -> None:
        self._hub = hub
        self._dashboard = dashboard
        self._metrics = metrics
        self._told: dict[str, dict[str, Any]] = {}
        self._rounds = 0

    async def run(self) -> None:
        """Tell for ever, once a second."""
        while True:
            try:
                await self.tell()
            except Exception as error:  # noqa: BLE001 - a round that failed must not end the ones to come
                _log.warning("cannot tell", why=type(error).__name__)
            await asyncio.sleep(_EVERY_S)

    async def tell(self) -> None:
        """Tell whoever watches what is new."""
        self._rounds += 1
        joined, touched = self._hub.joined(), self._hub.touched()
        watched = self._hub.watching("summary")
        self._told = {account: told for account, told in self._told.items() if account in watched}
        for account in watched:
            if account in joined | touched or self._rounds % _ANYWAY == 0:
                await self._tell_summary(account, anyway=account in joined)
        await self._tell_metrics()

    async def _tell_summary(self, account: str, *, anyway: bool) -> None:
        at = await self._dashboard.position()
        summary = await self._dashboard.summary(account, at, present=True)
        shown = {name: summary[name] for name in ("counts", "problems", "work")}
        if anyway or self._told.get(account) != shown:
            self._told[account] = shown
            self._hub.tell(account, "summary", "summary", orjson.dumps(summary))

    async def _tell_metrics(self) -> None:
        accounts = self._hub.watching("metrics")
        if not accounts:
            return
        newest = await self._metrics.newest(accounts)
        for account in accounts:
            told = [each for each in newest if each.account_id in {None, account}]
            if told:
                self._hub.tell(account, "metrics", "metrics", orjson.dumps(_figures(told)))


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
