"""Requests of AWS clients: a signature instead of a key, before any route is chosen.

They obey what other requests do: the size of bodies, names of this server, wrong keys that are counted against an
address, the rate of a key, its role, and whether this is a history that is only shown.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from domain.errors import DomainError
from domain.store import Cause
from miniaws import application
from miniaws.application import Cloud
from miniaws.aws import endpoint, names, signature
from miniaws.aws.call import Caller, Moment
from miniaws.aws.endpoint import Asked, Circumstances
from miniaws.aws.protocol.rendered import Failure, Rendered
from miniaws.aws.signature import Incoming, NotAuthentic, Signature
from miniaws.http.admission import Admission
from miniaws.http.auth.authenticator import Authenticator, Identity
from miniaws.http.errors import Problem
from miniaws.http.reading import instant, is_position, position_at

_PATH = re.compile(r"/(?:at/([^/]+)/?)?")
_INVOCATION = "amz-sdk-invocation-id"


@dataclass(frozen=True, slots=True)
class Label:
    """What takes the place of a route in metrics."""

    path: str


def is_for_aws(scope: Scope, headers: dict[bytes, bytes]) -> bool:
    """Return whether a request is signed in the way of AWS."""
    authorization = headers.get(b"authorization", b"").decode("latin-1")
    return signature.is_signed(authorization, scope["query_string"].decode("latin-1"))


class AwsRequests:
    """Serves the requests of AWS clients."""

    def __init__(self, admission: Admission, *, read_only: bool) -> None:
        self._admission = admission
        self._read_only = read_only

    async def __call__(self, scope: Scope, receive: Receive, send: Send, check: Callable[[], None]) -> None:
        """Serve one request, unless ``check`` refuses every kind of request that is like this."""
        asked = endpoint.asked(_head(scope), _service_of(_head(scope)))
        try:
            check()
            incoming = _head(scope, await Request(scope, receive).body())
            asked = endpoint.asked(incoming, asked.service)
            scope["route"] = Label(asked.label)
            rendered = await self._answer(scope, incoming, asked)
        except ClientDisconnect:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it was, the client gets an error of its protocol
            rendered = refused(error, asked.protocol, scope["request_id"])
        await _response(rendered, scope["request_id"])(scope, receive, send)

    async def _answer(self, scope: Scope, incoming: Incoming, asked: Asked) -> Rendered:
        cloud: Cloud = scope["app"].state.cloud
        signed = signature.parse(incoming)
        identity = await self._admission.identify(
            scope, signed.access_key_id, lambda: _identified(scope, incoming, signed)
        )
        scope["identity"] = identity
        self._admission.refuse_if_exhausted(self._admission.limit_key(scope, identity))
        cause = Cause(
            actor=identity.key_id,
            account_id=identity.account_id,
            source_ip=scope["client"][0] if scope.get("client") else None,
            request_id=scope["request_id"],
            correlation_id=scope["request_id"],
        )
        known = Circumstances(
            cloud,
            Caller(identity.key_id, identity.name, identity.account_id, identity.role),
            await _moment(cloud, scope["path"]),
            # A client that repeats a request signs it again, with the same id of the invocation.
            application.Request(cause, incoming.headers.get(_INVOCATION) or signed.digest),
            self._read_only,
        )
        return await endpoint.answer(asked, incoming, signed, known)


def refused(error: Exception, protocol: str, request_id: str) -> Rendered:
    """Return the answer to a request that was refused, by whichever layer."""
    if isinstance(error, Problem):
        error = Failure("InvalidRequest", error.detail, error.status_code)
    return endpoint.refused(error, protocol, request_id)


async def _identified(scope: Scope, incoming: Incoming, signed: Signature) -> Identity:
    """Return whose signature it is. Raises Unauthenticated."""
    authenticator: Authenticator = scope["app"].state.authenticator
    cloud: Cloud = scope["app"].state.cloud
    key_id = names.key_uuid(signed.access_key_id)
    hashed = "" if key_id is None else await authenticator.hash_of(key_id)
    if key_id is None or not hashed:
        raise NotAuthentic(
            "InvalidClientTokenId",
            "cannot accept the access key: it is unknown, revoked or expired; `cloud aws env` prints a valid one",
        )
    secret = signature.secret_of(cloud.ports.derivation.derive(signature.PURPOSE, hashed))
    signature.verify(incoming, signed, secret, cloud.ports.clock.now())
    # Only now: a key is used by who has its secret, not by who names it.
    return await authenticator.of_key(key_id)


async def _moment(cloud: Cloud, path: str) -> Moment:
    match = _PATH.fullmatch(path)
    if match is None:
        raise Failure(
            "InvalidRequest",
            "cannot use this path: AWS clients use the path /, or /at/MOMENT for the past",
            404,
        )
    reads = cloud.ports.inventory
    if match[1] is None:
        return Moment(await reads.position(), await reads.now(), is_now=True)
    position = await position_at(cloud, match[1], "at")
    if is_position(match[1]):
        return Moment(position, await reads.recorded_at(position) or await reads.now(), is_now=False)
    return Moment(position, instant(match[1], "at"), is_now=False)


def _service_of(incoming: Incoming) -> str:
    try:
        return signature.parse(incoming).service
    except DomainError:
        return ""


def _head(scope: Scope, body: bytes = b"") -> Incoming:
    headers: dict[str, str] = {}
    for name, value in Headers(scope=scope).items():
        headers[name] = f"{headers[name]},{value}" if name in headers else value
    return Incoming(
        scope["method"],
        scope["raw_path"].partition(b"?")[0].decode("latin-1"),
        scope["query_string"].decode("latin-1"),
        headers,
        body,
    )


def _response(rendered: Rendered, request_id: str) -> Response:
    headers = {"x-amzn-RequestId": request_id, **rendered.headers}
    return Response(rendered.body, rendered.status, headers, rendered.media_type)
