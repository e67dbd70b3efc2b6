"""The document of a scaling group."""

from typing import Any

from domain.scaling_group import ScalingGroup
from projections.document import Document, on, statuses, turn
from projections.metering import metered
from projections.sentences import sentences

Event = dict[str, Any]
_SIZES = ("min", "desired", "max")

# Its instances are metered as what they are.
metered(ScalingGroup, lambda document: {"scaling_group": 1} if document["status"] != "deleted" else {})
statuses(ScalingGroup, {})
sentences(
    ScalingGroup,
    {
        "create_requested": "asked for with {desired} instances of {min} to {max}",
        "size_changed": "asked to have {desired} instances of {min} to {max}",
        "keeping_changed": "asked to keep its instances by other rules",
        "load_balancers_changed": "got other load balancers",
        "template_changed": "got the template {version}",
        "instance_launched": "launched {instance_name}: {reason}",
        "instance_entered": "has {instance_name} in service",
        "instance_became_unhealthy": "found {instance_name} unhealthy: {reason}",
        "instance_recovered": "found {instance_name} healthy again",
        "instance_released": "ended {instance_name}: {reason}",
        "instance_ended": "has {instance_name} no more",
        "protection_changed": "protects {instance_name} from going when it shrinks: {is_protected}",
        "launches_failed": "waits before it launches again, as {failures} in a row did not serve: {reason}",
        "policy_changed": "got the policy {policy_name}",
        "policy_removed": "lost the policy {policy_name}",
        "decided": "decided {action}, from {desired_before} to {desired} instances: {reason}",
        "schedule_applied": "has {desired} instances of {min} to {max} by its schedule {policy_name}",
        "suspended": "lets rest: {processes}",
        "resumed": "goes on with: {processes}",
        "refresh_started": "began to replace instances by those of template {to_version}",
        "refresh_succeeded": "has all instances of template {version}",
        "refresh_failed": "stopped its refresh, and launches template {template_version}: {reason}",
        "refresh_cancelled": "was told to stop its refresh",
    },
)


@on("scaling_group.create_requested")
def create_requested(document: Document, event: Event) -> None:
    """Show a group that was asked for."""
    document["spec"] = {
        **{name: event[name] for name in _SIZES},
        "template": _shown(event["template"]),
        **_kept(event["keeping"]),
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
    }
    turn(document, "creating")


@on("scaling_group.size_changed")
def size_changed(document: Document, event: Event) -> None:
    """Show other sizes."""
    _specify(document, **{name: event[name] for name in _SIZES})


@on("scaling_group.schedule_applied")
def schedule_applied(document: Document, event: Event) -> None:
    """Show the sizes of a schedule."""
    size_changed(document, event)


@on("scaling_group.keeping_changed")
def keeping_changed(document: Document, event: Event) -> None:
    """Show other rules."""
    _specify(document, **_kept(event["keeping"]))


@on("scaling_group.load_balancers_changed")
def load_balancers_changed(document: Document, event: Event) -> None:
    """Show other load balancers."""
    _specify(document, load_balancers=event["load_balancers"])


@on("scaling_group.template_changed")
def template_changed(document: Document, event: Event) -> None:
    """Show another template."""
    _specify(document, template=_shown(event["template"]))
    _observe(document, template_version=event["version"])


@on("scaling_group.policy_changed")
def policy_changed(document: Document, event: Event) -> None:
    """Show a policy."""
    _specify(document, policies={**document["spec"]["policies"], event["policy_name"]: event["policy"]})


@on("scaling_group.policy_removed")
def policy_removed(document: Document, event: Event) -> None:
    """Show that a policy is no more."""
    left = {name: each for name, each in document["spec"]["policies"].items() if name != event["policy_name"]}
    _specify(document, policies=left)


@on("scaling_group.suspended")
def suspended(document: Document, event: Event) -> None:
    """Show what rests."""
    _specify(document, suspended=sorted({*document["spec"]["suspended"], *event["processes"]}))


@on("scaling_group.resumed")
def resumed(document: Document, event: Event) -> None:
    """Show what still rests."""
    left = [each for each in document["spec"]["suspended"] if each not in event["processes"]]
    _specify(document, suspended=left)


@on("scaling_group.decided")
def decided(document: Document, event: Event) -> None:
    """Show what the policies came to."""
    _specify(document, desired=event["desired"])
    told = {name: event[name] for name in ("action", "desired_before", "desired", "reason")}
    decision = {**told, "policy": event["policy_name"], "at": event["decided_at"]}
    _observe(document, last_decision=decision)


