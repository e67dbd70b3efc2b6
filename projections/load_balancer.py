"""The document of a load balancer."""

from typing import Any, Literal, Unpack

from typing_extensions import TypedDict

from domain.load_balancer import LoadBalancer
from domain.load_balancer.spec import DEFAULT_GROUP, Algorithm, CheckProtocol, Protocol
from domain.load_balancer.target import NEW, State
from domain.plan.secrets import unchanged
from domain.scaling_group.template import OWNED_TAG
from projections.document import Reference, ResourceDocument, on, set_status, statuses
from projections.estate import Documents, specified
from projections.interface import InterfaceSpec, interface_specification, with_interface
from projections.metering import metered
from projections.sentences import sentences


class Rule(TypedDict):
    """Which requests of a listener go to another target group."""

    target_group: str
    host: str | None
    path: str | None


class Listener(TypedDict):
    """A host port that the balancer listens on."""

    port: int
    protocol: Protocol
    target_group: str
    rules: list[Rule]
    certificates: list[str]
    max_connections: int | None


class HealthCheck(TypedDict):
    """How targets are checked."""

    protocol: CheckProtocol
    path: str
    codes: str
    interval_s: float
    timeout_s: float
    rise: int
    fall: int


class TargetGroup(TypedDict):
    """Targets that do the same work."""

    name: str
    algorithm: Algorithm
    sticky: bool
    health_check: HealthCheck
    deregistration_delay_s: int
    max_connections: int | None


class Timeouts(TypedDict):
    """How long the balancer waits, in seconds."""

    connect_s: float
    client_s: float
    server_s: float
    queue_s: float
    keep_alive_s: float


class Certificate(TypedDict):
    """A certificate that listeners can use."""

    name: str
    fingerprint: str
    subject: str
    names: list[str]
    not_after: str
    timestamp: str
    """When it was uploaded."""


class Selector(TypedDict):
    """All instances with some tags as targets."""

    id: str
    target_group: str
    tags: dict[str, str]
    port: int
    weight: int


class LoadBalancerSpec(InterfaceSpec):
    """The desired state of a load balancer."""

    vpc: Reference
    listeners: list[Listener]
    target_groups: list[TargetGroup]
    timeouts: Timeouts
    certificates: list[Certificate]
    selectors: list[Selector]


class Target(TypedDict):
    """A target, with its health."""

    state: State
    reason: str | None
    since: str | None
    serves_at: str | None
    id: str
    target_group: str
    instance: Reference | None
    address: str | None
    port: int
    weight: int
    selector: str | None
    is_leaving: bool


class _TargetChanges(TypedDict, total=False):
    weight: int
    is_leaving: bool
    state: State
    reason: str | None
    since: str | None
    serves_at: str | None


class HealthCounts(TypedDict):
    """How many targets are in each state."""

    initial: int
    healthy: int
    unhealthy: int
    draining: int
    unused: int


class LoadBalancerObserved(TypedDict):
    """The address and the targets of a load balancer."""

    address: str | None
    targets: list[Target]
    health: HealthCounts


class LoadBalancerDocument(ResourceDocument):
    """A load balancer."""

    kind: Literal["load_balancer"]
    spec: LoadBalancerSpec
    observed: LoadBalancerObserved


statuses(
    LoadBalancer,
    LoadBalancerDocument,
    {"became_available": "available", "delete_requested": "deleting", "deleted": "deleted"},
)
sentences(
    LoadBalancer,
    {
        "create_requested": "creation requested in {vpc_name}",
        "became_available": "became available",
        "failed": "failed: {reason}",
        "listeners_changed": "listeners changed",
        "target_groups_changed": "target groups changed",
        "timeouts_changed": "timeouts changed",
        "certificate_uploaded": "certificate {name} for {subject} uploaded",
        "certificate_removed": "certificate {name} removed",
        "target_registered": "target {target_id} registered",
        "target_weight_changed": "weight of target {target_id} changed to {weight}",
        "target_deregistered": "target {target_id} deregistered",
        "target_state_changed": "target {target_id} is {state}: {reason}",
        "target_released": "target {target_id} removed: {reason}",
        "selector_added": "selector for the tags {tags} added",
        "selector_removed": "selector {selector_id} removed",
        "tags_changed": "tags changed to {tags}",
        "delete_requested": "deletion requested",
        "deleted": "deleted",
    },
)
with_interface(LoadBalancer)
metered(
    LoadBalancer,
    lambda document: {"load_balancer": 1} if document["status"] in {"available", "error", "deleting"} else {},
)


