"""Who sends a request: a key in a header, or a browser with the cookie of its session."""

from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import urlsplit

from fastapi import WebSocket

from domain.errors import Forbidden, Unauthenticated
from miniaws.keyring import Identity, Keyring
from miniaws.sessions import Browsers

COOKIE = "miniaws_session"
HOST_COOKIE = "__Host-miniaws_session"
"""As above over TLS: a browser sends it to this host only, and never in clear."""
OWN_HEADER = "x-miniaws-request"
"""No page of another site can send a header of its own without asking first, and nobody answers it."""
_SAFE = {"GET", "HEAD", "OPTIONS"}


async def of_request(state: Any, method: str, headers: Mapping[str, str]) -> Identity:
    """Return who sends a request. Raises Unauthenticated; Forbidden when another site lets a browser send it."""
    keyring: Keyring = state.keyring
    browsers: Browsers = state.browsers
    authorization = headers.get("authorization")
    if authorization:
        return await keyring.identify(authorization)
    secret = session_of(headers)
    if secret is None:
        raise Unauthenticated
    if method not in _SAFE:
        refuse_foreign(headers)
    return await browsers.of(secret)


async def of_socket(socket: WebSocket) -> Identity:
    """Return who opens a WebSocket: by ``?api_key=``, ``?ticket=``, a header, or the cookie of a session."""
    keyring: Keyring = socket.app.state.keyring
    browsers: Browsers = socket.app.state.browsers
    if api_key := socket.query_params.get("api_key"):
        return await keyring.identify(api_key)
    if ticket := socket.query_params.get("ticket"):
        return await browsers.redeem(ticket)
    # A page of another site may open a socket and read from it, which it may not with a request.
    return await of_request(socket.app.state, "POST", socket.headers)


def session_of(headers: Mapping[str, str]) -> str | None:
    """Return what the session's cookie holds."""
    try:
        cookies = SimpleCookie(headers.get("cookie", ""))
    except CookieError:
        return None
    found = cookies.get(HOST_COOKIE) or cookies.get(COOKIE)
    return found.value if found is not None else None


def refuse_foreign(headers: Mapping[str, str]) -> None:
    """Raise Forbidden unless a page of ours sends this: its origin is this host, or it has our own header."""
    origin = headers.get("origin")
    is_ours = OWN_HEADER in headers if origin is None else urlsplit(origin).netloc == headers.get("host")
    if not is_ours:
        raise Forbidden(
            "cannot let a page of another site do this: send it from the console, or with a key and no cookie"
        )
