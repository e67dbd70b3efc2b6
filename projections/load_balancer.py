"""The document of a load balancer."""

from collections.abc import Mapping
from typing import Any

from domain.load_balancer import LoadBalancer
from domain.load_balancer.target import NEW
from projections.document import Document, on, statuses, turn
from projections.metering import metered
from projections.sentences import sentences

_NEEDS_PEM = {"pem", "key_id"}
"""Of a certificate, what no reader of the document needs."""

statuses(
    LoadBalancer, {"became_available": "available", "delete_requested": "deleting", "deleted": "deleted"}
)
sentences(
    LoadBalancer,
    {
        "create_requested": "asked for in {vpc_name}",
        "became_available": "became available",
        "failed": "could not be brought in line: {reason}",
        "listeners_changed": "given other listeners",
        "target_groups_changed": "given other target groups",
        "timeouts_changed": "given other time limits",
        "certificate_uploaded": "given the certificate {name} for {subject}",
        "certificate_removed": "lost the certificate {name}",
        "target_registered": "given the target {target_id}",
        "target_weight_changed": "gave {target_id} the weight {weight}",
        "target_deregistered": "asked to let go of {target_id}",
        "target_state_changed": "found {target_id} {state}: {reason}",
        "target_released": "let go of {target_id}: {reason}",
        "selector_added": "given targets by the tags {tags}",
        "selector_removed": "asked to let go of the targets of {selector_id}",
        "tags_changed": "tagged {tags}",
        "delete_requested": "asked to be deleted",
        "deleted": "deleted",
    },
)
metered(
    LoadBalancer,
    lambda document: {"load_balancer": 1} if document["status"] in {"available", "error", "deleting"} else {},
)


@on("load_balancer.create_requested")
def create_requested(document: Document, event: dict[str, Any]) -> None:
    """Show a load balancer that was asked for."""
    document["spec"] = {
        "vpc": {"id": event["vpc_id"], "name": event["vpc_name"]},
        "listeners": event["listeners"],
        "target_groups": event["target_groups"],
        "timeouts": event["timeouts"],
        "certificates": [],
        "selectors": [],
    }
    document["observed"] = {"targets": [], "health": _health([])}
    turn(document, "creating")


@on("load_balancer.listeners_changed")
@on("load_balancer.target_groups_changed")
@on("load_balancer.timeouts_changed")
def routes_changed(document: Document, event: dict[str, Any]) -> None:
    """Show where it listens, where requests go, how long it waits."""
    known = {name: event[name] for name in ("listeners", "target_groups", "timeouts") if name in event}
    document["spec"] = {**document["spec"], **known}


@on("load_balancer.certificate_uploaded")
def certificate_uploaded(document: Document, event: dict[str, Any]) -> None:
    """Show a certificate, without what only the proxy needs."""
    shown = {key: value for key, value in event.items() if key not in _NEEDS_PEM}
    others = [each for each in document["spec"]["certificates"] if each["name"] != event["name"]]
    document["spec"] = {**document["spec"], "certificates": [*others, shown]}


@on("load_balancer.certificate_removed")
def certificate_removed(document: Document, event: dict[str, Any]) -> None:
    """Show one certificate less."""
    left = [each for each in document["spec"]["certificates"] if each["name"] != event["name"]]
    document["spec"] = {**document["spec"], "certificates": left}


@on("load_balancer.selector_added")
def selector_added(document: Document, event: dict[str, Any]) -> None:
    """Show one selector more."""
    shown = {
        "id": event["selector_id"],
        **{key: event[key] for key in ("target_group", "tags", "port", "weight")},
    }
    others = [each for each in document["spec"]["selectors"] if each["id"] != event["selector_id"]]
    document["spec"] = {**document["spec"], "selectors": [*others, shown]}


@on("load_balancer.selector_removed")
def selector_removed(document: Document, event: dict[str, Any]) -> None:
    """Show one selector less."""
    left = [each for each in document["spec"]["selectors"] if each["id"] != event["selector_id"]]
    document["spec"] = {**document["spec"], "selectors": left}


@on("load_balancer.target_registered")
def target_registered(document: Document, event: dict[str, Any]) -> None:
    """Show a target, not in service yet, or one that was leaving and stays."""
    known = _target(document, event["target_id"])
    instance = {"id": event["instance_id"], "name": event["instance_name"]} if event["instance_id"] else None
    fresh = {"state": "unused", "reason": NEW, "since": None, "serves_at": None}
    target = {
        **(known or fresh),
        "id": event["target_id"],
        "target_group": event["target_group"],
        "instance": instance,
        "address": event["address"],
        "port": event["port"],
        "weight": event["weight"],
        "selector": event["selector"],
        "is_leaving": False,
    }
    _keep(document, target)


@on("load_balancer.target_weight_changed")
def target_weight_changed(document: Document, event: dict[str, Any]) -> None:
    """Show another weight."""
    _change(document, event["target_id"], weight=event["weight"])


@on("load_balancer.target_deregistered")
def target_deregistered(document: Document, event: dict[str, Any]) -> None:
    """Show that a target is not wanted any more."""
    _change(document, event["target_id"], is_leaving=True)


@on("load_balancer.target_state_changed")
def target_state_changed(document: Document, event: dict[str, Any]) -> None:
    """Show in which state a target is, why, and since when."""
    known = _target(document, event["target_id"]) or {}
    since = known.get("since") if known.get("state") == event["state"] else event["at"]
    _change(
        document,
        event["target_id"],
        state=event["state"],
        reason=event["reason"],
        since=since,
        serves_at=event["address"],
    )


@on("load_balancer.target_released")
def target_released(document: Document, event: dict[str, Any]) -> None:
    """Show one target less."""
    _observe(document, [each for each in document["observed"]["targets"] if each["id"] != event["target_id"]])


def _target(document: Document, target_id: str) -> dict[str, Any] | None:
    return next((each for each in document["observed"]["targets"] if each["id"] == target_id), None)


def _change(document: Document, target_id: str, **values: Any) -> None:
    known = _target(document, target_id)
    if known is not None:
        _keep(document, {**known, **values})


def _keep(document: Document, target: Mapping[str, Any]) -> None:
    targets = document["observed"]["targets"]
    if _target(document, target["id"]) is None:
        _observe(document, [*targets, target])
    else:
        _observe(document, [target if each["id"] == target["id"] else each for each in targets])


def _observe(document: Document, targets: list[Mapping[str, Any]]) -> None:
    document["observed"] = {**document["observed"], "targets": targets, "health": _health(targets)}


def _health(targets: list[Mapping[str, Any]]) -> dict[str, int]:
    """Return how many targets are in each state."""
    states = ("initial", "healthy", "unhealthy", "draining", "unused")
    return {state: sum(each["state"] == state for each in targets) for state in states}
