"""Errors of the cloud in the terms of AWS: the code, by which clients decide what to do."""

import structlog
from pydantic import ValidationError

from domain import errors
from miniaws.aws.protocol.rendered import Failure
from miniaws.aws.signature import NotAuthentic

_log = structlog.get_logger("aws")
_CODES = {
    "volume_in_use": "VolumeInUse",
    "volume_not_attached": "IncorrectState",
    "instance_not_stopped": "IncorrectInstanceState",
    "instance_terminated": "IncorrectInstanceState",
    "unknown_image": "InvalidAMIID.NotFound",
    "range_taken": "InvalidVpc.Range",
    "no_free_range": "VpcLimitExceeded",
    "idempotency_key_reused": "IdempotentParameterMismatch",
}
"""Codes of EC2 for codes of problems; the classes below decide about the rest."""

_CLASSES: tuple[tuple[type[Exception], tuple[str, int], tuple[str, int]], ...] = (
    (errors.Unauthenticated, ("AuthFailure", 401), ("InvalidClientTokenId", 403)),
    (errors.Forbidden, ("UnauthorizedOperation", 403), ("AccessDenied", 403)),
    (errors.TooMany, ("RequestLimitExceeded", 503), ("Throttling", 400)),
    (errors.Unavailable, ("Unavailable", 503), ("ServiceUnavailable", 503)),
    (errors.Unreachable, ("Unavailable", 503), ("ServiceUnavailable", 503)),
)
"""Code and status of EC2, and of all other services."""


def failure_of(error: Exception, protocol: str) -> Failure:
    """Return an error as a service of AWS with that protocol would refuse the request."""
    is_ec2 = protocol == "ec2"
    if isinstance(error, Failure):
        return error
    if isinstance(error, NotAuthentic) and not is_ec2:
        return Failure(error.aws_code, str(error), 403)
    for kind, of_ec2, of_others in _CLASSES:
        if isinstance(error, kind):
            code, status = of_ec2 if is_ec2 else of_others
            return Failure(code, str(error), status)
    if isinstance(error, errors.DomainError | errors.PortError | ValidationError):
        return _refusal(error)
    _log.error("request failed", exc_info=error)
    return Failure(
        "InternalError" if is_ec2 else "InternalFailure",
        "cannot answer: an error of miniaws itself; its log has the request id",
        500,
    )


def _refusal(error: errors.DomainError | errors.PortError | ValidationError) -> Failure:
    if isinstance(error, errors.DomainError):
        return Failure(_code_of(error), str(error))
    if isinstance(error, errors.PortError):
        return Failure("IncorrectState", f"cannot do that: {error}")
    return Failure("InvalidParameterValue", _of_body(error))


def _of_body(error: ValidationError) -> str:
    """Return what is wrong with the body of a command, without the value that was sent."""
    first = error.errors(include_input=False, include_url=False)[0]
    where = ".".join(map(str, first["loc"])) or "request"
    return f"cannot accept the {where}: {first['msg']}"


def _code_of(error: errors.DomainError) -> str:
    if error.code in _CODES:
        return _CODES[error.code]
    if isinstance(error, errors.Conflict):
        return "DependencyViolation" if "used_by" in error.more else "IncorrectState"
    return "InvalidParameterValue"