@on("load_balancer.create_requested")
def create_requested(document: LoadBalancerDocument, event: dict[str, Any]) -> None:
    """Show a load balancer that was requested."""
    document["spec"] = {
        "vpc": {"id": event["vpc_id"], "name": event["vpc_name"]},
        "subnet": None,
        "security_groups": [],
        "listeners": event["listeners"],
        "target_groups": event["target_groups"],
        "timeouts": event["timeouts"],
        "certificates": [],
        "selectors": [],
    }
    document["observed"] = {"address": None, "targets": [], "health": _health([])}
    set_status(document, "creating")


@on("load_balancer.listeners_changed")
@on("load_balancer.target_groups_changed")
@on("load_balancer.timeouts_changed")
def routes_changed(document: LoadBalancerDocument, event: dict[str, Any]) -> None:
    """Show where it listens, where requests go, how long it waits."""
    spec = document["spec"]
    spec["listeners"] = event.get("listeners", spec["listeners"])
    spec["target_groups"] = event.get("target_groups", spec["target_groups"])
    spec["timeouts"] = event.get("timeouts", spec["timeouts"])


@on("load_balancer.certificate_uploaded")
def certificate_uploaded(document: LoadBalancerDocument, event: dict[str, Any]) -> None:
    """Show a certificate, without what only the proxy needs."""
    shown: Certificate = {
        "name": event["name"],
        "fingerprint": event["fingerprint"],
        "subject": event["subject"],
        "names": event["names"],
        "not_after": event["not_after"],
        "timestamp": event["timestamp"],
    }
    others = [each for each in document["spec"]["certificates"] if each["name"] != event["name"]]
    document["spec"]["certificates"] = [*others, shown]


@on("load_balancer.certificate_removed")
def certificate_removed(document: LoadBalancerDocument, event: dict[str, Any]) -> None:
    """Show one certificate less."""
    left = [each for each in document["spec"]["certificates"] if each["name"] != event["name"]]
    document["spec"]["certificates"] = left


@on("load_balancer.selector_added")
def selector_added(document: LoadBalancerDocument, event: dict[str, Any]) -> None:
    """Show one selector more."""
    shown: Selector = {
        "id": event["selector_id"],
        "target_group": event["target_group"],
        "tags": event["tags"],
        "port": event["port"],
        "weight": event["weight"],
    }
    others = [each for each in document["spec"]["selectors"] if each["id"] != event["selector_id"]]
    document["spec"]["selectors"] = [*others, shown]


@on("load_balancer.selector_removed")
def selector_removed(document: LoadBalancerDocument, event: dict[str, Any]) -> None:
    """Show one selector less."""
    left = [each for each in document["spec"]["selectors"] if each["id"] != event["selector_id"]]
    document["spec"]["selectors"] = left


