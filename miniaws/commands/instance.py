"""Commands for instances."""

from collections.abc import Sequence
from uuid import UUID

import orjson
from pydantic import Field

from domain import image_reference
from domain.errors import Conflict, Invalid, PortError, Unavailable
from domain.instance import Instance, LaunchSpec, PortSpec, VolumeSpec
from domain.instance.spec import USER_DATA_PATH
from domain.instance_type import INSTANCE_TYPES, instance_type
from domain.managed import BeingDeleted
from domain.ports import ExecResult
from domain.store import ClaimTaken, RequirementMissing
from domain.values import must, parse_id, public_id, shown
from domain.volume import Volume
from domain.vpc import Vpc
from miniaws.application import Cloud, Request, Saved, UnitOfWork
from miniaws.commands import host_port, interface, keeping
from miniaws.commands.body import (
    Body,
    Change,
    HostName,
    NewSecurityGroups,
    NewTags,
    SecurityGroups,
    SubnetName,
    Tags,
    VpcName,
)
from miniaws.commands.interface import Place
from miniaws.commands.program import Command, Environment, Image, Restart, TypeName, WithProcess


class UnknownImage(Invalid):
    """cannot run an image that does not exist"""

    code = "unknown_image"


class Port(Body):
    """A port of the program; ``publish`` makes the host listen too."""

    port: int = Field(title="Port", ge=1, le=65535, description="on which the program listens", examples=[80])
    publish: int | None = Field(
        default=None,
        title="Host port",
        ge=1,
        le=65535,
        description="host port on which it is published; left out: private",
        examples=[8081],
    )


class Mount(Body):
    """A volume and where the program finds it."""

    volume: str = Field(title="Volume", description="id or name", examples=["data"])
    path: str = Field(
        title="Path", description="where the program finds the volume's files", examples=["/data"]
    )


class LaunchInstance(WithProcess):
    """An instance to launch."""

    name: HostName = Field(examples=["web-1"])
    image: Image
    type: TypeName = "micro"
    command: Command = Field(default=[], examples=[["/hello"]])
    env: Environment = Field(default={})
    user_data: str = Field(
        default="",
        title="User data",
        repr=False,
        description=f"text of at most 16 KiB, written to {USER_DATA_PATH} for root; stored encrypted and never shown",
    )
    ports: list[Port] = Field(
        default=[],
        title="Ports",
        max_length=100,
        description="ports of the program",
    )
    vpc: VpcName = "default"
    subnet: SubnetName = "default"
    address: str | None = Field(
        default=None,
        title="Address",
        description="an address of the subnet that nobody has; left out: any",
        examples=["10.20.0.10"],
    )
    security_groups: SecurityGroups = Field(default=["default"])
    volumes: list[Mount] = Field(
        default=[],
        title="Volumes",
        max_length=20,
        description="volumes to attach, and where",
    )
    tags: Tags = Field(default={})
    restart: Restart = "always"

    def place(self) -> Place:
        """Return where in its VPC it is to be."""
        return Place(self.subnet, tuple(self.security_groups), self.address)


class ChangeInstance(Change):
    """What can be changed of an instance."""

    type: str | None = Field(
        default=None,
        title="Type",
        description="one of GET /api/instance-types; left out: unchanged",
        examples=["small"],
    )
    security_groups: NewSecurityGroups = None
    tags: NewTags = None


class Execute(Body):
    """A program to run inside the instance."""

    command: list[str] = Field(
        title="Command",
        min_length=1,
        max_length=100,
        description="the program and its arguments",
        examples=[["ls", "/"]],
    )


async def launch(cloud: Cloud, request: Request, new: LaunchInstance) -> Saved:
    """Launch an instance.

    Raises Invalid, NotFound, NameTaken, HostPortTaken, AddressTaken, VolumeInUse, BeingDeleted.
    """
    published = {
        port.publish: f"ports.{index}.publish"
        for index, port in enumerate(new.ports)
        if port.publish is not None
    }

    async def work(unit: UnitOfWork) -> None:
        await host_port.refuse_if_in_use(cloud, published)
        await _prepare(cloud, unit, new)

    async def recover(conflict: ClaimTaken | RequirementMissing) -> None:
        if interface.recovers(cloud, conflict, new.address):
            return
        if isinstance(conflict, ClaimTaken):
            raise host_port.refusal(request, conflict, published) from None
        await refuse_if_gone(cloud, request, new.vpc, conflict)

    return await cloud.transact(request, work, recover)


