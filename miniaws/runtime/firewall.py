"""Keeps the firewall as the security groups say, and repairs it when somebody else has changed it.

A change of a group is enforced as soon as the read models show it. Members are admitted by their process managers,
before their containers start; here the whole is compared, so what a crash left out is caught up on.
"""

import asyncio
import contextlib
from collections.abc import Iterable, Sequence
from dataclasses import replace

import structlog

from domain.errors import Refused
from domain.firewall import FirewallTable
from domain.ports import EngineEvent
from domain.store import Recorded
from miniaws import telemetry
from miniaws.application import Cloud
from projections.enforced import FirewallView

_log = structlog.get_logger("firewall")
CHECK_S = 3.0
"""Seconds between two looks whether somebody has changed it; a repair takes well below a second."""
_PARTS_S = 30.0
_KINDS = {"security_group", "subnet", "vpc", "load_balancer"}
_EVENTS = {"addresses_assigned", "interface_assigned", "security_groups_changed"}
_PART_KINDS = {"database", "archive"}
"""Kinds whose resources have containers besides the one that is a member: copies, backups, restores."""


class FirewallLoop:
    """Applies what the read models say. One at a time: it runs where the controller leads."""

    def __init__(self, cloud: Cloud) -> None:
        self._ports = cloud.ports
        self._view = FirewallView(cloud.ports.inventory, cloud.settings.publish_address)
        self._woken = asyncio.Event()
        self._position = -1
        self._parts: dict[str, str] = {}
        self._parts_looked_at: float | None = None
        self._idle = ""

    def notice(self, events: Sequence[Recorded]) -> None:
        """Wake up for events that the read models show now, if they change what is enforced."""
        for event in events:
            kind, _, name = event.type.partition(".")
            if kind in _KINDS or name in _EVENTS:
                self._woken.set()

    def notice_container(self, event: EngineEvent) -> None:
        """Wake up for a container of ours that is no resource: it has an address as soon as it runs."""
        if event.kind in _PART_KINDS and "." in event.resource_id and event.action in {"start", "destroy"}:
            self._parts_looked_at = None
            self._woken.set()

    async def run(self) -> None:
        """Apply, and look again and again, until that fails. Raises PortError."""
        self._position, self._parts_looked_at = -1, None
        while True:
            self._woken.clear()
            await self.step()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CHECK_S):
                    await self._woken.wait()

    async def step(self) -> None:
        """Apply what is to be enforced if that, or what is enforced, may have changed."""
        is_first = self._position < 0
        is_intact = is_first or await self._ports.firewall.is_intact()
        position = await self._ports.inventory.position()
        parts = await self._part_addresses()
        if is_intact and position == self._position and parts is None:
            return
        table = _with_trusted(await self._view.table(), (parts or self._parts).values())
        self._parts = parts if parts is not None else self._parts
        try:
            differed = await self._ports.firewall.apply(table)
        except Refused as error:
            telemetry.FIREWALL_UP.set(0)
            if not table.allows_everything:
                raise
            self._tell_idle(str(error))
            return
        self._position = position
        telemetry.FIREWALL_UP.set(1)
        if not is_intact:
            telemetry.FIREWALL_REPAIRS.inc()
            _log.warning("repaired", why="somebody else changed or removed the rules", differed=differed)
        elif differed:
            _log.info("applied", position=position, groups=len(table.groups), members=len(table.members))

    def _tell_idle(self, why: str) -> None:
        """Log, once per reason, that nothing is enforced: there is nothing to enforce, either."""
        if why != self._idle:
            self._idle = why
            _log.warning("idle", why=why)

    async def _part_addresses(self) -> dict[str, str] | None:
        """Return the addresses of containers that are no resources; None when they were looked at just now."""
        now = asyncio.get_running_loop().time()
        if self._parts_looked_at is not None and now - self._parts_looked_at < _PARTS_S:
            return None
        self._parts_looked_at = now
        found: dict[str, str] = {}
        for each in await self._ports.containers.found():
            if each.kind in _PART_KINDS and "." in each.resource_id:
                seen = await self._ports.containers.inspect(each.resource_id)
                if seen is not None and seen.address is not None:
                    found[each.resource_id] = seen.address
        return found


def _with_trusted(table: FirewallTable, more: Iterable[str]) -> FirewallTable:
    """Return the table with more trusted addresses, unless they are those of members."""
    members = {each.address for each in table.members}
    return replace(table, trusted=tuple(sorted((set(table.trusted) | set(more)) - members)))
