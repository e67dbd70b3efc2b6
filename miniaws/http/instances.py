"""Instances over HTTP."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import Response, StreamingResponse

from domain.errors import Conflict, Invalid
from domain.instance import Instance, PortSpec
from domain.instance.spec import USER_DATA_PATH, RestartPolicy
from domain.instance_type import INSTANCE_TYPES
from domain.ports import LogLine
from miniaws.application import AlreadyDone
from miniaws.commands import instance as commands
from miniaws.http.metrics import Stretch, used
from miniaws.http.reading import (
    At,
    Caller,
    CloudDep,
    IfNoneMatch,
    Narrowed,
    one,
    page,
)
from miniaws.http.writing import Body, Change, KnownQuery, Operator, answer

router = APIRouter(tags=["instances"], dependencies=[KnownQuery])
_PATH = "/api/instances"


class Port(Body):
    """A port of the program; ``publish`` makes the host listen too."""

    port: int = Field(ge=1, le=65535, examples=[80])
    publish: int | None = Field(default=None, ge=1, le=65535, examples=[8081])


class Mount(Body):
    """A volume and where the program finds it."""

    volume: str = Field(description="id or name", examples=["data"])
    path: str = Field(examples=["/data"])


class LaunchInstance(Body):
    """An instance as it is asked for."""

    name: str = Field(examples=["web-1"])
    image: str = Field(examples=["miniaws/hello:local"])
    type: str = Field(default="micro", description="one of GET /api/instance-types")
    command: list[str] = Field(default=[], description="left out: the image's own", examples=[["/hello"]])
    env: dict[str, str] = Field(default={}, description="kept sealed; only the names are ever shown")
    user_data: str = Field(
        default="",
        description=f"text of at most 16 KiB that is put into {USER_DATA_PATH} for root; kept sealed, never shown",
    )
    ports: list[Port] = Field(default=[], max_length=100)
    vpc: str = Field(default="default", description="id or name")
    volumes: list[Mount] = Field(default=[], max_length=20)
    tags: dict[str, str] = Field(default={}, examples=[{"env": "test"}])
    restart: RestartPolicy = Field(default="always", description="when its program ends by itself")


class ChangeInstance(Body):
    """What of an instance can change."""

    type: str | None = Field(default=None, examples=["small"])
    tags: dict[str, str] | None = None


class Execute(Body):
    """A program and its arguments, run inside."""

    command: list[str] = Field(min_length=1, max_length=100, examples=[["ls", "/"]])


@router.get("/api/instance-types")
async def list_instance_types() -> dict[str, Any]:
    """List the types: name, cores and MiB."""
    listed = [{"name": t.name, "cpus": t.cpus, "memory_mb": t.memory_mb} for t in INSTANCE_TYPES.values()]
    return {"items": listed}


@router.post(_PATH, status_code=202, dependencies=[Operator])
async def launch_instance(body: LaunchInstance, change: Change) -> Response:
    """Launch an instance."""
    wish = commands.Launch(
        name=body.name,
        image=body.image,
        type=body.type,
        vpc=body.vpc,
        restart=body.restart,
        command=body.command,
        environment=body.env,
        user_data=body.user_data,
        ports=[PortSpec(port.port, port.publish) for port in body.ports],
        volumes=[commands.VolumeWish(mount.volume, mount.path) for mount in body.volumes],
        tags=body.tags,
    )
    return await answer(change, commands.launch(change.cloud, change.request, wish), "instances")


@router.get(_PATH)
async def list_instances(cloud: CloudDep, caller: Caller, at: At, narrowed: Narrowed) -> Response:
    """List instances, now or as of any moment."""
    return await page(cloud, Instance.KIND, caller.account_id, at, narrowed)


@router.get(_PATH + "/{id_or_name}")
async def show_instance(
    id_or_name: str, cloud: CloudDep, caller: Caller, at: At, if_none_match: IfNoneMatch = None
) -> Response:
    """Show an instance, now or as of any moment."""
    return await one(cloud, Instance, caller.account_id, id_or_name, at, if_none_match)


@router.patch(_PATH + "/{id_or_name}", status_code=202, dependencies=[Operator])
async def change_instance(id_or_name: str, body: ChangeInstance, change: Change) -> Response:
    """Change type or tags."""
    if body.type is None and body.tags is None:
        raise Invalid("cannot change nothing: give `type`, `tags` or both", field="type")
    command = commands.change(change.cloud, change.request, id_or_name, body.type, body.tags)
    return await answer(change, command, "instances")


@router.delete(_PATH + "/{id_or_name}", status_code=202, dependencies=[Operator])
async def terminate_instance(id_or_name: str, change: Change) -> Response:
    """Terminate an instance: its container and its files outside volumes go."""
    return await answer(change, commands.terminate(change.cloud, change.request, id_or_name), "instances")


@router.post(_PATH + "/{id_or_name}/start", status_code=202, dependencies=[Operator])
async def start_instance(id_or_name: str, change: Change) -> Response:
    """Start a stopped instance."""
    return await answer(change, commands.start(change.cloud, change.request, id_or_name), "instances")


@router.post(_PATH + "/{id_or_name}/stop", status_code=202, dependencies=[Operator])
async def stop_instance(id_or_name: str, change: Change) -> Response:
    """Stop an instance; its files stay."""
    return await answer(change, commands.stop(change.cloud, change.request, id_or_name), "instances")


@router.post(_PATH + "/{id_or_name}/reboot", status_code=202, dependencies=[Operator])
async def reboot_instance(id_or_name: str, change: Change) -> Response:
    """Stop an instance and start it again."""
    return await answer(change, commands.reboot(change.cloud, change.request, id_or_name), "instances")


@router.post(_PATH + "/{id_or_name}/exec", dependencies=[Operator])
async def execute_in_instance(id_or_name: str, body: Execute, change: Change) -> Response:
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


@router.get(_PATH + "/{id_or_name}/logs")
async def show_instance_logs(
    id_or_name: str,
    cloud: CloudDep,
    caller: Caller,
    follow: Annotated[bool, Query(description="go on until the container stops")] = False,  # noqa: FBT002
    tail: Annotated[int | None, Query(ge=0, le=100_000, description="only the last lines")] = None,
    timestamps: Annotated[bool, Query(description="begin each line with its time")] = False,  # noqa: FBT002
) -> Response:
    """Stream what the container printed, as plain text."""
    instance = await cloud.load(Instance, caller.account_id, id_or_name)
    if await cloud.ports.containers.inspect(instance.public_id) is None:
        raise Conflict(f"cannot show logs of {instance.name}: it is {instance.status} and has no container")
    lines = cloud.ports.containers.logs(instance.public_id, follow=follow, tail=tail)
    return StreamingResponse(_text(lines, timestamps), media_type="text/plain; charset=utf-8")


@router.get(_PATH + "/{id_or_name}/metrics")
async def show_instance_metrics(
    id_or_name: str, cloud: CloudDep, caller: Caller, at: At, stretch: Stretch
) -> Response:
    """Show what an instance used: averages and maxima per step, null where nothing was measured."""
    return await used(cloud, Instance, caller.account_id, id_or_name, at, stretch)


async def _text(lines: AsyncIterator[LogLine], timestamps: bool) -> AsyncIterator[str]:  # noqa: FBT001
    async for line in lines:
        yield f"{line.at.isoformat()} {line.text}\n" if timestamps else f"{line.text}\n"
