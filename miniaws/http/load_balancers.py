"""Routes of load balancers."""

from typing import Annotated, Any

import orjson
from fastapi import Query
from starlette.responses import Response

from domain.load_balancer import LoadBalancer
from miniaws.application import Cloud
from miniaws.commands import load_balancer as commands
from miniaws.http.auth.authenticator import Identity
from miniaws.http.generic import Routes
from miniaws.http.metrics import TimeRange, steps
from miniaws.http.reading import (
    POSITION_HEADER,
    AsOf,
    AsOfPosition,
    Caller,
    CloudDep,
    one,
    resolve,
)
from miniaws.http.writing import CommandContext, Operator, answer
from projections.traffic import TRAFFIC, WHOLE, table

routes = Routes(LoadBalancer)
router = routes.router
routes.reads()
routes.delete(commands.delete, "Delete a load balancer; its listeners close at once.")
_POINTS = 300
"""Points of a metric that are shown when no step was requested."""


@router.post("", status_code=202, dependencies=[Operator])
async def create_load_balancer(body: commands.CreateLoadBalancer, change: CommandContext) -> Response:
    """Create a load balancer."""
    return await answer(change, commands.create(change.cloud, change.request, body))


@router.patch("/{id_or_name}", status_code=202, dependencies=[Operator])
async def change_load_balancer(
    id_or_name: str, body: commands.ChangeLoadBalancer, change: CommandContext
) -> Response:
    """Change listeners, target groups, time limits or tags; requests in progress continue."""
    return await answer(change, commands.change(change.cloud, change.request, id_or_name, body))


@router.post("/{id_or_name}/targets", status_code=202, dependencies=[Operator])
async def register_target(id_or_name: str, body: commands.RegisterTarget, change: CommandContext) -> Response:
    """Register a target, or change its weight."""
    return await answer(change, commands.register_target(change.cloud, change.request, id_or_name, body))


@router.delete("/{id_or_name}/targets/{target}", status_code=202, dependencies=[Operator])
async def deregister_target(
    id_or_name: str,
    target: str,
    change: CommandContext,
    target_group: Annotated[str | None, Query(description="when the target is in several")] = None,
) -> Response:
    """Take a target or a selector out; targets drain first."""
    command = commands.deregister_target(change.cloud, change.request, id_or_name, target, target_group)
    return await answer(change, command)


@router.get("/{id_or_name}/targets")
async def list_targets(id_or_name: str, cloud: CloudDep, caller: Caller, at: AsOf) -> Response:
    """List the targets of a load balancer and how they are, now or as of any moment."""
    return await _observed(id_or_name, cloud, caller, at, "targets")


@router.get("/{id_or_name}/health")
async def show_health(id_or_name: str, cloud: CloudDep, caller: Caller, at: AsOf) -> Response:
    """Show how many targets are in each state, and the state of each with its reason and since when."""
    return await _observed(id_or_name, cloud, caller, at, "health", "targets")


@router.get("/{id_or_name}/metrics")
async def show_metrics(
    id_or_name: str, cloud: CloudDep, caller: Caller, at: AsOf, time_range: TimeRange
) -> Response:
    """Show what a load balancer and each target did: averages per step, null where nothing was measured."""
    await one(cloud, LoadBalancer, caller.account_id, id_or_name, at)
    resource_id = await resolve(cloud, LoadBalancer, caller.account_id, id_or_name, at.at)
    span = steps(cloud, time_range, _POINTS)
    found = await cloud.ports.traffic.points(resource_id, span)
    body = {
        "from": span.start,
        "to": span.end,
        "step": span.step_s,
        "units": TRAFFIC,
        "points": table(found.get(WHOLE, {}), span),
        "targets": {name: table(points, span) for name, points in found.items() if name != WHOLE},
        "position": at.at,
    }
    return Response(orjson.dumps(body), headers={POSITION_HEADER: str(at.at)}, media_type="application/json")


@router.put("/{id_or_name}/certificates/{name}", status_code=202, dependencies=[Operator])
async def upload_certificate(
    id_or_name: str, name: str, body: commands.UploadCertificate, change: CommandContext
) -> Response:
    """Upload a certificate for https, or replace it."""
    command = commands.upload_certificate(change.cloud, change.request, id_or_name, name, body)
    return await answer(change, command)


@router.delete("/{id_or_name}/certificates/{name}", status_code=202, dependencies=[Operator])
async def remove_certificate(id_or_name: str, name: str, change: CommandContext) -> Response:
    """Remove a certificate that no listener uses."""
    return await answer(change, commands.remove_certificate(change.cloud, change.request, id_or_name, name))


async def _observed(
    id_or_name: str, cloud: Cloud, caller: Identity, at: AsOfPosition, *names: str
) -> Response:
    shown = await one(cloud, LoadBalancer, caller.account_id, id_or_name, at)
    document: dict[str, Any] = orjson.loads(bytes(shown.body))
    found = {name: document["observed"][name] for name in names}
    body = {"load_balancer": document["id"], **found, "position": at.at}
    return Response(orjson.dumps(body), headers={POSITION_HEADER: str(at.at)}, media_type="application/json")
