"""The rules of one instance.

Rules
-----
* It holds its name, its place and its address in the VPC, and its host ports until it is terminated.
* Volumes are attached and detached while it is stopped.
* The desired state (running, stopped, terminated) and the reported state are separate; ``running`` means it runs.
* A program that ends by itself is started again when its restart policy covers it; otherwise the instance is stopped.
* A program that cannot be run at all is an error, also while the engine retries.
* A terminated instance accepts no commands except repeated termination. While it is in the trash, it is restored or
  purged: ``domain/trash.py`` has the rules. It gets its volumes back, except those that were purged.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Self
from uuid import UUID

from domain import host_port, values, vpc
from domain.aggregate import Claim
from domain.errors import Conflict
from domain.instance import events
from domain.instance.errors import InstanceNotStopped, InstanceTerminated
from domain.instance.process import ProcessOptions
from domain.instance.run_state import ProgramEnd, RunState, Wanted
from domain.instance.spec import LaunchSpec, RestartPolicy
from domain.instance_type import instance_type
from domain.interface import Interface, WithInterface
from domain.trash import NotInTrash, mount_scope, refuse_unless_restorable


class Instance(WithInterface):
    """One instance."""

    PREFIX = "i"

    image: str
    type: str
    applied_type: str
    """The type whose limits the container has."""
    vpc_id: str
    vpc_name: str
    restart: RestartPolicy
    command: list[str]
    environment_names: list[str]
    environment_id: str | None
    ports: list[dict[str, int | None]]
    volumes: list[dict[str, str]]
    tags: dict[str, str]
    user_data_id: str | None
    process: ProcessOptions
    generation: int
    """Rises when another container is needed."""
    run: RunState
    image_digest: str | None = None
    """The content of the image that it was launched from; None: not recorded."""
    purges_at: datetime | None = None
    """Until when it is kept in the trash, from the request to terminate it on; None: it is not kept."""
    is_trashed: bool = False
    """Whether it is in the trash. Also while it is purged."""
    was_trashed: bool = False
    """Whether it was ever taken out of the trash."""

    Event = events.Event
    LaunchRequested = events.LaunchRequested
    Started = events.Started
    StartRequested = events.StartRequested
    StopRequested = events.StopRequested
    Stopped = events.Stopped
    RebootRequested = events.RebootRequested
    Crashed = events.Crashed
    ImageAwaited = events.ImageAwaited
    Failed = events.Failed
    TypeChangeRequested = events.TypeChangeRequested
    Resized = events.Resized
    VolumeAttached = events.VolumeAttached
    VolumeDetached = events.VolumeDetached
    TagsChanged = events.TagsChanged
    CommandExecuted = events.CommandExecuted
    TerminateRequested = events.TerminateRequested
    Trashed = events.Trashed
    Undeleted = events.Undeleted
    PurgeRequested = events.PurgeRequested
    PurgeFailed = events.PurgeFailed
    Terminated = events.Terminated

    @classmethod
    def launch(cls, spec: LaunchSpec, volume_names: Mapping[str, str]) -> Self:
        """Request an instance. Raises Invalid."""
        spec.check()
        instance = cls._create(
            cls.LaunchRequested,
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
            **spec.process.as_json(),
        )
        instance.conditions.claims += instance.held_claims()
        instance.conditions.requires.append(vpc.alive_claim(spec.vpc_public_id))
        return instance

    @property
    def wanted(self) -> Wanted:
        """The desired state."""
        return self.run.wanted

    @property
    def status(self) -> str:
        """The status that users see."""
        return self.run.status

    @property
    def status_reason(self) -> str | None:
        """Why it has that status."""
        return self.run.status_reason

    @property
    def address(self) -> str | None:
        """Where its program answers in the VPC, or answered last."""
        return self.run.address

    @property
    def started_at(self) -> datetime | None:
        """When the newest reported run began."""
        return self.run.started_at

    @property
    def is_up(self) -> bool:
        """Whether that run continues, and was not requested to end."""
        return self.run.is_up

    def start(self) -> None:
        """Request a start. Raises InstanceTerminated."""
        self.refuse_if_terminated()
        if self.wanted != "running":
            self.trigger_event(self.StartRequested)

    def stop(self) -> None:
        """Request a stop. Raises InstanceTerminated."""
        self.refuse_if_terminated()
        if self.wanted != "stopped":
            self.trigger_event(self.StopRequested)

    def reboot(self) -> None:
        """Request a reboot. Raises InstanceTerminated, Conflict when it is stopped."""
        self.refuse_if_terminated()
        if self.wanted != "running":
            raise Conflict(f"cannot reboot {self.name}: it is {self.status}; start it instead")
        if not self.run.reboots:
            self.trigger_event(self.RebootRequested)

    def terminate(self, purges_at: datetime | None = None) -> None:
        """Request its termination, and until when it is kept; one that never ran is not. May be repeated."""
        if self.wanted != "terminated":
            kept_until = None if self.started_at is None else purges_at
            self.trigger_event(self.TerminateRequested, purges_at=kept_until)

    def refuse_unless_restorable(self) -> None:
        """Raise NotInTrash unless it can be taken out of the trash."""
        refuse_unless_restorable(self.name, self.status)

    def undelete(self, vpc_id: str, vpc_name: str, interface: Interface, name: str | None = None) -> None:
        """Take it out of the trash, into this VPC. Raises NotInTrash, Invalid; saving raises when a claim is taken."""
        self.refuse_unless_restorable()
        new_name = self.name if name is None else values.name(name)
        self.conditions.releases += self._kept_mounts()
        self.trigger_event(
            self.Undeleted,
            name=new_name,
            vpc_id=vpc_id,
            vpc_name=vpc_name,
            replaces=(new_name, vpc_id) != (self.name, self.vpc_id),
            starts_again=self.run.wanted_before == "running",
        )
        self.restore_interface(interface)
        self.conditions.claims += self.held_claims()
        self.conditions.requires.append(vpc.alive_claim(vpc_id))

    def purge(self, reason: str) -> None:
        """Request that it is removed for good; may be repeated. Raises NotInTrash."""
        if self.wanted != "terminated":
            raise NotInTrash(f"cannot purge {self.name}: it is not in the trash; terminate it first")
        if self.goes_to_trash:
            self.trigger_event(self.PurgeRequested, reason=reason)

    def change_type(self, name: str) -> None:
        """Request another type. Raises InstanceTerminated, Invalid."""
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
        """Remove a volume. Raises InstanceTerminated, InstanceNotStopped."""
        self.refuse_unless_stopped("detach a volume from")
        self.trigger_event(self.VolumeDetached, volume_id=volume_id)

    def note_execution(self, program: str) -> None:
        """Record that somebody runs a program inside. Raises Conflict unless it runs."""
        self.refuse_if_terminated()
        if self.status != "running":
            raise Conflict(f"cannot execute in {self.name}: it is {self.status}; start it first")
        self.trigger_event(self.CommandExecuted, program=program)

    def report_started(
        self, address: str | None, started_at: datetime, image_digest: str | None = None
    ) -> None:
        """Record that the container runs, and the content of its image."""
        if self.run.differs(address, started_at):
            self.trigger_event(
                self.Started, address=address, started_at=started_at, image_digest=image_digest
            )

    def report_stopped(self, exit_code: int | None, started_at: datetime | None) -> None:
        """Record that it stopped as requested, and which run ended."""
        if self.run.is_stop_news(started_at):
            self.trigger_event(
                self.Stopped,
                exit_code=exit_code,
                started_at=started_at,
                starts_again=self.wanted == "running",
            )

    def report_crashed(self, end: ProgramEnd) -> None:
        """Record that the program ended without a request, and whether the restart policy covers that.

        One that never ran is an error for as long as it is started again: waiting alone does not help.
        """
        heals = end.is_covered_by(self.restart)
        self.trigger_event(
            self.Crashed,
            exit_code=end.exit_code,
            reason=end.reason,
            started_at=end.started_at,
            ended_at=end.ended_at,
            heals=heals,
        )
        if heals and end.never_ran:
            self.trigger_event(self.Failed, reason=end.reason)

    def report_trashed(self, started_at: datetime | None) -> None:
        """Record that it is in the trash, and its last run; releases its claims, and keeps its secrets."""
        if self.goes_to_trash and not self.is_trashed:
            self.conditions.releases += self.held_claims()
            self.trigger_event(self.Trashed, started_at=started_at)
            self.conditions.claims += self._kept_mounts()

    def report_volume_purged(self, volume_id: str) -> None:
        """Record that a volume that it had before it was moved to the trash is removed."""
        if self.is_trashed and any(each["volume_id"] == volume_id for each in self.volumes):
            self.conditions.releases += [
                each for each in self._kept_mounts() if each.scope == mount_scope(volume_id)
            ]
            self.trigger_event(self.VolumeDetached, volume_id=volume_id)

    def report_failed(self, reason: str) -> None:
        """Record why it cannot be reconciled; once per reason. In the trash, only a purge can fail."""
        if reason == self.status_reason or self.status == "trashed":
            return
        self.trigger_event(self.PurgeFailed if self.is_trashed else self.Failed, reason=reason)

    def report_image_awaited(self, reason: str) -> None:
        """Record which image it waits for, and the progress; once per reason."""
        if reason != self.status_reason:
            self.trigger_event(self.ImageAwaited, status=self.run.while_awaiting(), reason=reason)

    def report_resized(self) -> None:
        """Record that the limits are those of the type."""
        if self.applied_type != self.type:
            self.trigger_event(self.Resized, type=self.type)

    def report_terminated(self) -> None:
        """Record that it is terminated; releases its claims and erases its secrets."""
        if self.status != "terminated":
            self.conditions.releases += self.held_claims()
            self.conditions.erases += self.held_secrets()
            self.trigger_event(self.Terminated)

    @property
    def goes_to_trash(self) -> bool:
        """Whether it is terminated and kept."""
        return self.wanted == "terminated" and self.purges_at is not None

    def held_claims(self) -> list[Claim]:
        """Return those on its name, its place in the VPC and its host ports; in the trash, those on its volumes."""
        if self.status == "terminated":
            return []
        if self.is_trashed:
            return self._kept_mounts()
        ports = [host_port.claim(port["publish"], self) for port in self.ports if port["publish"]]
        return [self.name_claim(), vpc.use_claim(self.vpc_id, self), *self.interface_claims(), *ports]

    def held_secrets(self) -> list[UUID]:
        """Return where the values of its environment and its user data are."""
        if self.status == "terminated":
            return []
        return [UUID(each) for each in (self.environment_id, self.user_data_id) if each is not None]

    def _kept_mounts(self) -> list[Claim]:
        """Return the claims by which its volumes find it while it is in the trash."""
        return [
            Claim(mount_scope(each["volume_id"]), self.public_id, self.id, self.name) for each in self.volumes
        ]

    @property
    def publishes(self) -> bool:
        """Whether it publishes a port of the host."""
        return any(port["publish"] for port in self.ports)

    def refuse_change(self) -> None:
        """Raise InstanceTerminated."""
        self.refuse_if_terminated()

    def refuse_if_terminated(self) -> None:
        """Raise InstanceTerminated."""
        if self.status == "trashed":
            raise InstanceTerminated(
                f"cannot change instance {self.name}: it is in the trash; restore it first"
            )
        if self.wanted == "terminated":
            raise InstanceTerminated(f"cannot change instance {self.name}: it is {self.status}")

    def refuse_unless_stopped(self, what: str) -> None:
        """Raise InstanceTerminated, InstanceNotStopped."""
        self.refuse_if_terminated()
        if self.status != "stopped":
            raise InstanceNotStopped(f"cannot {what} {self.name}: it is {self.status}; stop it first")
