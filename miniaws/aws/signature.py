"""Signatures of AWS, version 4, as a server verifies them: in the header `Authorization`, or in the query (presigned).

Rules
-----
* A signature is good for 15 minutes around its time; a presigned one as long as it says, at most 7 days.
* Everything that decides what is done is signed: the host, every `X-Amz-` header, the query and the body.
* The secret of an access key is derived from the API key's hash, so nothing is stored for it, and it ends with the key.
"""

import hashlib
import hmac
import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, unquote

from domain.errors import Unauthenticated

ALGORITHM = "AWS4-HMAC-SHA256"
PURPOSE = "miniaws sigv4 secret v1"
"""Of the secrets that are derived for signatures."""
_VALID_FOR = timedelta(minutes=15)
_MOST_PRESIGNED_S = 7 * 24 * 3600
_STAMP = "%Y%m%dT%H%M%SZ"
_CREDENTIAL = re.compile(
    r"([\w-]{16,128})/(\d{8})/([a-z0-9-]{1,40})/([a-z0-9-]{1,40})/aws4_request", re.ASCII
)
_SIGNATURE = re.compile(r"[0-9a-f]{64}")
_HEADER_NAMES = re.compile(r"[a-z0-9_.-]+(;[a-z0-9_.-]+)*")
_UNSIGNED = "UNSIGNED-PAYLOAD"


class NotAuthentic(Unauthenticated):
    """cannot accept the signature of the request."""

    def __init__(self, aws_code: str, message: str) -> None:
        super().__init__(message)
        self.aws_code = aws_code


