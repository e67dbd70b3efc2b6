"""Instances over HTTP."""

from collections.abc import AsyncIterator
from typing import Annotated

import orjson
from fastapi import Query
from starlette.responses import Response, StreamingResponse

from domain.errors import Conflict
from domain.instance import Instance
from domain.ports import LogLine
from miniaws.application import AlreadyDone
from miniaws.commands import instance as commands
from miniaws.http.generic import Routes
from miniaws.http.reading import (
    Caller,
    CloudDep,
)
from miniaws.http.writing import CommandContext, Operator, answer

routes = Routes(Instance, "an instance")
router = routes.router


@router.post("", status_code=202, dependencies=[Operator])
async def launch_instance(body: commands.LaunchInstance, change: CommandContext) -> Response:
    """Launch an instance."""
    return await answer(change, commands.launch(change.cloud, change.request, body))


@router.patch("/{id_or_name}", status_code=202, dependencies=[Operator])
async def change_instance(id_or_name: str, body: commands.ChangeInstance, change: CommandContext) -> Response:
    """Change type or tags."""
    command = commands.change(change.cloud, change.request, id_or_name, body)
    return await answer(change, command)


@router.post("/{id_or_name}/exec", dependencies=[Operator])
async def execute_in_instance(id_or_name: str, body: commands.Execute, change: CommandContext) -> Response:
    """Run a program inside and answer with what it printed, at most 1 MiB a stream."""
    try:
        result = await commands.execute(change.cloud, change.request, id_or_name, body.command)
    except AlreadyDone:
        raise Conflict(
            "cannot repeat the answer: it was run before, and what it printed is not kept"
        ) from None
    output = {
        "exit_code": result.exit_code,
        "stdout": result.stdout.decode(errors="replace"),
        "stderr": result.stderr.decode(errors="replace"),
    }
    return Response(orjson.dumps(output), media_type="application/json")


@router.get("/{id_or_name}/logs")
async def show_instance_logs(
    id_or_name: str,
    cloud: CloudDep,
    caller: Caller,
    follow: Annotated[bool, Query(description="continue until the container stops")] = False,  # noqa: FBT002
    tail: Annotated[int | None, Query(ge=0, le=100_000, description="only the last lines")] = None,
    timestamps: Annotated[bool, Query(description="begin each line with its time")] = False,  # noqa: FBT002
) -> Response:
    """Stream what the container printed, as plain text."""
    instance = await cloud.load(Instance, caller.account_id, id_or_name)
    if await cloud.ports.containers.inspect(instance.public_id) is None:
        raise Conflict(f"cannot show logs of {instance.name}: it is {instance.status} and has no container")
    lines = cloud.ports.containers.logs(instance.public_id, follow=follow, tail=tail)
    return StreamingResponse(_text(lines, timestamps), media_type="text/plain; charset=utf-8")


async def _text(lines: AsyncIterator[LogLine], timestamps: bool) -> AsyncIterator[str]:  # noqa: FBT001
    async for line in lines:
        yield f"{line.at.isoformat()} {line.text}\n" if timestamps else f"{line.text}\n"


routes.reads()
routes.trash(
    commands.terminate,
    "Terminate an instance: it stops, and its name, host ports and volumes are free.",
    name="terminate_instance",
)
routes.action("start", commands.start, "Start a stopped instance.")
routes.action("stop", commands.stop, "Stop an instance; its files stay.")
routes.action("reboot", commands.reboot, "Stop an instance and start it again.")
routes.metrics("Show what an instance used")