async def start(cloud: Cloud, request: Request, id_or_name: str) -> Saved:
    """Start an instance. Raises NotFound, InstanceTerminated."""
    return await cloud.change(request, Instance, id_or_name, Instance.start)


async def stop(cloud: Cloud, request: Request, id_or_name: str) -> Saved:
    """Stop an instance. Raises NotFound, InstanceTerminated."""
    return await cloud.change(request, Instance, id_or_name, Instance.stop)


async def reboot(cloud: Cloud, request: Request, id_or_name: str) -> Saved:
    """Stop an instance and start it again. Raises NotFound, Conflict."""
    return await cloud.change(request, Instance, id_or_name, Instance.reboot)


async def terminate(cloud: Cloud, request: Request, id_or_name: str, *, purge: bool = False) -> Saved:
    """Terminate an instance; it is kept in the trash unless ``purge``. Raises NotFound."""
    return await cloud.change(request, Instance, id_or_name, lambda i: keeping.end(cloud, i, purge=purge))


async def change(cloud: Cloud, request: Request, id_or_name: str, changes: ChangeInstance) -> Saved:
    """Change type, security groups or tags. Raises NotFound, Invalid, InstanceTerminated."""

    def decide(instance: Instance) -> None:
        if changes.type is not None:
            instance.change_type(changes.type)
        if changes.tags is not None:
            instance.change_tags(changes.tags)

    await refuse_impossible(cloud, changes.type, None)
    return await interface.change(cloud, request, Instance, id_or_name, decide, changes.security_groups)


async def execute(cloud: Cloud, request: Request, id_or_name: str, argv: Sequence[str]) -> ExecResult:
    """Run a program inside a running instance. Raises NotFound, Invalid, Conflict, Unavailable."""
    if not argv or any("\0" in argument for argument in argv):
        raise must("command", "have a program, and no NUL characters")
    saved = await cloud.change(request, Instance, id_or_name, lambda i: i.note_execution(argv[0][:200]))
    try:
        return await cloud.ports.containers.execute(saved.aggregate.public_id, argv)
    except PortError as error:
        raise Conflict(f"cannot execute in {id_or_name}: {error}") from error


async def _prepare(cloud: Cloud, unit: UnitOfWork, new: LaunchInstance) -> None:
    vpc_id, vpc_name = await find_vpc(cloud, unit.account_id, new.vpc)
    volumes = [await cloud.load(Volume, unit.account_id, each.volume) for each in new.volumes]
    mounts = list(zip(volumes, new.volumes, strict=True))
    spec = LaunchSpec(
        account_id=unit.account_id,
        name=new.name,
        image=new.image,
        type=new.type,
        vpc_id=vpc_id,
        vpc_public_id=public_id(Vpc.PREFIX, vpc_id),
        vpc_name=vpc_name,
        restart=new.restart,
        command=new.command,
        environment=new.env,
        environment_id=unit.seal(orjson.dumps(dict(new.env))) if new.env else None,
        user_data=new.user_data,
        user_data_id=unit.seal(new.user_data) if new.user_data else None,
        ports=[PortSpec(port.port, port.publish) for port in new.ports],
        volumes=[VolumeSpec(volume.public_id, each.path) for volume, each in mounts],
        tags=new.tags,
        process=new.process(),
    )
    instance = Instance.launch(spec, {volume.public_id: volume.name for volume in volumes})
    await refuse_impossible(cloud, new.type, new.image)
    await interface.assign(cloud, instance, new.place())
    for volume, each in mounts:
        volume.attach(instance.public_id, instance.name, each.path)
    unit.add(instance, *volumes)


async def find_vpc(cloud: Cloud, account: str, id_or_name: str) -> tuple[UUID, str]:
    """Return id and name of a VPC. Raises NotFound."""
    if parse_id(id_or_name) is None:
        return await cloud.cached_find(Vpc, account, id_or_name), id_or_name
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
        raise must(
            "type",
            f"be one of {possible}",
            type_name,
            why=f"it takes {instance_type(type_name).cpus:g} cores, and this machine has {cores:g}",
        )


def _silent() -> Unavailable:
    return Unavailable("cannot launch at the moment: the container engine does not answer; retry later")


async def refuse_unknown_image(cloud: Cloud, image: str) -> None:
    """Raise Invalid unless the image is named by a reference, UnknownImage, Unavailable when the engine is silent."""
    image_reference.parse_reference(image)
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
