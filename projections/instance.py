"""The document of an instance."""

from typing import Any, Literal

from typing_extensions import TypedDict

from domain.instance import Instance
from domain.instance.spec import RestartPolicy
from domain.instance_type import INSTANCE_TYPES
from domain.plan.secrets import USE_PREVIOUS_VALUE, unchanged
from projections.document import Reference, ResourceDocument, also, on, set_status, statuses
from projections.estate import Documents, specified
from projections.interface import (
    InterfaceSpec,
    interface_specification,
    stop_showing_address,
    with_interface,
)
from projections.metering import metered
from projections.sentences import sentences
from projections.trash import trashable


class InstancePort(TypedDict):
    """A port of the main process, and where it is published on the host."""

    port: int
    publish: int | None


class InstanceVolume(TypedDict):
    """A volume, and where it is mounted."""

    volume: str
    name: str
    path: str


class InstanceSpec(InterfaceSpec):
    """The desired state of an instance. Of its environment only names are shown."""

    image: str
    type: str
    cpus: float
    memory_mb: int
    command: list[str]
    env: list[str]
    user_data: bool
    """Whether it has user data."""
    ports: list[InstancePort]
    vpc: Reference
    volumes: list[InstanceVolume]
    restart: RestartPolicy
    init: bool
    capabilities: list[str]
    stop_grace_s: int
    stop_signal: str | None


class InstanceObserved(TypedDict):
    """The actual state of an instance."""

    address: str | None
    started_at: str | None
    exit_code: int | None
    ended_at: str | None
    restarts: int
    image_digest: str | None
    """The content of the image that it was launched from; None: not recorded."""


class InstanceDocument(ResourceDocument):
    """An instance."""

    kind: Literal["instance"]
    spec: InstanceSpec
    observed: InstanceObserved


metered(Instance, lambda document: {"instance": 1} if document["status"] == "running" else {})
statuses(
    Instance,
    InstanceDocument,
    {"start_requested": "starting", "stop_requested": "stopping"},
)
trashable(Instance, "terminate_requested", "terminating")
with_interface(Instance)
sentences(
    Instance,
    {
        "launch_requested": "launch requested ({image}, {type})",
        "started": "started",
        "start_requested": "start requested",
        "stop_requested": "stop requested",
        "stopped": "stopped",
        "reboot_requested": "reboot requested",
        "crashed": "exited unexpectedly: {reason}",
        "image_awaited": "waiting: {reason}",
        "failed": "failed: {reason}",
        "type_change_requested": "change to {type} requested",
        "resized": "resized to {type}",
        "volume_attached": "volume {volume_name} attached at {path}",
        "volume_detached": "volume {volume_id} detached",
        "tags_changed": "tags changed to {tags}",
        "terminate_requested": "termination requested",
        "terminated": "terminated",
        "command_executed": "command {program} executed",
    },
)


@on("instance.launch_requested")
def launch_requested(document: InstanceDocument, event: dict[str, Any]) -> None:
    """Show an instance that was requested; of its environment only the names, of user data that there is some."""
    limits = INSTANCE_TYPES[event["type"]]
    document["spec"] = {
        "image": event["image"],
        "type": event["type"],
        "cpus": limits.cpus,
        "memory_mb": limits.memory_mb,
        "command": event["command"],
        "env": event["environment_names"],
        "user_data": event["user_data_id"] is not None,
        "ports": event["ports"],
        "vpc": {"id": event["vpc_id"], "name": event["vpc_name"]},
        "subnet": None,
        "security_groups": [],
        "volumes": [
            {"volume": volume["volume_id"], "name": volume["volume_name"], "path": volume["path"]}
            for volume in event["volumes"]
        ],
        "restart": event["restart"],
        "init": event["init"],
        "capabilities": event["capabilities"],
        "stop_grace_s": event["stop_grace_s"],
        "stop_signal": event["stop_signal"],
    }
    document["observed"] = _unobserved()
    set_status(document, "pending")


def _unobserved() -> InstanceObserved:
    """Return what is observed of an instance that never ran."""
    return {
        "address": None,
        "started_at": None,
        "exit_code": None,
        "ended_at": None,
        "restarts": 0,
        "image_digest": None,
    }


