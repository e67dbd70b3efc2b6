"""Commands for instances."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

import orjson

from domain.errors import Conflict, Invalid, PortError, Unavailable
from domain.instance import Instance, LaunchSpec, PortSpec, VolumeSpec
from domain.instance.spec import RestartPolicy
from domain.instance_type import INSTANCE_TYPES, instance_type
from domain.managed import BeingDeleted
from domain.ports import ExecResult
from domain.store import ClaimTaken, RequirementMissing, VersionConflict
from domain.values import parse_id, public_id, shown
from domain.volume import Volume
from domain.vpc import Vpc
from miniaws.application import Cloud, Request, Saved
from miniaws.commands import host_port

_ATTEMPTS = 10


class UnknownImage(Invalid):
    """cannot run an image that is not here"""

    code = "unknown_image"


@dataclass(frozen=True, slots=True)
class VolumeWish:
    """A volume by id or name, and where the program finds it."""

    volume: str
    path: str


@dataclass(frozen=True, slots=True)
class Launch:
    """An instance as it is asked for."""

    name: str
    image: str
    type: str = "micro"
    vpc: str = "default"
    restart: RestartPolicy = "always"
    command: Sequence[str] = ()
    environment: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    user_data: str = field(default="", repr=False)
    ports: Sequence[PortSpec] = ()
    volumes: Sequence[VolumeWish] = ()
    tags: Mapping[str, str] = field(default_factory=dict[str, str])


async def launch(cloud: Cloud, request: Request, wish: Launch) -> Saved:
    """Ask for an instance.

    Raises Invalid, NotFound, NameTaken, HostPortTaken, VolumeInUse, BeingDeleted.
    """
    await cloud.refuse_repeated(request)
    for _ in range(_ATTEMPTS):
        instance, volumes, secrets = await _prepare(cloud, request, wish)
        try:
            receipt = await cloud.save(request, instance, *volumes, secrets=secrets)
        except ClaimTaken as taken:
            raise host_port.refusal(request, taken, "ports.publish") from None
        except RequirementMissing as missing:
            await refuse_if_gone(cloud, request, wish.vpc, missing)
        except VersionConflict:
            continue
        else:
            return Saved(instance, receipt)
    raise Unavailable(f"cannot launch {wish.name}: too many changes at once; retry")


async def start(cloud: Cloud, request: Request, id_or_name: str) -> Saved:
    """Ask an instance to run. Raises NotFound, InstanceTerminated."""
    return await cloud.change(request, Instance, id_or_name, Instance.start)


async def stop(cloud: Cloud, request: Request, id_or_name: str) -> Saved:
    """Ask an instance not to run. Raises NotFound, InstanceTerminated."""
    return await cloud.change(request, Instance, id_or_name, Instance.stop)


async def reboot(cloud: Cloud, request: Request, id_or_name: str) -> Saved:
    """Ask an instance to stop and run again. Raises NotFound, Conflict."""
    return await cloud.change(request, Instance, id_or_name, Instance.reboot)


async def terminate(cloud: Cloud, request: Request, id_or_name: str) -> Saved:
    """Ask an instance to be gone for good. Raises NotFound."""
    return await cloud.change(request, Instance, id_or_name, Instance.terminate)


async def change(
    cloud: Cloud, request: Request, id_or_name: str, type_name: str | None, tags: Mapping[str, str] | None
) -> Saved:
    """Change type, tags or both. Raises NotFound, Invalid, InstanceTerminated."""

    def decide(instance: Instance) -> None:
        if type_name is not None:
            instance.change_type(type_name)
        if tags is not None:
            instance.change_tags(tags)

    await refuse_impossible(cloud, type_name, None)
    return await cloud.change(request, Instance, id_or_name, decide)


async def execute(cloud: Cloud, request: Request, id_or_name: str, argv: Sequence[str]) -> ExecResult:
    """Run a program inside a running instance. Raises NotFound, Invalid, Conflict, Unavailable."""
    if not argv or any("\0" in argument for argument in argv):
        raise Invalid("cannot execute nothing: give a program and its arguments", field="command")
    saved = await cloud.change(request, Instance, id_or_name, lambda i: i.note_execution(argv[0][:200]))
    try:
        return await cloud.ports.containers.execute(saved.aggregate.public_id, argv)
    except PortError as error:
        raise Conflict(f"cannot execute in {id_or_name}: {error}") from error


async def _prepare(
    cloud: Cloud, request: Request, wish: Launch
) -> tuple[Instance, list[Volume], dict[UUID, bytes]]:
    account = request.cause.account_id
    vpc_id, vpc_name = await find_vpc(cloud, account, wish.vpc)
    volumes = [await cloud.load(Volume, account, each.volume) for each in wish.volumes]
    mounts = list(zip(volumes, wish.volumes, strict=True))
    environment_id = cloud.ports.chance.uuid() if wish.environment else None
    user_data_id = cloud.ports.chance.uuid() if wish.user_data else None
    spec = LaunchSpec(
        account_id=account,
        name=wish.name,
        image=wish.image,
        type=wish.type,
        vpc_id=vpc_id,
        vpc_public_id=public_id(Vpc.PREFIX, vpc_id),
        vpc_name=vpc_name,
        restart=wish.restart,
        command=wish.command,
        environment=wish.environment,
        environment_id=environment_id,
        user_data=wish.user_data,
        user_data_id=user_data_id,
        ports=wish.ports,
        volumes=[VolumeSpec(volume.public_id, each.path) for volume, each in mounts],
        tags=wish.tags,
    )
    instance = Instance.launch(spec, {volume.public_id: volume.name for volume in volumes})
    await refuse_impossible(cloud, wish.type, wish.image)
    for volume, each in mounts:
        volume.attach(instance.public_id, instance.name, each.path)
    return instance, volumes, _secrets(spec)


def _secrets(spec: LaunchSpec) -> dict[UUID, bytes]:
    secrets: dict[UUID, bytes] = {}
    if spec.environment_id is not None:
        secrets[spec.environment_id] = orjson.dumps(dict(spec.environment))
    if spec.user_data_id is not None:
        secrets[spec.user_data_id] = spec.user_data.encode()
    return secrets


async def find_vpc(cloud: Cloud, account: str, id_or_name: str) -> tuple[UUID, str]:
    """Return id and name of a VPC. Raises NotFound."""
    if parse_id(id_or_name) is None:
        return await cloud.recall(Vpc, account, id_or_name), id_or_name
    vpc = await cloud.load(Vpc, account, id_or_name)
    return vpc.id, vpc.name


async def refuse_if_gone(cloud: Cloud, request: Request, vpc: str, missing: RequirementMissing) -> None:
    """Look again for a VPC that we remembered and is gone; there may be a successor. Raises NotFound, BeingDeleted."""
    account = request.cause.account_id
    cloud.forget(Vpc, account, vpc)
    if await cloud.find(Vpc, account, vpc) == missing.claim.owner:
        raise BeingDeleted(
            f"cannot launch into VPC {vpc}: it is being deleted; choose another", field="vpc"
        ) from None


async def refuse_impossible(cloud: Cloud, type_name: str | None, image: str | None) -> None:
    """Raise Invalid when no instance of a type, or of an image, can run here; Unavailable when nobody can tell."""
    if type_name is not None:
        await _refuse_more_cores_than_there_are(cloud, type_name)
    if image is not None:
        await refuse_unknown_image(cloud, image)


async def _refuse_more_cores_than_there_are(cloud: Cloud, type_name: str) -> None:
    try:
        cores = await cloud.ports.images.cores()
    except PortError as error:
        raise _silent() from error
    if instance_type(type_name).cpus > cores:
        possible = ", ".join(each.name for each in INSTANCE_TYPES.values() if each.cpus <= cores)
        raise Invalid(
            f"cannot run the type {type_name} here: it takes {instance_type(type_name).cpus:g} cores, and this machine "
            f"has {cores:g}; use one of {possible}",
            field="type",
        )


def _silent() -> Unavailable:
    return Unavailable("cannot launch at the moment: the container engine does not answer; retry later")


async def refuse_unknown_image(cloud: Cloud, image: str) -> None:
    """Raise UnknownImage when there is no such image, Unavailable when nobody can tell."""
    try:
        available = await cloud.ports.images.is_available(image)
    except PortError as error:
        raise _silent() from error
    if not available:
        raise UnknownImage(
            f"cannot run {shown(image)}: no such image is on this machine, and no registry offers it; "
            "check the name, or build or load it first",
            field="image",
        )
