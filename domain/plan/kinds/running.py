"""Starts and stops."""

from domain.plan.draft import Draft
from domain.plan.estate import Resource
from domain.plan.step import Action


def starting(resource: Resource) -> Draft:
    """Return its start."""
    return _running(Action.START, "start", resource, is_wanted=True)


def stopping(resource: Resource) -> Draft:
    """Return its stop."""
    return _running(Action.STOP, "stop", resource, is_wanted=False)


def _running(action: Action, command: str, resource: Resource, *, is_wanted: bool) -> Draft:
    return Draft(
        action,
        resource.key,
        command,
        identity=resource.identity,
        before={"running": not is_wanted},
        after={"running": is_wanted},
    )
