"""What happens to an instance, and what each event changes."""

from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from domain.aggregate import Aggregate
from domain.instance.process import ProcessOptions, before_options
from domain.instance.run_state import RunState
from domain.instance.spec import RestartPolicy

if TYPE_CHECKING:
    from domain.instance.aggregate import Instance


class Event(Aggregate.Event):
    """What happened to an instance."""


class LaunchRequested(Aggregate.Created):
    """An instance was requested. The values of its environment and its user data are sealed elsewhere."""

    class_version = 3

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
    init: bool
    capabilities: list[str]
    stop_grace_s: int
    stop_signal: str | None

    @staticmethod
    def upcast_v1_v2(payload: dict[str, Any]) -> None:
        """Add that there is no user data."""
        payload["user_data_id"] = None

    @staticmethod
    def upcast_v2_v3(payload: dict[str, Any]) -> None:
        """Add how its container was made."""
        payload |= before_options()

    def apply(self, aggregate: "Instance") -> None:
        aggregate.image = self.image
        aggregate.type = aggregate.applied_type = self.type
        aggregate.vpc_id = self.vpc_id
        aggregate.vpc_name = self.vpc_name
        aggregate.restart = cast(RestartPolicy, self.restart)
        aggregate.command = self.command
        aggregate.environment_names = self.environment_names
        aggregate.environment_id = self.environment_id
        aggregate.ports = self.ports
        aggregate.volumes = self.volumes
        aggregate.tags = self.tags
        aggregate.user_data_id = self.user_data_id
        aggregate.process = ProcessOptions(self.init, self.capabilities, self.stop_grace_s, self.stop_signal)
        aggregate.generation = 1
        aggregate.interface = None
        aggregate.run = RunState()


class Started(Event):
    """The container runs. ``image_digest``: the content of its image; None: it runs from files that were kept."""

    class_version = 2

    address: str | None
    started_at: datetime
    image_digest: str | None

    @staticmethod
    def upcast_v1_v2(payload: dict[str, Any]) -> None:
        """Add that nobody recorded the content of the image."""
        payload["image_digest"] = None

    def apply(self, aggregate: "Instance") -> None:
        aggregate.image_digest = self.image_digest or aggregate.image_digest
        aggregate.run = aggregate.run.started(self.address, self.started_at)


class StartRequested(Event):
    """A start was requested."""

    def apply(self, aggregate: "Instance") -> None:
        aggregate.run = aggregate.run.start_requested()


class StopRequested(Event):
    """A stop was requested."""

    def apply(self, aggregate: "Instance") -> None:
        aggregate.run = aggregate.run.stop_requested()


class Stopped(Event):
    """It stopped as requested; ``starts_again`` says whether a start was requested meanwhile."""

    exit_code: int | None
    started_at: datetime | None
    starts_again: bool

    def apply(self, aggregate: "Instance") -> None:
        aggregate.run = aggregate.run.stopped(self.started_at, starts_again=self.starts_again)


class RebootRequested(Event):
    """A reboot was requested."""

    def apply(self, aggregate: "Instance") -> None:
        aggregate.run = aggregate.run.reboot_requested()


class Crashed(Event):
    """The program ended without a request; ``heals`` says whether it is started again."""

    exit_code: int | None
    reason: str
    started_at: datetime | None
    ended_at: datetime | None
    heals: bool

    def apply(self, aggregate: "Instance") -> None:
        aggregate.run = aggregate.run.crashed(self.reason, self.started_at, heals=self.heals)


class ImageAwaited(Event):
    """It waits for an image that is being built or fetched."""

    status: str
    reason: str

    def apply(self, aggregate: "Instance") -> None:
        aggregate.run = aggregate.run.image_awaited(self.status, self.reason)


class Failed(Event):
    """It cannot be reconciled at the moment."""

    reason: str

    def apply(self, aggregate: "Instance") -> None:
        aggregate.run = aggregate.run.failed(self.reason)


class TypeChangeRequested(Event):
    """Another type was requested."""

    type: str

    def apply(self, aggregate: "Instance") -> None:
        aggregate.type = self.type


class Resized(Event):
    """It has the limits of its type."""

    type: str

    def apply(self, aggregate: "Instance") -> None:
        aggregate.applied_type = self.type


class VolumeAttached(Event):
    """The next start has one more volume."""

    volume_id: str
    volume_name: str
    path: str

    def apply(self, aggregate: "Instance") -> None:
        volume = {"volume_id": self.volume_id, "volume_name": self.volume_name, "path": self.path}
        aggregate.volumes = [*aggregate.volumes, volume]
        aggregate.generation += 1


class VolumeDetached(Event):
    """The next start has one volume less."""

    volume_id: str

    def apply(self, aggregate: "Instance") -> None:
        aggregate.volumes = [each for each in aggregate.volumes if each["volume_id"] != self.volume_id]
        aggregate.generation += 1


class TagsChanged(Event):
    """Its tags were replaced."""

    tags: dict[str, str]

    def apply(self, aggregate: "Instance") -> None:
        aggregate.tags = self.tags


class CommandExecuted(Event):
    """Somebody ran a program inside; its arguments may hold secrets and are not recorded."""

    program: str


class TerminateRequested(Event):
    """Its termination was requested; it is kept in the trash until ``purges_at``; None: it is not kept."""

    class_version = 2

    purges_at: datetime | None

    @staticmethod
    def upcast_v1_v2(payload: dict[str, Any]) -> None:
        """Add that it was not kept: there was no trash."""
        payload["purges_at"] = None

    def apply(self, aggregate: "Instance") -> None:
        aggregate.purges_at = self.purges_at
        aggregate.run = aggregate.run.terminate_requested()


class Trashed(Event):
    """It is in the trash. Its name, host ports and volumes are free; its container is kept, stopped."""

    started_at: datetime | None

    def apply(self, aggregate: "Instance") -> None:
        aggregate.is_trashed = True
        aggregate.run = aggregate.run.trashed(self.started_at)


class Undeleted(Event):
    """It was taken out of the trash, under this name and into this VPC.

    ``replaces``: another container, with its files, has the other name or is in the other VPC. ``starts_again``: it ran
    before.
    """

    name: str
    vpc_id: str
    vpc_name: str
    replaces: bool
    starts_again: bool

    def apply(self, aggregate: "Instance") -> None:
        aggregate.name = self.name
        aggregate.vpc_id = self.vpc_id
        aggregate.vpc_name = self.vpc_name
        aggregate.purges_at = None
        aggregate.is_trashed = False
        aggregate.was_trashed = True
        aggregate.generation += 1 if self.replaces else 0
        aggregate.run = aggregate.run.undeleted(starts_again=self.starts_again)


class PurgeRequested(Event):
    """It is to be removed for good."""

    reason: str

    def apply(self, aggregate: "Instance") -> None:
        aggregate.purges_at = None
        aggregate.run = aggregate.run.purging(self.reason)


class PurgeFailed(Event):
    """It cannot be removed at the moment."""

    reason: str

    def apply(self, aggregate: "Instance") -> None:
        aggregate.run = aggregate.run.purging(self.reason)


class Terminated(Event):
    """It is terminated."""

    def apply(self, aggregate: "Instance") -> None:
        aggregate.run = aggregate.run.terminated()
