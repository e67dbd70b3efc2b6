"""The document of a scaling group."""

from typing import Any, Unpack

from domain.plan.secrets import unchanged
from domain.scaling_group import ScalingGroup
from projections.document import on, set_status, statuses
from projections.estate import Documents, specified
from projections.interface import interface_specification
from projections.metering import metered
from projections.scaling_group.types import (
    GroupTemplate,
    Member,
    MemberChanges,
    RefreshStatus,
    ScalingGroupDocument,
)
from projections.sentences import sentences, when

Event = dict[str, Any]

# Its instances are metered as what they are.
metered(ScalingGroup, lambda document: {"scaling_group": 1} if document["status"] != "deleted" else {})
statuses(ScalingGroup, ScalingGroupDocument, {})
sentences(
    ScalingGroup,
    {
        "create_requested": "creation requested ({desired} instances, {min} to {max})",
        "size_changed": "size changed to {desired} instances ({min} to {max})",
        "keeping_changed": "health policy changed",
        "load_balancers_changed": "load balancers changed",
        "template_changed": "template changed, now version {version}",
        "instance_launched": "instance {instance_name} launched: {reason}",
        "instance_entered": "instance {instance_name} in service",
        "instance_became_unhealthy": "instance {instance_name} unhealthy: {reason}",
        "instance_recovered": "instance {instance_name} healthy again",
        "instance_released": "instance {instance_name} terminated: {reason}",
        "instance_ended": "instance {instance_name} gone",
        "protection_changed": when(
            "is_protected",
            "instance {instance_name} protected from scale-in",
            "instance {instance_name} no longer protected from scale-in",
        ),
        "launches_failed": "launches delayed after {failures} failures in a row: {reason}",
        "policy_changed": "policy {policy_name} set",
        "policy_removed": "policy {policy_name} removed",
        "decided": "scaling decision {action}, from {desired_before} to {desired} instances: {reason}",
        "schedule_applied": "size set by the schedule {policy_name} to {desired} instances ({min} to {max})",
        "suspended": "processes suspended: {processes}",
        "resumed": "processes resumed: {processes}",
        "paused": "paused while the plan {plan} is applied",
        "pause_ended": "no longer paused: the plan {plan} has ended",
        "refresh_started": "instance refresh to template {to_version} started",
        "refresh_succeeded": "instance refresh to template {version} completed",
        "refresh_failed": "instance refresh failed, template {template_version} is used: {reason}",
        "refresh_cancelled": "instance refresh cancelled",
    },
)


@on("scaling_group.create_requested")
def create_requested(document: ScalingGroupDocument, event: Event) -> None:
    """Show a group that was requested."""
    document["spec"] = {
        "min": event["min"],
        "desired": event["desired"],
        "max": event["max"],
        "template": _template(event["template"]),
        "health_check": event["keeping"]["health_check"],
        "replace_percent": event["keeping"]["replace_percent"],
        "termination_policy": event["keeping"]["termination_policy"],
        "health_check_grace_s": event["keeping"]["grace_s"],
        "load_balancers": event["load_balancers"],
        "policies": {},
        "suspended": [],
    }
    document["observed"] = {
        "in_service": 0,
        "instances": [],
        "template_version": 1,
        "refresh": None,
        "last_decision": None,
        "launches_wait_until": None,
        "paused_by": [],
    }
    set_status(document, "creating")


@on("scaling_group.size_changed")
def size_changed(document: ScalingGroupDocument, event: Event) -> None:
    """Show other sizes."""
    document["spec"]["min"] = event["min"]
    document["spec"]["desired"] = event["desired"]
    document["spec"]["max"] = event["max"]


@on("scaling_group.schedule_applied")
def schedule_applied(document: ScalingGroupDocument, event: Event) -> None:
    """Show the sizes of a schedule."""
    size_changed(document, event)


@on("scaling_group.keeping_changed")
def keeping_changed(document: ScalingGroupDocument, event: Event) -> None:
    """Show other rules."""
    spec, rules = document["spec"], event["keeping"]
    spec["health_check"] = rules["health_check"]
    spec["replace_percent"] = rules["replace_percent"]
    spec["termination_policy"] = rules["termination_policy"]
    spec["health_check_grace_s"] = rules["grace_s"]