@on("scaling_group.instance_launched")
def instance_launched(document: Document, event: Event) -> None:
    """Show one more instance."""
    new = {
        "id": event["instance_id"],
        "name": event["instance_name"],
        "status": "starting",
        "reason": None,
        "template_version": event["template_version"],
        "is_protected": False,
    }
    _show(document, [*document["observed"]["instances"], new])


@on("scaling_group.instance_entered")
def instance_entered(document: Document, event: Event) -> None:
    """Show an instance in service."""
    _change(document, event, status="in-service", reason=None)
    _observe(document, launches_wait_until=None)


@on("scaling_group.instance_became_unhealthy")
def instance_became_unhealthy(document: Document, event: Event) -> None:
    """Show an instance that is to be replaced."""
    _change(document, event, status="unhealthy", reason=event["reason"])


@on("scaling_group.instance_recovered")
def instance_recovered(document: Document, event: Event) -> None:
    """Show an instance that serves again."""
    _change(document, event, status="in-service", reason=None)


@on("scaling_group.instance_released")
def instance_released(document: Document, event: Event) -> None:
    """Show an instance that goes."""
    _change(document, event, status="leaving", reason=event["reason"])


@on("scaling_group.instance_ended")
def instance_ended(document: Document, event: Event) -> None:
    """Show one instance less."""
    _show(document, [i for i in document["observed"]["instances"] if i["id"] != event["instance_id"]])


@on("scaling_group.protection_changed")
def protection_changed(document: Document, event: Event) -> None:
    """Show whether an instance is protected."""
    _change(document, event, is_protected=event["is_protected"])


@on("scaling_group.launches_failed")
def launches_failed(document: Document, event: Event) -> None:
    """Show until when no launch is tried."""
    _observe(document, launches_wait_until=event["retry_at"])


@on("scaling_group.refresh_started")
def refresh_started(document: Document, event: Event) -> None:
    """Show a refresh."""
    told = {"from_version": event["from_version"], "to_version": event["to_version"], "status": "running"}
    _observe(document, refresh={**told, "reason": None})


@on("scaling_group.refresh_succeeded")
def refresh_succeeded(document: Document, event: Event) -> None:  # noqa: ARG001 - every change has this shape
    """Show that a refresh is done."""
    _refresh(
        document, "succeeded" if document["observed"]["refresh"]["status"] == "running" else "rolled-back"
    )


@on("scaling_group.refresh_failed")
def refresh_failed(document: Document, event: Event) -> None:
    """Show why a refresh stopped."""
    _refresh(document, "rolling-back" if event["rolls_back"] else "failed", event["reason"])
    _observe(document, template_version=event["template_version"])
    _specify(document, template=_shown(event["template"]))


@on("scaling_group.refresh_cancelled")
def refresh_cancelled(document: Document, event: Event) -> None:  # noqa: ARG001 - as above
    """Show that a refresh was cancelled."""
    _refresh(document, "cancelled")


def _shown(template: dict[str, Any]) -> dict[str, Any]:
    """Return a template as an instance shows the same."""
    return {
        **{name: template[name] for name in ("image", "type", "command", "restart", "tags")},
        "env": template["environment_names"],
        "ports": [{"port": port, "publish": None} for port in template["ports"]],
        "vpc": {"id": template["vpc_id"], "name": template["vpc_name"]},
    }


def _kept(keeping: dict[str, Any]) -> dict[str, Any]:
    rest = {name: value for name, value in keeping.items() if name != "grace_s"}
    return {**rest, "health_check_grace_s": keeping["grace_s"]}


def _specify(document: Document, **changes: Any) -> None:
    document["spec"] = {**document["spec"], **changes}


def _observe(document: Document, **changes: Any) -> None:
    document["observed"] = {**document["observed"], **changes}


def _change(document: Document, event: Event, **changes: Any) -> None:
    about = event["instance_id"]
    _show(document, [{**i, **changes} if i["id"] == about else i for i in document["observed"]["instances"]])


def _show(document: Document, instances: list[dict[str, Any]]) -> None:
    serving = sum(each["status"] == "in-service" for each in instances)
    _observe(document, instances=instances, in_service=serving)


def _refresh(document: Document, status: str, reason: str | None = None) -> None:
    _observe(document, refresh={**document["observed"]["refresh"], "status": status, "reason": reason})
