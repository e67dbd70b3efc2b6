"""The document of an instance."""

from typing import Any

from domain.instance import Instance
from domain.instance_type import INSTANCE_TYPES
from projections.document import Document, on, statuses, turn
from projections.metering import metered
from projections.sentences import sentences

metered(Instance, lambda document: {"instance": 1} if document["status"] == "running" else {})
statuses(
    Instance,
    {"start_requested": "starting", "stop_requested": "stopping", "terminate_requested": "terminating"},
)
sentences(
    Instance,
    {
        "launch_requested": "launched from {image} as {type}",
        "started": "started running",
        "start_requested": "asked to start",
        "stop_requested": "asked to stop",
        "stopped": "stopped",
        "reboot_requested": "asked to reboot",
        "crashed": "ended unasked: {reason}",
        "failed": "could not be brought in line: {reason}",
        "type_change_requested": "asked to become {type}",
        "resized": "became {type}",
        "volume_attached": "given the volume {volume_name} at {path}",
        "volume_detached": "lost a volume",
        "tags_changed": "tagged {tags}",
        "terminate_requested": "asked to be terminated",
        "terminated": "terminated",
        "command_executed": "had {program} run inside",
    },
)


@on("instance.launch_requested")
def launch_requested(document: Document, event: dict[str, Any]) -> None:
    """Show an instance that was asked for; of its environment only the names, of user data that there is some."""
    document["spec"] = {
        "image": event["image"],
        **_type(event["type"]),
        "command": event["command"],
        "env": event["environment_names"],
        "user_data": event["user_data_id"] is not None,
        "ports": event["ports"],
        "vpc": {"id": event["vpc_id"], "name": event["vpc_name"]},
        "volumes": [
            {"volume": volume["volume_id"], "name": volume["volume_name"], "path": volume["path"]}
            for volume in event["volumes"]
        ],
        "restart": event["restart"],
    }
    document["observed"] = {
        "address": None,
        "started_at": None,
        "exit_code": None,
        "ended_at": None,
        "restarts": 0,
    }
    turn(document, "pending")


@on("instance.started")
def started(document: Document, event: dict[str, Any]) -> None:
    """Show that the container runs."""
    _observe(
        document, address=event["address"], started_at=event["started_at"], exit_code=None, ended_at=None
    )
    turn(document, "running")


@on("instance.stopped")
def stopped(document: Document, event: dict[str, Any]) -> None:
    """Show that it does not run, as was asked."""
    _observe(document, address=None, exit_code=event["exit_code"])
    turn(document, "starting" if event["starts_again"] else "stopped")


@on("instance.reboot_requested")
def reboot_requested(document: Document, event: dict[str, Any]) -> None:  # noqa: ARG001 - every change has this shape
    """Show that it stops and runs again."""
    turn(document, "starting", "rebooting")


@on("instance.crashed")
def crashed(document: Document, event: dict[str, Any]) -> None:
    """Show how the program ended though nobody asked."""
    restarts = document["observed"]["restarts"] + (1 if event["heals"] else 0)
    _observe(
        document, address=None, exit_code=event["exit_code"], ended_at=event["ended_at"], restarts=restarts
    )
    turn(document, "starting" if event["heals"] else "stopped", event["reason"])


@on("instance.type_change_requested")
def type_change_requested(document: Document, event: dict[str, Any]) -> None:
    """Show the type it will have."""
    document["spec"] = {**document["spec"], "type": event["type"]}


@on("instance.resized")
def resized(document: Document, event: dict[str, Any]) -> None:
    """Show the limits it has."""
    document["spec"] = {**document["spec"], **_type(event["type"])}


@on("instance.volume_attached")
def volume_attached(document: Document, event: dict[str, Any]) -> None:
    """Show one more volume."""
    added = {"volume": event["volume_id"], "name": event["volume_name"], "path": event["path"]}
    document["spec"] = {**document["spec"], "volumes": [*document["spec"]["volumes"], added]}


@on("instance.volume_detached")
def volume_detached(document: Document, event: dict[str, Any]) -> None:
    """Show one volume less."""
    left = [volume for volume in document["spec"]["volumes"] if volume["volume"] != event["volume_id"]]
    document["spec"] = {**document["spec"], "volumes": left}


@on("instance.terminated")
def terminated(document: Document, event: dict[str, Any]) -> None:  # noqa: ARG001 - as above
    """Show that it is gone."""
    _observe(document, address=None)
    turn(document, "terminated")


def _observe(document: Document, **values: Any) -> None:
    document["observed"] = {**document["observed"], **values}


def _type(name: str) -> dict[str, Any]:
    known = INSTANCE_TYPES[name]
    return {"type": name, "cpus": known.cpus, "memory_mb": known.memory_mb}
