"""Adds, removes and changes targets while HAProxy runs, without a reload.

A new server is added with weight 0 and gets its weight after its first successful check, because HAProxy treats it as
healthy before any check. A removed server immediately gets no new requests, and is deleted when it has none in
progress, or when the caller has waited long enough.
"""

import asyncio

from adapters.haproxy.configuration import (
    check_options,
    checked_backend,
    cookie_key,
    limits,
    open_backend,
)
from adapters.haproxy.runtime import Runtime, ServerRow
from adapters.haproxy.stats import passes
from domain.errors import Refused
from domain.load_balancer.proxy import Backend, ProxySpec, Server

_ATTEMPTS = 4
_PAUSE_S = 0.05
_CUT_S = 10
"""How long a removed server drains before its remaining requests are cut off."""


async def follow(runtime: Runtime, spec: ProxySpec) -> None:
    """Configure exactly these servers. Raises Refused, Unreachable."""
    there = {(row.backend, row.name): row for row in await runtime.servers()}
    wanted: set[tuple[str, str]] = set()
    for backend in spec.backends:
        for name in (checked_backend(backend.group.name), open_backend(backend.group.name)):
            added = False
            for server in backend.servers:
                wanted.add((name, server.name))
                added |= await _have(runtime, backend, name, server, there.get((name, server.name)))
            if added and backend.group.sticky and backend.mode == "http":
                await _renew_cookies(runtime, name, cookie_key(spec, backend))
    for key, row in there.items():
        if key not in wanted:
            # An idle connection may block the removal for some seconds; it drains, and the next call tries again.
            await _remove(runtime, row)


async def _have(runtime: Runtime, backend: Backend, name: str, server: Server, row: ServerRow | None) -> bool:
    """Update one server, and return whether it was added."""
    if row is not None and (row.address, row.port) != (server.address, server.port):
        if not await _remove(runtime, row):
            raise Refused(f"cannot move the target {server.name} yet: its old address has connections")
        row = None
    if row is not None:
        is_checked = name == checked_backend(backend.group.name)
        await (_rest(runtime, row) if server.rests else _serve(runtime, server, row, is_checked=is_checked))
    elif not server.rests:
        await _add(runtime, backend, name, server)
    return row is None and not server.rests


async def _rest(runtime: Runtime, row: ServerRow) -> None:
    if not row.rests:
        await _expect(runtime, f"set server {row.backend}/{row.name} state maint")


async def _serve(runtime: Runtime, server: Server, row: ServerRow, *, is_checked: bool) -> None:
    target = f"{row.backend}/{row.name}"
    if row.rests:
        if is_checked:
            # Its last state is outdated: it must pass its checks first.
            await _expect(runtime, f"set server {target} health down")
        await _expect(runtime, f"set server {target} state ready")
    if row.weight != server.weight and (row.weight or not is_checked or passes(row.stat)):
        await _expect(runtime, f"set server {target} weight {server.weight}")


async def _add(runtime: Runtime, backend: Backend, name: str, server: Server) -> None:
    target, where = f"{name}/{server.name}", f"{server.address}:{server.port}"
    if name == open_backend(backend.group.name):
        await _add_server(runtime, f"{target} {where} weight {server.weight}{limits(backend)}")
        await _expect(runtime, f"set server {target} state ready")
        return
    await _add_server(runtime, f"{target} {where} weight 0 {check_options(backend)}{limits(backend)}")
    await _expect(runtime, f"enable health {target}")
    await _expect(runtime, f"set server {target} state ready")


async def _add_server(runtime: Runtime, what: str) -> None:
    said = (await runtime.command(f"add server {what}")).strip()
    if "registered" not in said:
        raise Refused(f"cannot add a target to the proxy: {said}")


async def _renew_cookies(runtime: Runtime, name: str, key: str) -> None:
    """Set the cookies of servers that were added, which have none otherwise."""
    for command in (
        f"disable dynamic-cookie backend {name}",
        f"set dynamic-cookie-key backend {name} {key}",
        f"enable dynamic-cookie backend {name}",
    ):
        await _expect(runtime, command)


async def _remove(runtime: Runtime, row: ServerRow) -> bool:
    """Remove a server, and return whether it is gone.

    Requests in progress are not cut off at once: HAProxy retries those of a failed target elsewhere.
    """
    target = f"{row.backend}/{row.name}"
    if not row.rests:
        await _expect(runtime, f"set server {target} state maint")
    for _ in range(_ATTEMPTS):
        said = await runtime.command(f"del server {target}")
        if "deleted" in said or "No such server" in said:
            return True
        if row.rested_s < _CUT_S:
            return False
        await runtime.command(f"shutdown sessions server {target}")
        await asyncio.sleep(_PAUSE_S)
    return False


async def _expect(runtime: Runtime, command: str) -> None:
    """Send a command that has no response."""
    if said := (await runtime.command(command)).strip():
        raise Refused(f"cannot update a target: {said}")