@on("load_balancer.target_registered")
def target_registered(document: LoadBalancerDocument, event: dict[str, Any]) -> None:
    """Show a target, not in service yet, or one that was leaving and stays."""
    known = _target(document, event["target_id"])
    instance: Reference | None = None
    if event["instance_id"]:
        instance = {"id": event["instance_id"], "name": event["instance_name"]}
    target: Target = {
        "state": known["state"] if known else "unused",
        "reason": known["reason"] if known else NEW,
        "since": known["since"] if known else None,
        "serves_at": known["serves_at"] if known else None,
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
def target_weight_changed(document: LoadBalancerDocument, event: dict[str, Any]) -> None:
    """Show another weight."""
    _change(document, event["target_id"], weight=event["weight"])


@on("load_balancer.target_deregistered")
def target_deregistered(document: LoadBalancerDocument, event: dict[str, Any]) -> None:
    """Show that a target is not wanted any more."""
    _change(document, event["target_id"], is_leaving=True)


@on("load_balancer.target_state_changed")
def target_state_changed(document: LoadBalancerDocument, event: dict[str, Any]) -> None:
    """Show in which state a target is, why, and since when."""
    known = _target(document, event["target_id"])
    since = known["since"] if known and known["state"] == event["state"] else event["at"]
    _change(
        document,
        event["target_id"],
        state=event["state"],
        reason=event["reason"],
        since=since,
        serves_at=event["address"],
    )


@on("load_balancer.target_released")
def target_released(document: LoadBalancerDocument, event: dict[str, Any]) -> None:
    """Show one target less."""
    _observe(document, [each for each in document["observed"]["targets"] if each["id"] != event["target_id"]])


def _target(document: LoadBalancerDocument, target_id: str) -> Target | None:
    return next((each for each in document["observed"]["targets"] if each["id"] == target_id), None)


def _change(document: LoadBalancerDocument, target_id: str, **values: Unpack[_TargetChanges]) -> None:
    known = _target(document, target_id)
    if known is not None:
        _keep(document, {**known, **values})


def _keep(document: LoadBalancerDocument, target: Target) -> None:
    targets = document["observed"]["targets"]
    if _target(document, target["id"]) is None:
        _observe(document, [*targets, target])
    else:
        _observe(document, [target if each["id"] == target["id"] else each for each in targets])


def _observe(document: LoadBalancerDocument, targets: list[Target]) -> None:
    document["observed"]["targets"] = targets
    document["observed"]["health"] = _health(targets)


def _health(targets: list[Target]) -> HealthCounts:
    counts: HealthCounts = {"initial": 0, "healthy": 0, "unhealthy": 0, "draining": 0, "unused": 0}
    for each in targets:
        counts[each["state"]] += 1
    return counts


@specified("load_balancer")
def specification(document: LoadBalancerDocument, among: Documents) -> dict[str, Any]:
    """Return what creates the load balancer with its certificates and targets, without those of scaling groups."""
    spec = document["spec"]
    default = next(each for each in spec["target_groups"] if each["name"] == DEFAULT_GROUP)
    return {
        "vpc": among.name(spec["vpc"]),
        **interface_specification(spec["subnet"], spec["security_groups"]),
        "listeners": spec["listeners"],
        **{name: value for name, value in default.items() if name != "name"},
        "target_groups": [each for each in spec["target_groups"] if each["name"] != DEFAULT_GROUP],
        "timeouts": spec["timeouts"],
        "certificates": unchanged(each["name"] for each in spec["certificates"]),
        "targets": [*_selected(spec["selectors"]), *_registered(document["observed"]["targets"], among)],
    }


def _selected(selectors: list[Selector]) -> list[dict[str, Any]]:
    return [
        _registration(each, tags=each["tags"])
        for each in sorted(selectors, key=lambda selector: selector["id"])
        if OWNED_TAG not in each["tags"]
    ]


def _registered(targets: list[Target], among: Documents) -> list[dict[str, Any]]:
    found = [
        _registration(
            each,
            instance=among.name(each["instance"]) if each["instance"] else None,
            address=each["address"],
        )
        for each in targets
        if each["selector"] is None and not each["is_leaving"]
    ]
    return sorted(found, key=lambda target: (target["target_group"], target["port"], str(target)))


def _registration(target: Selector | Target, **what: Any) -> dict[str, Any]:
    given = {"instance": None, "tags": None, "address": None, **what}
    return {
        "target_group": target["target_group"],
        "port": target["port"],
        "weight": target["weight"],
        **given,
    }
