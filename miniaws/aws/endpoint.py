"""Answers a request of an AWS client: which operation it is, its arguments, its answer, or why it is refused."""

from dataclasses import dataclass, replace
from functools import cache
from importlib import import_module
from typing import Any
from urllib.parse import parse_qsl

import orjson

from domain.access_key import Role
from domain.errors import Forbidden
from miniaws import application
from miniaws.aws import protocol
from miniaws.aws.call import Call, Caller, Moment
from miniaws.aws.names import is_region
from miniaws.aws.operations import Operation, Service
from miniaws.aws.protocol import models
from miniaws.aws.protocol.models import Model, Values
from miniaws.aws.protocol.rendered import Failure, Rendered
from miniaws.aws.refusals import failure_of
from miniaws.aws.rehearsal import Rehearsal, would_succeed
from miniaws.aws.signature import Incoming, Signature

SERVICES = {
    "ec2": "miniaws.aws.services.ec2",
    "cloudtrail": "miniaws.aws.services.cloudtrail",
    "sts": "miniaws.aws.services.sts",
}
"""Where a service is, by the name that clients sign for. It is imported for its first request, as most have none."""
_FORM = "application/x-www-form-urlencoded"
_MOST_FIELDS = 10_000
_OF_THE_PROTOCOL = {"Action", "Version"}
_SIGNING = "X-Amz-"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request asks for."""

    service: str
    name: str
    """Of the operation."""
    protocol: str
    fields: dict[str, str]
    """Of its form, without those that say what is asked for and who asks."""

    @property
    def label(self) -> str:
        """What logs and metrics call it: an operation that is offered, or none."""
        service = service_of(self.service)
        is_offered = service is not None and self.name in service.operations
        return f"aws {self.service} {self.name}" if is_offered else "aws"


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What the gate knows of a request."""

    cloud: application.Cloud
    caller: Caller
    moment: Moment
    call: application.Request
    """Its cause, and the key by which a repetition is recognized."""
    is_read_only: bool


def service_of(name: str) -> Service | None:
    """Return a service, None for one that is not offered."""
    return _imported(SERVICES[name]) if name in SERVICES else None


@cache
def _imported(module: str) -> Service:
    return import_module(module).SERVICE


def asked(incoming: Incoming, service: str) -> Asked:
    """Return what a request asks for, as far as it says so."""
    target = incoming.headers.get("x-amz-target")
    if target is not None:
        return Asked(service, target.rpartition(".")[2], "json", {})
    kind = incoming.headers.get("content-type", "")
    text = incoming.query
    if kind.startswith(_FORM):
        text += f"&{incoming.body.decode('utf-8', errors='replace')}"
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError:
        pairs = []
    form = dict(pairs)
    fields = {
        name: value
        for name, value in form.items()
        if name not in _OF_THE_PROTOCOL and not name.startswith(_SIGNING)
    }
    return Asked(service, form.get("Action", ""), "ec2" if service == "ec2" else "query", fields)


async def answer(
    asked_for: Asked, incoming: Incoming, signature: Signature, known: Circumstances
) -> Rendered:
    """Carry a request out and return its answer. Raises what refuses it; see ``refused``."""
    service, operation = _offered(asked_for)
    _refuse_unless_permitted(asked_for.name, operation, known)
    if not is_region(signature.region):
        raise Failure(
            "InvalidRequest", f"cannot use the region {signature.region}: its form is e.g. us-east-1"
        )
    model = models.model(service.model, frozenset(service.operations))
    described = model.operations[asked_for.name]
    given = protocol.read(model, described, asked_for.fields, incoming.body)
    _refuse_incomplete(model, asked_for.name, given)
    is_rehearsed = given.pop("DryRun", False)
    service.refuse_unhonoured(asked_for.name, given)
    call = _call(asked_for, signature, given, known)
    if is_rehearsed:
        call = replace(call, cloud=Rehearsal(known.cloud.settings, known.cloud.ports))
    result = await operation.run(call, given)
    if is_rehearsed:
        raise would_succeed()
    return protocol.render(model, described, result, known.call.cause.request_id or "")


def refused(error: Exception, protocol_name: str, request_id: str) -> Rendered:
    """Return the answer to a request that was refused."""
    return protocol.render_failure(protocol_name, failure_of(error, protocol_name), request_id)


def _offered(asked_for: Asked) -> tuple[Service, Operation]:
    service = service_of(asked_for.service)
    operation = service.operations.get(asked_for.name) if service else None
    if service is None or operation is None:
        code = "UnknownOperationException" if asked_for.protocol == "json" else "InvalidAction"
        raise Failure(
            code,
            f"The action {asked_for.name[:80]} of {asked_for.service} is not offered here; "
            "the page docs/aws.md lists what is",
        )
    return service, operation


def _refuse_unless_permitted(name: str, operation: Operation, known: Circumstances) -> None:
    if not operation.is_change:
        return
    if not known.caller.role.covers(Role.OPERATOR):
        raise Forbidden(
            f"cannot call {name} with this key: it takes the role operator, and has {known.caller.role}"
        )
    if known.is_read_only:
        raise Forbidden("cannot change anything here: this is a history that is only shown")
    if not known.moment.is_now:
        raise Failure("InvalidRequest", f"cannot call {name} at a past moment: the past is read-only")


def _refuse_incomplete(model: Model, name: str, given: Values) -> None:
    shape = model.operations[name].input
    for parameter in shape.required if shape else ():
        if parameter not in given:
            raise Failure(
                "ValidationException" if model.protocol == "json" else "MissingParameter",
                f"The request must contain the parameter {parameter}",
            )


def _call(asked_for: Asked, signature: Signature, given: Values, known: Circumstances) -> Call:
    """Return the call. A token of the client, if it sends one, is what tells a repetition."""
    token = given.get("ClientToken") or known.call.idempotency_key
    return Call(
        known.cloud,
        known.caller,
        signature.region,
        known.moment,
        known.call.cause,
        f"{asked_for.name} {token}",
        application.fingerprint(asked_for.name.encode(), orjson.dumps(given, default=_text)),
    )


def _text(value: Any) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)
