"""Whether the cloud is up, and its figures."""

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, Request
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import Response

from domain.errors import DomainError
from domain.store import ControllerState, Heartbeat
from miniaws import telemetry
from miniaws.application import Cloud
from miniaws.http.auth.authenticator import Identity
from miniaws.http.errors import Problem
from miniaws.http.filters import may_read_all
from miniaws.http.own_figures import figures_of
from miniaws.tasks import LoopState

router = APIRouter(tags=["health"])


@router.get("/health/live")
async def live() -> dict[str, str]:
    """Answer while the API runs."""
    return {"status": "live"}


@router.get("/health/ready")
async def ready(request: Request) -> dict[str, Any]:
    """Show whether the cloud can be used: the store answers, a controller leads, every loop of this process runs.

    Loops of the controller that restart are shown, but do not count: the others keep running.
    """
    state = request.app.state
    cloud: Cloud = state.cloud
    try:
        head = await cloud.ports.store.head()
        heartbeats = await cloud.ports.heartbeats.newest()
    except DomainError as error:
        raise Problem(503, "store_unreachable", str(error)) from error
    loops = telemetry.public(state.loops.states())
    shown = {
        "loops": [asdict(each) for each in loops],
        "controllers": [_controller(each) for each in heartbeats],
    }
    # A history that is only shown has no controller.
    reasons = _what_fails(loops) + ([] if state.is_read_only else _why_nobody_leads(heartbeats))
    if reasons:
        raise Problem(503, "not_ready", f"cannot serve: {'; '.join(reasons)}; run `cloud status`", **shown)
    visible = await cloud.ports.inventory.position()
    return {"status": "ready", "position": head, "visible": visible, **shown}


def _controller(heartbeat: Heartbeat) -> dict[str, Any]:
    return {
        "state": heartbeat.state,
        "pid": heartbeat.pid,
        "started_at": heartbeat.started_at,
        "heartbeat_age_s": round(heartbeat.age_s, 1),
        "loops": heartbeat.loops,
    }


def _what_fails(loops: list[LoopState]) -> list[str]:
    return [
        f"the loop {each.name} of the API fails ({each.last_error})"
        for each in loops
        if each.state != "running"
    ]


def _why_nobody_leads(heartbeats: list[Heartbeat]) -> list[str]:
    if any(each.state is ControllerState.LEADING for each in heartbeats):
        return []
    silent = next((each for each in heartbeats if each.is_leading), None)
    if silent is None:
        return ["no controller leads"]
    return [f"no controller leads: the last heartbeat of one is {silent.age_s:.0f} s old"]


@router.get("/metrics")
async def metrics(request: Request) -> Response:
    """Show figures for Prometheus: of the whole cloud to an admin of `main`, else of the account's own resources."""
    state = request.app.state
    heartbeats = await state.cloud.ports.heartbeats.newest()
    await telemetry.refresh(state.cloud)
    telemetry.show_processes(state.loops.states(), heartbeats)
    await state.watched.refresh()
    account = _account_of(request.scope.get("identity"))
    figures = generate_latest(figures_of(account)).decode()
    leader = next((each for each in heartbeats if each.is_leading), None)
    if account is None and leader is not None:
        figures += leader.metrics
    return Response(figures, media_type=CONTENT_TYPE_LATEST)


def _account_of(identity: Identity | None) -> str | None:
    """Return whose figures to show, None for all. Without an identity, the gate let in a program on this machine."""
    if identity is None or may_read_all(identity):
        return None
    return identity.account_id