@dataclass(frozen=True, slots=True)
class Incoming:
    """A request as it arrived. ``path`` and ``query`` are as on the wire; names of headers are in lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Signature:
    """What a request says about who signed it, for which service and region, and when."""

    access_key_id: str
    day: str
    region: str
    service: str
    signed_headers: tuple[str, ...]
    digest: str
    stamp: str
    expires_s: int | None = None
    """Of a presigned request; None: in a header."""


def is_signed(authorization: str, query: str) -> bool:
    """Return whether a request is signed in the way of AWS, rightly or wrongly."""
    return authorization.startswith(ALGORITHM) or f"X-Amz-Algorithm={ALGORITHM}" in query


def secret_of(derived: bytes) -> str:
    """Return a secret access key, from what was derived for the hash of an API key."""
    return b64encode(derived).decode().rstrip("=")


def parse(incoming: Incoming) -> Signature:
    """Return what a request says of its signature. Raises NotAuthentic."""
    authorization = incoming.headers.get("authorization", "")
    if authorization.startswith(ALGORITHM):
        parts = [part.strip().partition("=") for part in authorization[len(ALGORITHM) :].split(",")]
        given = {name: value for name, _, value in parts}
        stamp, expires = incoming.headers.get("x-amz-date", ""), None
    else:
        query = dict(_pairs(incoming.query))
        given = {
            name: query.get(f"X-Amz-{name}", "") for name in ("Credential", "SignedHeaders", "Signature")
        }
        stamp, expires = query.get("X-Amz-Date", ""), _presigned_for(query.get("X-Amz-Expires", ""))
    credential = _CREDENTIAL.fullmatch(given.get("Credential", ""))
    headers, digest = given.get("SignedHeaders", ""), given.get("Signature", "")
    if credential is None or not _HEADER_NAMES.fullmatch(headers) or not _SIGNATURE.fullmatch(digest):
        raise NotAuthentic(
            "IncompleteSignature",
            "cannot read the signature: it needs Credential=KEY/DATE/REGION/SERVICE/aws4_request, SignedHeaders and "
            "Signature",
        )
    access_key_id, day, region, service = credential.groups()
    return Signature(access_key_id, day, region, service, tuple(headers.split(";")), digest, stamp, expires)


def verify(incoming: Incoming, signature: Signature, secret: str, now: datetime) -> None:
    """Raise NotAuthentic unless the secret has signed this request, and not too long ago."""
    _refuse_unless_timely(signature, now)
    _refuse_unless_signed_in_whole(incoming, signature)
    scope = f"{signature.day}/{signature.region}/{signature.service}/aws4_request"
    canonical = hashlib.sha256(_canonical(incoming, signature).encode()).hexdigest()
    text = f"{ALGORITHM}\n{signature.stamp}\n{scope}\n{canonical}"
    key = f"AWS4{secret}".encode()
    for part in (signature.day, signature.region, signature.service, "aws4_request"):
        key = hmac.digest(key, part.encode(), hashlib.sha256)
    expected = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected, signature.digest):
        raise NotAuthentic(
            "SignatureDoesNotMatch",
            "cannot accept the signature: it is not that of this request; check the secret access key "
            "(`cloud aws env`), and that no proxy changes the header Host",
        )


def _presigned_for(text: str) -> int:
    if not re.fullmatch(r"\d{1,6}", text, re.ASCII) or not 1 <= int(text) <= _MOST_PRESIGNED_S:
        raise NotAuthentic(
            "AuthorizationQueryParametersError",
            f"cannot accept the signature: X-Amz-Expires must be from 1 to {_MOST_PRESIGNED_S}",
        )
    return int(text)


def _refuse_unless_timely(signature: Signature, now: datetime) -> None:
    try:
        signed_at = datetime.strptime(signature.stamp, _STAMP).replace(tzinfo=UTC)
    except ValueError:
        raise NotAuthentic(
            "IncompleteSignature", "cannot accept the signature: X-Amz-Date is missing or is none"
        ) from None
    if not signature.stamp.startswith(signature.day):
        raise NotAuthentic(
            "SignatureDoesNotMatch", "cannot accept the signature: its date is not that of X-Amz-Date"
        )
    lasts = _VALID_FOR if signature.expires_s is None else timedelta(seconds=signature.expires_s)
    if now > signed_at + lasts:
        code = "SignatureDoesNotMatch" if signature.expires_s is None else "RequestExpired"
        raise NotAuthentic(
            code, f"cannot accept the signature: Signature expired: {signature.stamp}; check the clock"
        )
    if signed_at > now + _VALID_FOR:
        raise NotAuthentic(
            "SignatureDoesNotMatch",
            f"cannot accept the signature: Signature not yet current: {signature.stamp}; check the clock",
        )


def _refuse_unless_signed_in_whole(incoming: Incoming, signature: Signature) -> None:
    deciding = {name for name in incoming.headers if name.startswith("x-amz-")} | {"host"}
    if left_out := sorted(deciding - set(signature.signed_headers)):
        raise NotAuthentic(
            "SignatureDoesNotMatch", f"cannot accept the signature: {left_out[0]} must be a signed header"
        )
    if "x-amz-security-token" in incoming.headers or "X-Amz-Security-Token" in incoming.query:
        raise NotAuthentic(
            "InvalidClientTokenId",
            "cannot accept a session token: there are none here; unset AWS_SESSION_TOKEN",
        )
    given = incoming.headers.get("x-amz-content-sha256", "")
    body = hashlib.sha256(incoming.body).hexdigest()
    if given not in {"", body} and not (given == _UNSIGNED and not incoming.body):
        raise NotAuthentic(
            "XAmzContentSHA256Mismatch",
            "cannot accept the body: x-amz-content-sha256 is not its digest, and bodies must be signed",
        )


def _canonical(incoming: Incoming, signature: Signature) -> str:
    """Return the text that is signed. The path is encoded a second time, as AWS does."""
    pairs = [(name, value) for name, value in _pairs(incoming.query) if name != "X-Amz-Signature"]
    query = "&".join(f"{name}={value}" for name, value in sorted((_quoted(n), _quoted(v)) for n, v in pairs))
    headers = "".join(
        f"{name}:{' '.join(incoming.headers.get(name, '').split())}\n" for name in signature.signed_headers
    )
    body = incoming.headers.get("x-amz-content-sha256") or hashlib.sha256(incoming.body).hexdigest()
    return "\n".join(
        (
            incoming.method,
            quote(incoming.path or "/", safe="/-_.~"),
            query,
            headers,
            ";".join(signature.signed_headers),
            body,
        )
    )


def _pairs(query: str) -> list[tuple[str, str]]:
    parts = (part.partition("=") for part in query.split("&") if part)
    return [(unquote(name), unquote(value)) for name, _, value in parts]


def _quoted(text: str) -> str:
    return quote(text, safe="-_.~")
