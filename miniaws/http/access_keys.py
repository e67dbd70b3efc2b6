"""Access keys over HTTP."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import AwareDatetime, Field
from starlette.responses import Response

from domain.access_key import AccessKey, Role
from miniaws.application import AlreadyDone, Saved
from miniaws.commands import access_key as commands
from miniaws.http.reading import At, Caller, CloudDep, IfNoneMatch, Narrowed, one, page
from miniaws.http.writing import Admin, Body, Change, KnownQuery, Writing, answer

router = APIRouter(prefix="/api/keys", tags=["keys"], dependencies=[KnownQuery])


class IssueKey(Body):
    """A key as it is asked for."""

    name: str = Field(examples=["ci"])
    role: Annotated[
        Role, Field(strict=False, description="viewer reads, operator changes, admin also manages keys")
    ]
    account: str | None = Field(
        default=None, description="left out: the account that asks", examples=["class-1"]
    )
    expires_at: Annotated[AwareDatetime, Field(strict=False)] | None = Field(
        default=None, description="RFC 3339; left out: never"
    )


@router.post("", status_code=202, dependencies=[Admin])
async def issue_key(body: IssueKey, change: Change) -> Response:
    """Issue a key. The answer holds it in ``key``, this once.

    Asked again with the same `Idempotency-Key`, it holds another one, and the one before opens nothing; once the key
    was used, that is refused.
    """
    expires_at: datetime | None = body.expires_at
    wish = commands.Issue(body.name, body.role, body.account, expires_at)
    return await answer(change, _issue(change, wish), "keys", _show_key)


@router.get("")
async def list_keys(cloud: CloudDep, caller: Caller, at: At, narrowed: Narrowed) -> Response:
    """List keys, without what they open."""
    return await page(cloud, AccessKey.KIND, caller.account_id, at, narrowed)


@router.get("/{id_or_name}")
async def show_key(
    id_or_name: str, cloud: CloudDep, caller: Caller, at: At, if_none_match: IfNoneMatch = None
) -> Response:
    """Show a key, without what it opens."""
    return await one(cloud, AccessKey, caller.account_id, id_or_name, at, if_none_match)


@router.delete("/{id_or_name}", status_code=202, dependencies=[Admin])
async def revoke_key(id_or_name: str, change: Change, request: Request) -> Response:
    """Revoke a key for good."""
    answered = await answer(change, commands.revoke(change.cloud, change.request, id_or_name), "keys")
    # Whoever has this answer must not find the key working, not even for the moment until the log tells of it.
    request.app.state.keyring.forget_all()
    return answered


async def _issue(change: Writing, wish: commands.Issue) -> Saved:
    try:
        return await commands.issue(change.cloud, change.request, wish)
    except AlreadyDone as done:
        return await commands.reissue(change.cloud, change.request, done.resource_id)


def _show_key(saved: Saved) -> dict[str, Any]:
    return {"key": saved.secrets["key"]}
