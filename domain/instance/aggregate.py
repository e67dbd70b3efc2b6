"""The rules and events of one instance; ``life.py`` has when it runs.

Rules
-----
* It holds its name, its place in the VPC and its host ports until it is gone.
* Volumes are attached and detached while it is stopped.
"""

from collections.abc import Mapping
from typing import Any, Self, cast
from uuid import UUID

from eventsourcing.domain import event

from domain import host_port, values, vpc
from domain.aggregate import Aggregate, Claim
from domain.errors import Conflict
from domain.instance.life import Living
from domain.instance.spec import LaunchSpec, RestartPolicy
from domain.instance_type import instance_type


class Instance(Living):
    """One container and what is wanted of it."""

    PREFIX = "i"

    class LaunchRequested(Aggregate.Created):
        """An instance was asked for. Values of its environment and its user data are sealed elsewhere."""

        class_version = 2

        account_id: str
        name: str
        image: str
        type: str
        vpc_id: str
        vpc_name: str
        restart: str
        command: list[str]
        environment_names: list[str]
        environment_id: str | None
        ports: list[dict[str, int | None]]
        volumes: list[dict[str, str]]
        tags: dict[str, str]
        user_data_id: str | None

        @staticmethod
        def upcast_v1_v2(payload: dict[str, Any]) -> None:
            """Have no user data: there was none."""
            payload["user_data_id"] = None

    class TypeChangeRequested(Aggregate.Event):
        """It should have other limits."""

        type: str

    class Resized(Aggregate.Event):
        """It has the limits of its type."""

        type: str

    class VolumeAttached(Aggregate.Event):
        """The next start has one more volume."""

        volume_id: str
        volume_name: str
        path: str

    class VolumeDetached(Aggregate.Event):
        """The next start has one volume less."""

        volume_id: str

    class TagsChanged(Aggregate.Event):
        """The tags are others."""

        tags: dict[str, str]

    class CommandExecuted(Aggregate.Event):
        """Somebody ran a program inside; its arguments may hold secrets and are not kept."""

        program: str

    @classmethod
    def launch(cls, spec: LaunchSpec, volume_names: Mapping[str, str]) -> Self:
        """Ask for an instance. Raises Invalid."""
        spec.check()
        instance = cls(
            account_id=spec.account_id,
            name=spec.name,
            image=spec.image,
            type=spec.type,
            vpc_id=spec.vpc_public_id,
            vpc_name=spec.vpc_name,
            restart=spec.restart,
            command=list(spec.command),
            environment_names=sorted(spec.environment),
            environment_id=str(spec.environment_id) if spec.environment_id else None,
            ports=[{"port": port.port, "publish": port.publish} for port in spec.ports],
            volumes=[
                {"volume_id": v.volume_id, "volume_name": volume_names[v.volume_id], "path": v.path}
                for v in spec.volumes
            ],
            tags=dict(spec.tags),
            user_data_id=str(spec.user_data_id) if spec.user_data_id else None,
        )
        instance.conditions.claims += instance.held_claims()
        instance.conditions.requires.append(vpc.alive_claim(spec.vpc_public_id))
        return instance

    def change_type(self, name: str) -> None:
        """Ask for other limits. Raises InstanceTerminated, Invalid."""
        self.refuse_if_terminated()
        if instance_type(name).name != self.type:
            self.trigger_event(self.TypeChangeRequested, type=name)

    def change_tags(self, tags: Mapping[str, str]) -> None:
        """Replace the tags. Raises InstanceTerminated, Invalid."""
        self.refuse_if_terminated()
        if tags != self.tags:
            self.trigger_event(self.TagsChanged, tags=values.tags(tags))

    def attach_volume(self, volume_id: str, volume_name: str, path: str) -> None:
        """Add a volume. Raises InstanceTerminated, InstanceNotStopped, Invalid, Conflict."""
        self.refuse_unless_stopped("attach a volume to")
        if any(volume["path"] == values.mount_path(path) for volume in self.volumes):
            raise Conflict(f"cannot attach {volume_name} at {path}: another volume of {self.name} is there")
        self.trigger_event(self.VolumeAttached, volume_id=volume_id, volume_name=volume_name, path=path)

    def detach_volume(self, volume_id: str) -> None:
        """Take a volume out. Raises InstanceTerminated, InstanceNotStopped."""
        self.refuse_unless_stopped("detach a volume from")
        self.trigger_event(self.VolumeDetached, volume_id=volume_id)

    def note_execution(self, program: str) -> None:
        """Keep that somebody runs a program inside. Raises Conflict unless it runs."""
        self.refuse_if_terminated()
        if self.status != "running":
            raise Conflict(f"cannot execute in {self.name}: it is {self.status}; start it first")
        self.trigger_event(self.CommandExecuted, program=program)

    def report_resized(self) -> None:
        """Note that the limits are those of the type."""
        if self.applied_type != self.type:
            self.trigger_event(self.Resized, type=self.type)

    def held_claims(self) -> list[Claim]:
        """Return its name, its place in the VPC and the host ports it publishes."""
        if self.status == "terminated":
            return []
        ports = [host_port.claim(port["publish"], self) for port in self.ports if port["publish"]]
        return [self.name_claim(), vpc.use_claim(self.vpc_id, self), *ports]

    def held_secrets(self) -> list[UUID]:
        """Return where the values of its environment and its user data are."""
        if self.status == "terminated":
            return []
        return [UUID(each) for each in (self.environment_id, self.user_data_id) if each is not None]

    @event(LaunchRequested)
    def __init__(  # noqa: PLR0913, PLR0917 - what an instance is made of
        self,
        account_id: str,
        name: str,
        image: str,
        type: str,  # noqa: A002 - the users' word
        vpc_id: str,
        vpc_name: str,
        restart: str,
        command: list[str],
        environment_names: list[str],
        environment_id: str | None,
        ports: list[dict[str, int | None]],
        volumes: list[dict[str, str]],
        tags: dict[str, str],
        user_data_id: str | None,
    ) -> None:
        self.account_id = account_id
        self.name = name
        self.image = image
        self.type = type
        self.applied_type = type
        self.vpc_id = vpc_id
        self.vpc_name = vpc_name
        self.restart: RestartPolicy = cast(RestartPolicy, restart)
        self.command = command
        self.environment_names = environment_names
        self.environment_id = environment_id
        self.ports = ports
        self.volumes = volumes
        self.tags = tags
        self.user_data_id = user_data_id
        self.generation = 1
        self._begin_life()

    @event(TypeChangeRequested)
    def _type_change_requested(self, type: str) -> None:  # noqa: A002
        self.type = type

    @event(Resized)
    def _resized(self, type: str) -> None:  # noqa: A002
        self.applied_type = type

    @event(VolumeAttached)
    def _volume_attached(self, volume_id: str, volume_name: str, path: str) -> None:
        self.volumes = [*self.volumes, {"volume_id": volume_id, "volume_name": volume_name, "path": path}]
        self.generation += 1

    @event(VolumeDetached)
    def _volume_detached(self, volume_id: str) -> None:
        self.volumes = [volume for volume in self.volumes if volume["volume_id"] != volume_id]
        self.generation += 1

    @event(TagsChanged)
    def _tags_changed(self, tags: dict[str, str]) -> None:
        self.tags = tags

    @event(CommandExecuted)
    def _command_executed(self, program: str) -> None:
        pass
