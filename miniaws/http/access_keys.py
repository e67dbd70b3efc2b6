"""Access keys over HTTP."""

from typing import Any

from fastapi import Request
from starlette.responses import Response

from domain.access_key import AccessKey
from miniaws.application import AlreadyDone, Saved
from miniaws.commands import access_key as commands
from miniaws.http.generic import Routes
from miniaws.http.writing import Admin, CommandContext, Writing, answer

routes = Routes(AccessKey)
router = routes.router
routes.reads("List keys, without what they open.", "Show a key, without what it opens.")


@router.post("", status_code=202, dependencies=[Admin])
async def issue_key(body: commands.IssueKey, change: CommandContext) -> Response:
    """Issue a key. The response contains it in `key`, only once.

    Repeated with the same `Idempotency-Key`, it returns a new key, and the previous one becomes invalid. That is
    refused once the key was used.
    """
    return await answer(change, _issue(change, body), _show_key)


@router.delete("/{id_or_name}", status_code=202, dependencies=[Admin])
async def revoke_key(id_or_name: str, change: CommandContext, request: Request) -> Response:
    """Revoke a key for good."""
    answered = await answer(change, commands.revoke(change.cloud, change.request, id_or_name))
    # Whoever has this answer must not find the key working, not even for the moment until the log tells of it.
    request.app.state.authenticator.forget_all()
    return answered


async def _issue(change: Writing, body: commands.IssueKey) -> Saved:
    try:
        return await commands.issue(change.cloud, change.request, body)
    except AlreadyDone as done:
        return await commands.reissue(change.cloud, change.request, done.resource_id)


def _show_key(saved: Saved) -> dict[str, Any]:
    return {"key": saved.secrets["key"]}