@on("scaling_group.load_balancers_changed")
def load_balancers_changed(document: ScalingGroupDocument, event: Event) -> None:
    """Show other load balancers."""
    document["spec"]["load_balancers"] = event["load_balancers"]


@on("scaling_group.template_changed")
def template_changed(document: ScalingGroupDocument, event: Event) -> None:
    """Show another template."""
    document["spec"]["template"] = _template(event["template"])
    document["observed"]["template_version"] = event["version"]


@on("scaling_group.policy_changed")
def policy_changed(document: ScalingGroupDocument, event: Event) -> None:
    """Show a policy."""
    document["spec"]["policies"] = {**document["spec"]["policies"], event["policy_name"]: event["policy"]}


@on("scaling_group.policy_removed")
def policy_removed(document: ScalingGroupDocument, event: Event) -> None:
    """Show that a policy is no more."""
    left = {name: each for name, each in document["spec"]["policies"].items() if name != event["policy_name"]}
    document["spec"]["policies"] = left


@on("scaling_group.suspended")
def suspended(document: ScalingGroupDocument, event: Event) -> None:
    """Show what rests."""
    document["spec"]["suspended"] = sorted({*document["spec"]["suspended"], *event["processes"]})


@on("scaling_group.resumed")
def resumed(document: ScalingGroupDocument, event: Event) -> None:
    """Show what still rests."""
    left = [each for each in document["spec"]["suspended"] if each not in event["processes"]]
    document["spec"]["suspended"] = left


@on("scaling_group.paused")
def paused(document: ScalingGroupDocument, event: Event) -> None:
    """Show for which plan it pauses."""
    document["observed"]["paused_by"] = [*document["observed"]["paused_by"], event["plan"]]


@on("scaling_group.pause_ended")
def pause_ended(document: ScalingGroupDocument, event: Event) -> None:
    """Show for which plans it still pauses."""
    left = [each for each in document["observed"]["paused_by"] if each != event["plan"]]
    document["observed"]["paused_by"] = left


@on("scaling_group.decided")
def decided(document: ScalingGroupDocument, event: Event) -> None:
    """Show what the policies came to."""
    document["spec"]["desired"] = event["desired"]
    document["observed"]["last_decision"] = {
        "action": event["action"],
        "desired_before": event["desired_before"],
        "desired": event["desired"],
        "reason": event["reason"],
        "policy": event["policy_name"],
        "at": event["decided_at"],
    }


@on("scaling_group.instance_launched")
def instance_launched(document: ScalingGroupDocument, event: Event) -> None:
    """Show one more instance."""
    new: Member = {
        "id": event["instance_id"],
        "name": event["instance_name"],
        "status": "starting",
        "reason": None,
        "template_version": event["template_version"],
        "is_protected": False,
    }
    _show(document, [*document["observed"]["instances"], new])


@on("scaling_group.instance_entered")
def instance_entered(document: ScalingGroupDocument, event: Event) -> None:
    """Show an instance in service."""
    _change(document, event, status="in-service", reason=None)
    document["observed"]["launches_wait_until"] = None


@on("scaling_group.instance_became_unhealthy")
def instance_became_unhealthy(document: ScalingGroupDocument, event: Event) -> None:
    """Show an instance that is to be replaced."""
    _change(document, event, status="unhealthy", reason=event["reason"])


@on("scaling_group.instance_recovered")
def instance_recovered(document: ScalingGroupDocument, event: Event) -> None:
    """Show an instance that serves again."""
    _change(document, event, status="in-service", reason=None)


@on("scaling_group.instance_released")
def instance_released(document: ScalingGroupDocument, event: Event) -> None:
    """Show an instance that goes."""
    _change(document, event, status="leaving", reason=event["reason"])


@on("scaling_group.instance_ended")
def instance_ended(document: ScalingGroupDocument, event: Event) -> None:
    """Show one instance less."""
    _show(document, [i for i in document["observed"]["instances"] if i["id"] != event["instance_id"]])


