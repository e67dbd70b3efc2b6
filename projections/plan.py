"""The document of a plan."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Literal

from typing_extensions import TypedDict

from domain.plan import Plan
from projections.document import ResourceDocument, on, set_status, statuses
from projections.sentences import sentences


class PlanSpec(TypedDict):
    """What the plan was asked for, and what it was computed from."""

    type: str
    options: dict[str, Any]
    base_position: int
    """The position of the estate that it was computed from."""


class StepResource(TypedDict):
    """What a step changes; ``id`` is None until it is created."""

    kind: str
    name: str
    id: str | None


class PlanStep(TypedDict):
    """One step: what it changes, and how far it is."""

    id: str
    action: str
    resource: StepResource
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    data: str
    """What becomes of data, as a sentence; empty when none is affected."""
    needs: list[str]
    status: Literal["pending", "started", "completed", "failed", "skipped"]
    reason: str | None
    """Why it has failed or was skipped; before, why it is planned so."""
    event: int | None
    """The position of the event that its command led to."""


class PlanObserved(TypedDict):
    """The steps, and how many there are of each action and of each status."""

    actions: dict[str, int]
    progress: dict[str, int]
    steps: list[PlanStep]


class PlanDocument(ResourceDocument):
    """A plan."""

    kind: Literal["plan"]
    spec: PlanSpec
    observed: PlanObserved


statuses(
    Plan,
    PlanDocument,
    {"applied": "applied", "failed": "failed", "cancelled": "cancelled"},
)
sentences(
    Plan,
    {
        "proposed": "proposed, computed at position {base_position}",
        "refreshed": "computed again at position {base_position}",
        "apply_requested": "application requested",
        "step_started": "step {step} started",
        "step_completed": "step {step} completed",
        "step_failed": "step {step} failed: {reason}",
        "delayed": "delayed: {reason}",
        "applied": "applied",
        "failed": "failed: {reason}",
        "cancelled": "cancelled: {reason}",
    },
)


def steps_of(stored: Iterable[Mapping[str, Any]]) -> list[PlanStep]:
    """Return steps as documents show them, from steps as events have them."""
    return [
        {
            "id": step["id"],
            "action": step["action"],
            "resource": {
                "kind": step["key"]["kind"],
                "name": step["key"]["name"],
                "id": None if step["identity"] is None else step["identity"]["id"],
            },
            "before": step["before"],
            "after": step["after"],
            "data": step["data"],
            "needs": list(step["needs"]),
            "status": "skipped" if step["action"] == "cannot" else "pending",
            "reason": step["reason"] or None,
            "event": None,
        }
        for step in stored
    ]


@on("plan.proposed")
def proposed(document: PlanDocument, event: dict[str, Any]) -> None:
    """Show a plan that was computed."""
    document["spec"] = {
        "type": event["type"],
        "options": event["options"],
        "base_position": event["base_position"],
    }
    _set_steps(document, steps_of(event["steps"]))
    set_status(document, "proposed")


@on("plan.refreshed")
def refreshed(document: PlanDocument, event: dict[str, Any]) -> None:
    """Show a plan that was computed again."""
    document["spec"]["base_position"] = event["base_position"]
    _set_steps(document, steps_of(event["steps"]))


@on("plan.apply_requested")
def apply_requested(document: PlanDocument, event: dict[str, Any]) -> None:  # noqa: ARG001 - says all by its name
    """Show that it is carried out; what has failed is tried again."""
    retried: list[PlanStep] = [
        {**step, "status": "pending", "reason": None}
        if step["action"] != "cannot" and step["status"] in {"failed", "skipped"}
        else step
        for step in document["observed"]["steps"]
    ]
    _set_steps(document, retried)
    set_status(document, "applying")


@on("plan.step_started")
def step_started(document: PlanDocument, event: dict[str, Any]) -> None:
    """Show that a command was accepted, and what it changed or created."""
    set_status(document, document["status"])
    for step in _changed(document, [event["step"]]):
        step["status"], step["reason"], step["event"] = "started", None, event["event_position"]
        step["resource"] = {**step["resource"], "id": event["resource_id"]}


@on("plan.step_completed")
def step_completed(document: PlanDocument, event: dict[str, Any]) -> None:
    """Show that the resource is as it should be."""
    for step in _changed(document, [event["step"]]):
        step["status"], step["reason"] = "completed", None


@on("plan.step_failed")
def step_failed(document: PlanDocument, event: dict[str, Any]) -> None:
    """Show why a step has failed."""
    for step in _changed(document, [event["step"]]):
        step["status"], step["reason"] = "failed", event["reason"]


@on("plan.delayed")
def delayed(document: PlanDocument, event: dict[str, Any]) -> None:
    """Show why it cannot be continued at the moment."""
    set_status(document, document["status"], event["reason"])


@on("plan.failed")
def failed(document: PlanDocument, event: dict[str, Any]) -> None:
    """Show what was skipped."""
    for step in _changed(document, event["skipped"]):
        step["status"], step["reason"] = "skipped", "a step that it needs has failed"
    set_status(document, "failed", event["reason"])


def _changed(document: PlanDocument, ids: Iterable[str]) -> Iterable[PlanStep]:
    """Yield copies of the steps with these ids, to be changed; afterwards the document has them."""
    wanted = set(ids)
    steps: list[PlanStep] = [
        step.copy() if step["id"] in wanted else step for step in document["observed"]["steps"]
    ]
    yield from (step for step in steps if step["id"] in wanted)
    _set_steps(document, steps)


def _set_steps(document: PlanDocument, steps: list[PlanStep]) -> None:
    document["observed"] = {
        "actions": dict(Counter(step["action"] for step in steps)),
        "progress": dict(Counter(step["status"] for step in steps)),
        "steps": steps,
    }
