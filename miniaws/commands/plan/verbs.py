"""The commands of the steps of plans: by kind, and by verb."""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, TypeVar

from pydantic import TypeAdapter

from domain.cache import Cache
from domain.database import Database
from domain.plan import Step
from domain.queue import Queue
from miniaws.application import Cloud, Request, Saved
from miniaws.commands import (
    archive,
    cache,
    database,
    instance,
    load_balancer,
    queue,
    scaling_group,
    security_group,
    server,
    snapshot,
    subnet,
    trash,
    volume,
    vpc,
)
from miniaws.commands.body import Body

B = TypeVar("B", bound=Body)
Given = Mapping[str, Any]
Run = Callable[[Cloud, Request, str, Given], Awaitable[Saved]]
"""Runs a command for a resource, by id or name, with the body of a step."""


def creates(body: type[B], command: Callable[[Cloud, Request, B], Awaitable[Saved]]) -> Run:
    """Return how a resource is created."""

    async def run(cloud: Cloud, request: Request, name: str, given: Given) -> Saved:
        del name
        return await command(cloud, request, body.model_validate(given))

    return run


def changes(body: type[B], command: Callable[[Cloud, Request, str, B], Awaitable[Saved]]) -> Run:
    """Return how a resource is changed by a command with a body."""

    async def run(cloud: Cloud, request: Request, name: str, given: Given) -> Saved:
        return await command(cloud, request, name, body.model_validate(given))

    return run


def acts(command: Callable[[Cloud, Request, str], Awaitable[Saved]]) -> Run:
    """Return how a resource is changed by a command without a body."""

    async def run(cloud: Cloud, request: Request, name: str, given: Given) -> Saved:
        del given
        return await command(cloud, request, name)

    return run


def names(body: type[B], command: Callable[[Cloud, Request, str, str, B], Awaitable[Saved]]) -> Run:
    """Return how a named part of a resource is set; its ``name`` is in the body of the step."""

    async def run(cloud: Cloud, request: Request, name: str, given: Given) -> Saved:
        return await command(cloud, request, name, given["name"], body.model_validate(_without_name(given)))

    return run


def unnames(command: Callable[[Cloud, Request, str, str], Awaitable[Saved]]) -> Run:
    """Return how a named part of a resource is removed."""

    async def run(cloud: Cloud, request: Request, name: str, given: Given) -> Saved:
        return await command(cloud, request, name, given["name"])

    return run


async def _restore_from_trash(cloud: Cloud, request: Request, name: str, given: Given) -> Saved:
    return await trash.restore(cloud, request, name, trash.RestoreFromTrash.model_validate(given))


def _runs(kind: type[Cache] | type[Queue] | type[Database]) -> dict[str, Run]:
    async def start(cloud: Cloud, request: Request, name: str) -> Saved:
        return await server.start(cloud, request, kind, name)

    async def stop(cloud: Cloud, request: Request, name: str) -> Saved:
        return await server.stop(cloud, request, kind, name)

    async def delete(cloud: Cloud, request: Request, name: str) -> Saved:
        return await server.delete(cloud, request, kind, name)

    return {
        "start": acts(start),
        "stop": acts(stop),
        "delete": acts(delete),
        "restore_from_trash": _restore_from_trash,
    }


async def _delete_database(cloud: Cloud, request: Request, name: str, given: Given) -> Saved:
    last = given.get("final_backup", False)
    return await database.delete(cloud, request, name, keep_backups=True, final_backup=last)


async def _restore_volume(cloud: Cloud, request: Request, name: str, given: Given) -> Saved:
    del name
    body = {field: value for field, value in given.items() if field != "snapshot"}
    return await snapshot.restore(
        cloud, request, given["snapshot"], snapshot.RestoreSnapshot.model_validate(body)
    )


async def _deregister(cloud: Cloud, request: Request, name: str, given: Given) -> Saved:
    return await load_balancer.deregister_target(cloud, request, name, given["target"])


async def _put_scaling_policy(cloud: Cloud, request: Request, name: str, given: Given) -> Saved:
    policy = _POLICY.validate_python(_without_name(given))
    return await scaling_group.put_policy(cloud, request, name, given["name"], policy)