@on("scaling_group.protection_changed")
def protection_changed(document: ScalingGroupDocument, event: Event) -> None:
    """Show whether an instance is protected."""
    _change(document, event, is_protected=event["is_protected"])


@on("scaling_group.launches_failed")
def launches_failed(document: ScalingGroupDocument, event: Event) -> None:
    """Show until when no launch is tried."""
    document["observed"]["launches_wait_until"] = event["retry_at"]


@on("scaling_group.refresh_started")
def refresh_started(document: ScalingGroupDocument, event: Event) -> None:
    """Show a refresh."""
    document["observed"]["refresh"] = {
        "from_version": event["from_version"],
        "to_version": event["to_version"],
        "status": "running",
        "reason": None,
    }


@on("scaling_group.refresh_succeeded")
def refresh_succeeded(document: ScalingGroupDocument, event: Event) -> None:  # noqa: ARG001 - every change has this shape
    """Show that a refresh is done."""
    refresh = document["observed"]["refresh"]
    _refresh(document, "succeeded" if refresh and refresh["status"] == "running" else "rolled-back")


@on("scaling_group.refresh_failed")
def refresh_failed(document: ScalingGroupDocument, event: Event) -> None:
    """Show why a refresh stopped."""
    _refresh(document, "rolling-back" if event["rolls_back"] else "failed", event["reason"])
    document["observed"]["template_version"] = event["template_version"]
    document["spec"]["template"] = _template(event["template"])


@on("scaling_group.refresh_cancelled")
def refresh_cancelled(document: ScalingGroupDocument, event: Event) -> None:  # noqa: ARG001 - as above
    """Show that a refresh was cancelled."""
    _refresh(document, "cancelled")


def _template(template: dict[str, Any]) -> GroupTemplate:
    """Return a template in the form of the ``spec`` of an instance."""
    return {
        "image": template["image"],
        "type": template["type"],
        "command": template["command"],
        "restart": template["restart"],
        "tags": template["tags"],
        "init": template["init"],
        "capabilities": template["capabilities"],
        "stop_grace_s": template["stop_grace_s"],
        "stop_signal": template["stop_signal"],
        "env": template["environment_names"],
        "ports": [{"port": port, "publish": None} for port in template["ports"]],
        "vpc": {"id": template["vpc_id"], "name": template["vpc_name"]},
        "subnet": {"id": template["subnet_id"], "name": template["subnet_name"]},
        "security_groups": template["security_groups"],
    }


def _change(document: ScalingGroupDocument, event: Event, **changes: Unpack[MemberChanges]) -> None:
    about = event["instance_id"]
    _show(document, [{**i, **changes} if i["id"] == about else i for i in document["observed"]["instances"]])


def _show(document: ScalingGroupDocument, instances: list[Member]) -> None:
    document["observed"]["instances"] = instances
    document["observed"]["in_service"] = sum(each["status"] == "in-service" for each in instances)


def _refresh(document: ScalingGroupDocument, status: RefreshStatus, reason: str | None = None) -> None:
    if refresh := document["observed"]["refresh"]:
        document["observed"]["refresh"] = {**refresh, "status": status, "reason": reason}


@specified("scaling_group")
def specification(document: ScalingGroupDocument, among: Documents) -> dict[str, Any]:
    """Return what creates the group with its policies."""
    spec = document["spec"]
    template = spec["template"]
    return {
        "template": {
            **template,
            "env": unchanged(template["env"]),
            "vpc": among.name(template["vpc"]),
            **interface_specification(template["subnet"], template["security_groups"]),
        },
        "min": spec["min"],
        "desired": spec["desired"],
        "max": spec["max"],
        "load_balancers": [
            {
                "load_balancer": among.name({"id": each["load_balancer_id"], "name": each["load_balancer"]}),
                "port": each["port"],
                "target_group": each["target_group"],
                "weight": each["weight"],
            }
            for each in spec["load_balancers"]
        ],
        "health_check": spec["health_check"],
        "health_check_grace_s": spec["health_check_grace_s"],
        "replace_percent": spec["replace_percent"],
        "termination_policy": spec["termination_policy"],
        "policies": spec["policies"],
        "suspended": spec["suspended"],
    }