@on("instance.started")
def started(document: InstanceDocument, event: dict[str, Any]) -> None:
    """Show that the container runs."""
    observed = document["observed"]
    observed["address"] = event["address"]
    observed["started_at"] = event["started_at"]
    observed["image_digest"] = event["image_digest"] or observed["image_digest"]
    observed["exit_code"] = None
    observed["ended_at"] = None
    set_status(document, "running")


@on("instance.stopped")
def stopped(document: InstanceDocument, event: dict[str, Any]) -> None:
    """Show that it does not run, as was asked."""
    stop_showing_address(document)
    document["observed"]["exit_code"] = event["exit_code"]
    set_status(document, "starting" if event["starts_again"] else "stopped")


@on("instance.reboot_requested")
def reboot_requested(document: InstanceDocument, event: dict[str, Any]) -> None:  # noqa: ARG001 - every change has this shape
    """Show that it stops and runs again."""
    set_status(document, "starting", "rebooting")


@on("instance.crashed")
def crashed(document: InstanceDocument, event: dict[str, Any]) -> None:
    """Show how the program ended though nobody asked."""
    observed = document["observed"]
    stop_showing_address(document)
    observed["exit_code"] = event["exit_code"]
    observed["ended_at"] = event["ended_at"]
    observed["restarts"] += 1 if event["heals"] else 0
    set_status(document, "starting" if event["heals"] else "stopped", event["reason"])


@on("instance.type_change_requested")
def type_change_requested(document: InstanceDocument, event: dict[str, Any]) -> None:
    """Show the type it will have."""
    document["spec"]["type"] = event["type"]


@on("instance.resized")
def resized(document: InstanceDocument, event: dict[str, Any]) -> None:
    """Show the limits it has."""
    limits = INSTANCE_TYPES[event["type"]]
    document["spec"]["type"] = event["type"]
    document["spec"]["cpus"] = limits.cpus
    document["spec"]["memory_mb"] = limits.memory_mb


@on("instance.volume_attached")
def volume_attached(document: InstanceDocument, event: dict[str, Any]) -> None:
    """Show one more volume."""
    added: InstanceVolume = {
        "volume": event["volume_id"],
        "name": event["volume_name"],
        "path": event["path"],
    }
    document["spec"]["volumes"] = [*document["spec"]["volumes"], added]


@on("instance.volume_detached")
def volume_detached(document: InstanceDocument, event: dict[str, Any]) -> None:
    """Show one volume less."""
    left = [volume for volume in document["spec"]["volumes"] if volume["volume"] != event["volume_id"]]
    document["spec"]["volumes"] = left


@also("instance.undeleted")
def undeleted(document: InstanceDocument, event: dict[str, Any]) -> None:
    """Show whether it starts again."""
    set_status(document, "starting" if event["starts_again"] else "stopped")


@on("instance.terminated")
def terminated(document: InstanceDocument, event: dict[str, Any]) -> None:  # noqa: ARG001 - as above
    """Show that it is gone."""
    document["observed"]["address"] = None
    set_status(document, "terminated")


@specified("instance")
def specification(document: InstanceDocument, among: Documents) -> dict[str, Any]:
    """Return what launches the instance."""
    spec = document["spec"]
    return {
        "image": spec["image"],
        "type": spec["type"],
        "command": spec["command"],
        "env": unchanged(spec["env"]),
        "user_data": USE_PREVIOUS_VALUE if spec["user_data"] else "",
        "ports": spec["ports"],
        "vpc": among.name(spec["vpc"]),
        **interface_specification(spec["subnet"], spec["security_groups"]),
        "volumes": [
            {"volume": among.name({"id": each["volume"], "name": each["name"]}), "path": each["path"]}
            for each in spec["volumes"]
        ],
        "restart": spec["restart"],
        "init": spec["init"],
        "capabilities": spec["capabilities"],
        "stop_grace_s": spec["stop_grace_s"],
        "stop_signal": spec["stop_signal"],
    }
