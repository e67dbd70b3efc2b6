"""Signing in with a browser, over HTTP."""

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Request
from pydantic import Field
from starlette.responses import Response

from domain.errors import Invalid
from miniaws.http import identity
from miniaws.http.reading import Caller, CloudDep
from miniaws.http.writing import Body, KnownQuery
from miniaws.keyring import Identity, Keyring
from miniaws.sessions import Browsers, Opened

router = APIRouter(prefix="/api/session", tags=["session"], dependencies=[KnownQuery])

_NOT_KEPT = {"Cache-Control": "no-store"}


class SignIn(Body):
    """What shows who signs in: one of both, or a key in `Authorization` and no body."""

    api_key: str | None = Field(default=None, max_length=500, repr=False)
    ticket: str | None = Field(default=None, max_length=500, repr=False)


async def browsers_of(request: Request) -> Browsers:
    """Return who opens sessions."""
    return request.app.state.browsers


BrowsersDep = Annotated[Browsers, Depends(browsers_of)]


@router.post("", status_code=201)
async def sign_in(request: Request, browsers: BrowsersDep, body: SignIn | None = None) -> Response:
    """Open a session and keep it in a cookie that no script can read."""
    if "origin" in request.headers:
        identity.refuse_foreign(request.headers)
    found = await _shown(request, browsers, body or SignIn())
    opened = await browsers.open(found)
    answer = _json({**_who(found), "expires_at": opened.expires_at}, 201)
    _keep(request, answer, opened)
    return answer


@router.get("")
async def show_session(caller: Caller, cloud: CloudDep, request: Request) -> Response:
    """Tell who is asking, with which key, and until when."""
    del cloud
    is_browser = "authorization" not in request.headers
    return _json({**_who(caller), "expires_at": caller.expires_at, "browser": is_browser})


@router.delete("", status_code=204)
async def sign_out(request: Request, browsers: BrowsersDep, caller: Caller) -> Response:
    """End the session of the cookie."""
    del caller  # the gate has let this in
    secret = identity.session_of(request.headers)
    if secret is not None:
        await browsers.close(secret)
    answer = Response(status_code=204, headers=_NOT_KEPT)
    for name in (identity.COOKIE, identity.HOST_COOKIE):
        answer.delete_cookie(name, secure=name == identity.HOST_COOKIE, httponly=True, samesite="strict")
    return answer


@router.post("/tickets", status_code=201)
async def issue_ticket(browsers: BrowsersDep, caller: Caller) -> Response:
    """Hand out a ticket: `POST /api/session` or `/api/dashboard/ws?ticket=` takes it once, within a minute."""
    opened = await browsers.ticket(caller)
    return _json({"ticket": opened.secret, "expires_at": opened.expires_at}, 201)


async def _shown(request: Request, browsers: Browsers, body: SignIn) -> Identity:
    keyring: Keyring = request.app.state.keyring
    given = body.api_key or request.headers.get("authorization")
    if body.ticket and body.api_key:
        raise Invalid("cannot sign in with two things at once: give `api_key` or `ticket`", field="ticket")
    if body.ticket:
        return await browsers.redeem(body.ticket)
    return await keyring.identify(given or "")


def _keep(request: Request, answer: Response, opened: Opened) -> None:
    is_secure = request.url.scheme == "https"
    answer.set_cookie(
        identity.HOST_COOKIE if is_secure else identity.COOKIE,
        opened.secret,
        expires=opened.expires_at,
        path="/",
        secure=is_secure,
        httponly=True,
        samesite="strict",
    )


def _who(found: Identity) -> dict[str, Any]:
    return {"key": found.key_id, "name": found.name, "role": found.role.value, "account": found.account_id}


def _json(body: dict[str, Any], status: int = 200) -> Response:
    return Response(orjson.dumps(body), status, _NOT_KEPT, "application/json")
