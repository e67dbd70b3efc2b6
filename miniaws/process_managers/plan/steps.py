"""The command of a step: it is that of the person who applied the plan, and takes effect once."""

from dataclasses import dataclass

from pydantic import ValidationError

from domain.errors import DomainError, Refused, Unavailable
from domain.plan import Plan, Step
from domain.store import Cause
from domain.values import shown
from miniaws import validation
from miniaws.application import AlreadyDone, Cloud, Request
from miniaws.commands.plan import secrets, verbs

_ASKED = "plan.apply_requested"


@dataclass(frozen=True, slots=True)
class Accepted:
    """The resource that a command changed or created, and the position of its event."""

    resource_id: str
    position: int


@dataclass(frozen=True, slots=True)
class Rejected:
    """Why a command was refused."""

    reason: str


async def cause_of(cloud: Cloud, plan: Plan) -> Cause:
    """Return who applied a plan; the cause of its commands is the request to apply it."""
    events = await cloud.ports.store.events(plan.id)
    asked = next(event for event in reversed(events) if event.type == _ASKED)
    return Cause(
        actor=asked.actor,
        account_id=plan.account_id,
        source_ip=asked.source_ip,
        request_id=asked.request_id,
        correlation_id=asked.correlation_id,
        causation=asked.position,
    )


async def start(cloud: Cloud, plan: Plan, step: Step, cause: Cause) -> Accepted | Rejected:
    """Run the command of a step; a repeated one takes no effect. Raises Unavailable and Unreachable."""
    request = Request(cause, f"{plan.public_id}/{step.id}", plan_id=plan.id)
    try:
        body = await secrets.of_step(cloud, plan, step)
        saved = await verbs.run(cloud, request, step, body)
    except AlreadyDone as done:
        about = await cloud.ports.store.load(done.resource_id)
        return Rejected("the resource is gone") if about is None else Accepted(about.public_id, done.position)
    except Unavailable:
        raise
    except ValidationError as error:
        return Rejected(_first(error))
    except (DomainError, Refused) as error:
        return Rejected(str(error))
    position = saved.receipt.position or await cloud.ports.store.head()
    return Accepted(saved.aggregate.public_id, position)


def _first(error: ValidationError) -> str:
    """Return what is wrong with a body, without the values in it."""
    first = error.errors(include_input=False, include_url=False)[0]
    field = ".".join(str(each) for each in first["loc"])
    return f"{shown(field)} {validation.rule(first)}"
