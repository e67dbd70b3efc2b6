"""The rules and events of one instance.

Rules
-----
* What is wanted (running, stopped, terminated) and what is seen are kept apart; ``running`` means it runs.
* A program that ends by itself is started again when its restart policy covers it; otherwise the instance is stopped.
* Volumes are attached and detached while the instance is stopped.
* A host port has one holder at a time, until the holder is gone.
* A terminated instance takes no commands but repeated termination.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Self, cast
from uuid import UUID

from eventsourcing.domain import event

from domain import values, vpc
from domain.aggregate import Aggregate, Claim
from domain.errors import Conflict
from domain.instance.spec import LaunchSpec, RestartPolicy
from domain.instance_type import instance_type

PORT_SCOPE = "host-port"


class InstanceTerminated(Conflict):
    """cannot change a terminated instance"""

    code = "instance_terminated"


class InstanceNotStopped(Conflict):
    """cannot do that unless the instance is stopped"""

    code = "instance_not_stopped"


@dataclass(frozen=True, slots=True)
class ProgramEnd:
    """How a program ended that nobody had asked to; ``started_at`` tells which run it was."""

    exit_code: int | None
    reason: str
    started_at: datetime | None
    ended_at: datetime | None


class Instance(Aggregate):
    """One container and what is wanted of it."""

    PREFIX = "i"

    class LaunchRequested(Aggregate.Created):
        """An instance was asked for. Values of its environment are sealed elsewhere; here are their names."""

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

    class Started(Aggregate.Event):
        """The container runs."""

        address: str | None
        started_at: datetime

    class StartRequested(Aggregate.Event):
        """It should run."""

    class StopRequested(Aggregate.Event):
        """It should not run."""

    class Stopped(Aggregate.Event):
        """It does not run, as was asked; ``starts_again`` says whether a start was asked for meanwhile."""

        exit_code: int | None
        started_at: datetime | None
        starts_again: bool

    class RebootRequested(Aggregate.Event):
        """It should stop and run again."""

    class Crashed(Aggregate.Event):
        """The program ended though nobody asked; ``heals`` says whether it is started again."""

        exit_code: int | None
        reason: str
        started_at: datetime | None
        ended_at: datetime | None
        heals: bool

    class Failed(Aggregate.Event):
        """It cannot be brought in line at the moment."""

        reason: str

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

    class TerminateRequested(Aggregate.Event):
        """It should be gone for good."""

    class Terminated(Aggregate.Event):
        """It is gone."""

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
        )
        instance.conditions.claims += instance.held_claims()
        instance.conditions.requires.append(Claim("alive", spec.vpc_public_id, spec.vpc_id))
        return instance

    def start(self) -> None:
        """Ask it to run. Raises InstanceTerminated."""
        self._refuse_if_terminated()
        if self.wanted != "running":
            self.trigger_event(self.StartRequested)

    def stop(self) -> None:
        """Ask it not to run. Raises InstanceTerminated."""
        self._refuse_if_terminated()
        if self.wanted != "stopped":
            self.trigger_event(self.StopRequested)

    def reboot(self) -> None:
        """Ask it to stop and run again. Raises InstanceTerminated, Conflict when it is stopped."""
        self._refuse_if_terminated()
        if self.wanted != "running":
            raise Conflict(f"cannot reboot {self.name}: it is {self.status}; start it instead")
        if not self.reboots:
            self.trigger_event(self.RebootRequested)

    def terminate(self) -> None:
        """Ask it to be gone for good."""
        if self.wanted != "terminated":
            self.trigger_event(self.TerminateRequested)

    def change_type(self, name: str) -> None:
        """Ask for other limits. Raises InstanceTerminated, Invalid."""
        self._refuse_if_terminated()
        if instance_type(name).name != self.type:
            self.trigger_event(self.TypeChangeRequested, type=name)

    def change_tags(self, tags: Mapping[str, str]) -> None:
        """Replace the tags. Raises InstanceTerminated, Invalid."""
        self._refuse_if_terminated()
        if tags != self.tags:
            self.trigger_event(self.TagsChanged, tags=values.tags(tags))

    def attach_volume(self, volume_id: str, volume_name: str, path: str) -> None:
        """Add a volume. Raises InstanceTerminated, InstanceNotStopped, Invalid, Conflict."""
        self._refuse_unless_stopped("attach a volume to")
        if any(volume["path"] == values.mount_path(path) for volume in self.volumes):
            raise Conflict(f"cannot attach {volume_name} at {path}: another volume of {self.name} is there")
        self.trigger_event(self.VolumeAttached, volume_id=volume_id, volume_name=volume_name, path=path)

    def detach_volume(self, volume_id: str) -> None:
        """Take a volume out. Raises InstanceTerminated, InstanceNotStopped."""
        self._refuse_unless_stopped("detach a volume from")
        self.trigger_event(self.VolumeDetached, volume_id=volume_id)

    def note_execution(self, program: str) -> None:
        """Keep that somebody runs a program inside. Raises Conflict unless it runs."""
        self._refuse_if_terminated()
        if self.status != "running":
            raise Conflict(f"cannot execute in {self.name}: it is {self.status}; start it first")
        self.trigger_event(self.CommandExecuted, program=program)

    def report_started(self, address: str | None, started_at: datetime) -> None:
        """Note that the container runs."""
        if self.status != "running" or started_at != self.started_at or address != self.address:
            self.trigger_event(self.Started, address=address, started_at=started_at)

    def report_stopped(self, exit_code: int | None, started_at: datetime | None) -> None:
        """Note that it does not run, as was asked, and which run ended so."""
        is_news = self.status != "stopped" or started_at not in {None, self.started_at}
        if self.is_stopping or (self.wanted == "stopped" and is_news):
            self.trigger_event(
                self.Stopped,
                exit_code=exit_code,
                started_at=started_at,
                starts_again=self.wanted == "running",
            )

    def report_crashed(self, end: ProgramEnd) -> None:
        """Note that the program ended though nobody asked, and whether the restart policy covers that."""
        heals = self.restart == "always" or (self.restart == "on-failure" and end.exit_code != 0)
        self.trigger_event(
            self.Crashed,
            exit_code=end.exit_code,
            reason=end.reason,
            started_at=end.started_at,
            ended_at=end.ended_at,
            heals=heals,
        )

    def report_resized(self) -> None:
        """Note that the limits are those of the type."""
        if self.applied_type != self.type:
            self.trigger_event(self.Resized, type=self.type)

    def report_failed(self, reason: str) -> None:
        """Note why it cannot be brought in line; once per reason."""
        if reason != self.status_reason:
            self.trigger_event(self.Failed, reason=reason)

    def report_terminated(self) -> None:
        """Note that it is gone; gives back its name and ports and forgets its secrets."""
        if self.status != "terminated":
            self.conditions.releases += self.held_claims()
            self.conditions.erases += self.held_secrets()
            self.trigger_event(self.Terminated)

    def held_claims(self) -> list[Claim]:
        """Return its name, its place in the VPC and the host ports it publishes."""
        if self.status == "terminated":
            return []
        return [self.name_claim(), self._vpc_claim(), *self._port_claims()]

    def held_secrets(self) -> list[UUID]:
        """Return where the values of its environment are."""
        if self.environment_id is None or self.status == "terminated":
            return []
        return [UUID(self.environment_id)]

    def _vpc_claim(self) -> Claim:
        parsed = values.parse_id(self.vpc_id)
        assert parsed is not None  # noqa: S101 - written by launch
        return Claim(vpc.use_scope(parsed[1]), self.public_id, self.id, self.name)

    def _port_claims(self) -> list[Claim]:
        published = [port["publish"] for port in self.ports if port["publish"]]
        return [
            Claim(PORT_SCOPE, str(port), self.id, f"{self.account_id}/instance/{self.name}")
            for port in published
        ]

    def _refuse_if_terminated(self) -> None:
        if self.wanted == "terminated":
            raise InstanceTerminated(f"cannot change instance {self.name}: it is {self.status}")

    def _refuse_unless_stopped(self, what: str) -> None:
        self._refuse_if_terminated()
        if self.status != "stopped":
            raise InstanceNotStopped(f"cannot {what} {self.name}: it is {self.status}; stop it first")

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
        self.generation = 1
        self.wanted: Literal["running", "stopped", "terminated"] = "running"
        self.status = "pending"
        self.status_reason: str | None = None
        self.address: str | None = None
        self.started_at: datetime | None = None
        """When the newest run began that we have heard of; it tells runs apart."""
        self.is_up = False
        """That run goes on, as far as we have heard, and nobody asked it to end."""
        self.is_stopping = False
        """A start was asked for before the stop was done."""
        self.reboots = False

    @event(Started)
    def _started(self, address: str | None, started_at: datetime) -> None:
        self.address = address
        self.started_at = started_at
        self.is_up = True
        self.is_stopping = False
        self.reboots = False
        self._turn("running")

    @event(StartRequested)
    def _start_requested(self) -> None:
        self.wanted = "running"
        self.is_stopping = self.status != "stopped"
        self._turn("starting")

    @event(StopRequested)
    def _stop_requested(self) -> None:
        self.wanted = "stopped"
        self.is_up = False
        self.is_stopping = False
        self.reboots = False
        self._turn("stopping")

    @event(Stopped)
    def _stopped(
        self,
        exit_code: int | None,  # noqa: ARG002 - for readers
        started_at: datetime | None,
        starts_again: bool,  # noqa: FBT001
    ) -> None:
        # An end that was asked for is no news either.
        self.started_at = started_at or self.started_at
        self.is_up = False
        self.is_stopping = False
        self._turn("starting" if starts_again else "stopped")

    @event(RebootRequested)
    def _reboot_requested(self) -> None:
        self.reboots = True
        self.is_up = False
        self._turn("starting", "rebooting")

    @event(Crashed)
    def _crashed(
        self,
        exit_code: int | None,  # noqa: ARG002
        reason: str,
        started_at: datetime | None,
        ended_at: datetime | None,  # noqa: ARG002
        heals: bool,  # noqa: FBT001
    ) -> None:
        # Remembering which run ended keeps the same end from being reported twice.
        self.started_at = started_at or self.started_at
        self.is_up = False
        self.reboots = False
        if heals:
            self._turn("starting", reason)
        else:
            self.wanted = "stopped"
            self._turn("stopped", reason)

    @event(Failed)
    def _failed(self, reason: str) -> None:
        self._turn("error", reason)

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

    @event(TerminateRequested)
    def _terminate_requested(self) -> None:
        self.wanted = "terminated"
        self._turn("terminating")

    @event(Terminated)
    def _terminated(self) -> None:
        self.address = None
        self._turn("terminated")

    @event(CommandExecuted)
    def _command_executed(self, program: str) -> None:
        pass

    def _turn(self, status: str, reason: str | None = None) -> None:
        self.status = status
        self.status_reason = reason
