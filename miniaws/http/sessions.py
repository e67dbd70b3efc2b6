"""Signing in with a browser, over HTTP."""

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Request
from pydantic import Field
from starlette.responses import Response

from domain.values import must
from miniaws.commands.body import Body
from miniaws.http.auth import request_identity
from miniaws.http.auth.authenticator import Authenticator, Identity
from miniaws.http.auth.browser_sessions import BrowserSessions
from miniaws.http.reading import Caller, CloudDep
from miniaws.http.writing import KnownQuery

router = APIRouter(prefix="/api/session", tags=["session"], dependencies=[KnownQuery])

_NOT_KEPT = {"Cache-Control": "no-store"}


class SignIn(Body):
    """The credentials to sign in with: one of both, or a key in `Authorization` and no body."""

    api_key: str | None = Field(
        default=None, title="Access key", max_length=500, repr=False, description="the key to sign in with"
    )
    ticket: str | None = Field(
        default=None,
        title="Ticket",
        max_length=500,
        repr=False,
        description="from `POST /api/session/tickets`",
    )


async def browser_sessions_of(request: Request) -> BrowserSessions:
    """Return who opens sessions."""
    return request.app.state.browsers


BrowsersDep = Annotated[BrowserSessions, Depends(browser_sessions_of)]


@router.post("", status_code=201)
async def sign_in(request: Request, browsers: BrowsersDep, body: SignIn | None = None) -> Response:
    """Open a session. Its `token` is shown this once; send it as `Authorization: Bearer <token>`."""
    request_identity.refuse_foreign(request.headers)
    found = await _shown(request, browsers, body or SignIn())
    opened = await browsers.open(found)
    return _json({**_who(found), "token": opened.secret, "expires_at": opened.expires_at}, 201)


@router.get("")
async def show_session(caller: Caller, cloud: CloudDep) -> Response:
    """Show who is asking, with which key, and until when."""
    return _json(
        {
            **_who(caller),
            "expires_at": caller.expires_at,
            "browser": caller.session is not None,
            "trash_hours": cloud.settings.trash_hours,
        }
    )


@router.delete("", status_code=204)
async def sign_out(request: Request, browsers: BrowsersDep, caller: Caller) -> Response:
    """End the session whose token is sent, with the tickets, sessions and streams that came from it."""
    del caller  # the gate has let this in
    token = request_identity.token_of(request.headers)
    if token is not None:
        await browsers.close(token)
    return Response(status_code=204, headers=_NOT_KEPT)


@router.post("/tickets", status_code=201)
async def issue_ticket(browsers: BrowsersDep, caller: Caller) -> Response:
    """Issue a ticket: `POST /api/session` or `/api/dashboard/ws?ticket=` takes it once, within a minute."""
    opened = await browsers.ticket(caller)
    return _json({"ticket": opened.secret, "expires_at": opened.expires_at}, 201)


async def _shown(request: Request, browsers: BrowserSessions, body: SignIn) -> Identity:
    authenticator: Authenticator = request.app.state.authenticator
    given = body.api_key or request.headers.get("authorization")
    if body.ticket and body.api_key:
        raise must("ticket", "be left out when `api_key` is given")
    if body.ticket:
        return await browsers.redeem(body.ticket)
    return await authenticator.identify(given or "")


def _who(found: Identity) -> dict[str, Any]:
    return {"key": found.key_id, "name": found.name, "role": found.role.value, "account": found.account_id}


def _json(body: dict[str, Any], status: int = 200) -> Response:
    return Response(orjson.dumps(body), status, _NOT_KEPT, "application/json")