def _without_name(given: Given) -> dict[str, Any]:
    return {field: value for field, value in given.items() if field != "name"}


_POLICY: TypeAdapter[scaling_group.AnyPolicy] = TypeAdapter(scaling_group.AnyPolicy)

COMMANDS: Mapping[str, Mapping[str, Run]] = {
    "vpc": {
        "create": creates(vpc.CreateVpc, vpc.create),
        "change": changes(vpc.ChangeVpc, vpc.change),
        "delete": acts(vpc.delete),
    },
    "subnet": {
        "create": creates(subnet.CreateSubnet, subnet.create),
        "change": changes(subnet.ChangeSubnet, subnet.change),
        "delete": acts(subnet.delete),
    },
    "security_group": {
        "create": creates(security_group.CreateSecurityGroup, security_group.create),
        "change": changes(security_group.ChangeSecurityGroup, security_group.change),
        "delete": acts(security_group.delete),
    },
    "volume": {
        "create": creates(volume.CreateVolume, volume.create),
        "change": changes(volume.ChangeVolume, volume.change),
        "put_snapshot_policy": changes(volume.SnapshotSchedule, volume.change_snapshot_policy),
        "remove_snapshot_policy": acts(partial(volume.change_snapshot_policy, given=None)),
        "restore_from_snapshot": _restore_volume,
        "attach": changes(volume.AttachVolume, volume.attach),
        "detach": changes(volume.DetachVolume, volume.detach),
        "delete": acts(volume.delete),
        "restore_from_trash": _restore_from_trash,
    },
    "instance": {
        "launch": creates(instance.LaunchInstance, instance.launch),
        "change": changes(instance.ChangeInstance, instance.change),
        "start": acts(instance.start),
        "stop": acts(instance.stop),
        "terminate": acts(instance.terminate),
        "restore_from_trash": _restore_from_trash,
    },
    "cache": {
        "create": creates(cache.CreateCache, cache.create),
        "change": changes(cache.ChangeCache, cache.change),
        **_runs(Cache),
    },
    "queue": {
        "create": creates(queue.CreateQueue, queue.create),
        "change": changes(queue.ChangeQueue, queue.change),
        "declare": names(queue.DeclareQueue, queue.declare),
        "undeclare": unnames(queue.undeclare),
        **_runs(Queue),
    },
    "database": {
        "create": creates(database.CreateDatabase, database.create),
        "restore_from_archive": changes(database.RestoreDatabase, database.restore),
        "restore_in_place": changes(database.RestoreDatabase, database.restore),
        "promote": acts(database.promote),
        "change": changes(database.ChangeDatabase, database.change),
        "change_backups": changes(archive.ChangeBackups, archive.change_policy),
        **_runs(Database),
        "delete": _delete_database,
    },
    "load_balancer": {
        "create": creates(load_balancer.CreateLoadBalancer, load_balancer.create),
        "change": changes(load_balancer.ChangeLoadBalancer, load_balancer.change),
        "upload_certificate": names(load_balancer.UploadCertificate, load_balancer.upload_certificate),
        "remove_certificate": unnames(load_balancer.remove_certificate),
        "register_target": changes(load_balancer.RegisterTarget, load_balancer.register_target),
        "deregister_target": _deregister,
        "delete": acts(load_balancer.delete),
    },
    "scaling_group": {
        "create": creates(scaling_group.CreateScalingGroup, scaling_group.create),
        "change": changes(scaling_group.ChangeScalingGroup, scaling_group.change),
        "put_policy": _put_scaling_policy,
        "remove_policy": unnames(scaling_group.remove_policy),
        "suspend": changes(scaling_group.Processes, scaling_group.suspend),
        "resume": changes(scaling_group.Processes, scaling_group.resume),
        "refresh": acts(scaling_group.refresh_outdated),
        "delete": acts(scaling_group.delete),
    },
}
"""By kind and verb."""


async def run(cloud: Cloud, request: Request, step: Step, body: Given) -> Saved:
    """Run the command of a step with a complete body. Raises what the command raises, and AlreadyDone."""
    await cloud.refuse_repeated(request)
    command = COMMANDS[step.key.kind][step.command or ""]
    about = step.key.name if step.identity is None else step.identity.id
    return await command(cloud, request, about, body)
