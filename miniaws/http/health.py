"""Whether the cloud is up, and its figures."""

from fastapi import APIRouter, Request
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import Response

from domain.errors import DomainError
from miniaws import telemetry
from miniaws.application import Cloud
from miniaws.http.errors import Problem

router = APIRouter(tags=["health"])


@router.get("/health/live")
async def live() -> dict[str, str]:
    """Tell that the API answers."""
    return {"status": "live"}


@router.get("/health/ready")
async def ready(request: Request) -> dict[str, str | int]:
    """Tell that the API can take commands: the store answers and reads follow it."""
    cloud: Cloud = request.app.state.cloud
    try:
        head = await cloud.ports.store.head()
    except DomainError as error:
        raise Problem(503, "store_unreachable", str(error)) from error
    shown = await cloud.ports.inventory.position()
    return {"status": "ready", "position": head, "visible": shown}


@router.get("/metrics")
async def metrics(request: Request) -> Response:
    """Show figures for Prometheus."""
    await telemetry.refresh(request.app.state.cloud)
    await request.app.state.watched.refresh()
    return Response(generate_latest(telemetry.REGISTRY), media_type=CONTENT_TYPE_LATEST)
