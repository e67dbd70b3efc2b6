"""Who sends a request: a key, or the session of a browser; both come in `Authorization`.

Never in a cookie: browsers send cookies to every port of a host, so also to programs on published ports.
"""

from collections.abc import Mapping
from typing import Any

from fastapi import WebSocket

from domain.errors import Forbidden, Unauthenticated
from miniaws.http.auth.authenticator import Authenticator, Identity
from miniaws.http.auth.browser_sessions import TOKEN_PREFIX, BrowserSessions

_OUR_PAGES = {"same-origin", "none"}
"""What `Sec-Fetch-Site` says of a request of our own page, and of an address that somebody entered."""


async def of_request(state: Any, headers: Mapping[str, str]) -> Identity:
    """Return who sends a request. Raises Unauthenticated; Forbidden for a session used by another site's page."""
    authenticator: Authenticator = state.authenticator
    browsers: BrowserSessions = state.browsers
    authorization = headers.get("authorization")
    if not authorization:
        raise Unauthenticated
    if (token := token_of(headers)) is None:
        return await authenticator.identify(authorization)
    refuse_foreign(headers)
    return await browsers.of(token)


async def of_socket(socket: WebSocket) -> Identity:
    """Return who opens a WebSocket: by ``?api_key=``, ``?ticket=``, or a header."""
    authenticator: Authenticator = socket.app.state.authenticator
    browsers: BrowserSessions = socket.app.state.browsers
    if api_key := socket.query_params.get("api_key"):
        return await authenticator.identify(api_key)
    if ticket := socket.query_params.get("ticket"):
        return await browsers.redeem(ticket)
    return await of_request(socket.app.state, socket.headers)


def credential_of(socket: WebSocket) -> str:
    """Return what a client presents to open a WebSocket, empty for nothing."""
    given = socket.query_params
    return given.get("api_key") or given.get("ticket") or socket.headers.get("authorization", "")


def token_of(headers: Mapping[str, str]) -> str | None:
    """Return the token of a session in `Authorization`, None for anything else."""
    token = headers.get("authorization", "").removeprefix("Bearer ").strip()
    return token if token.startswith(TOKEN_PREFIX) else None


def refuse_foreign(headers: Mapping[str, str]) -> None:
    """Raise Forbidden when a browser says that a page of another origin sends this."""
    origin, site = headers.get("origin"), headers.get("sec-fetch-site")
    is_foreign = origin is not None and origin.partition("://")[2] != headers.get("host")
    if is_foreign or (site is not None and site not in _OUR_PAGES):
        raise Forbidden(
            "cannot let a page of another site do this: do it in the console, or send a key from a program"
        )
