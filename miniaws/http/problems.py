"""Every error code, what it means and what helps: the page that the ``type`` of a problem document names."""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass

from fastapi import APIRouter
from starlette.responses import HTMLResponse

from domain.errors import DomainError
from miniaws.http.errors import status_of

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class ProblemKind:
    """One error code."""

    code: str
    status: int
    meaning: str
    what_helps: str


OF_HTTP = {
    "console_not_built": (404, "cannot show the console: it is not built here"),
    "engine_refused": (409, "cannot do that: the container engine said no"),
    "http_error": (400, "cannot answer: the request is no HTTP that this server understands"),
    "internal": (500, "cannot answer: an error of miniaws itself"),
    "invalid_cursor": (422, "cannot use the cursor: it belongs to another query"),
    "invalid_etag": (400, "cannot use If-Match: it is no ETag"),
    "malformed_json": (400, "cannot read the body: it is no valid JSON"),
    "malformed_url": (400, "cannot read the URL: it holds a character that nothing here has"),
    "method_not_allowed": (405, "cannot use this method on this path"),
    "no_such_route": (404, "cannot find the path"),
    "read_only": (403, "cannot change anything: this is a history that is only shown"),
    "store_unreachable": (503, "cannot reach the event store"),
    "too_large": (413, "cannot read so large a body"),
    "unsupported_media_type": (415, "cannot read a body of this type"),
}
"""Status and meaning of what never reaches the domain."""

WHAT_HELPS = {
    "archive_closed": "Restore what is there; there is nothing left to back up.",
    "archive_in_use": "Delete the database with `keep_backups=false`.",
    "backup_under_way": "Wait until it is complete.",
    "bad_certificate": "Send a certificate that is valid now and the key that belongs to it, both in PEM.",
    "being_deleted": "Use another one.",
    "certificate_in_use": "Let the listeners that `detail` names use another certificate first.",
    "claim_taken": "Look at what holds it, named in `detail`; choose another, or remove the holder.",
    "conflict": "Follow `detail`, which says in which state the command works.",
    "console_not_built": "Run `scripts/setup`, which builds it; the API and the command work without it.",
    "deletion_protected": "Set `deletion_protection` to false, then delete it.",
    "durability_is_fixed": "Remove the named queue with its messages, and declare it again.",
    "engine_refused": "Follow `detail`, the engine's own reason. With 503 it does not answer: run `cloud doctor`.",
    "forbidden": "Use a key of the role that `detail` names.",
    "has_replicas": "Promote or delete the replicas that `replicas` names first.",
    "http_error": "Follow `detail`.",
    "idempotency_key_reused": "Choose a new key for each new request; repeat a key only with the same request.",
    "in_use": "Remove what `used_by` lists first.",
    "instance_not_stopped": "Stop the instance first.",
    "instance_terminated": "Launch a new instance; the name is free once this one is gone.",
    "internal": "Look for the `request_id` in `logs/api.log` of the data directory, and report what you find.",
    "invalid": "Correct the `field`; `detail` has the rule and an example, `errors` every field that is wrong.",
    "invalid_cursor": "Start again without `cursor`.",
    "invalid_etag": "Send the `ETag` of a document as you got it.",
    "is_replica": "Do it with the source that `detail` names, or promote the replica first.",
    "key_already_shown": "Revoke the key whose `id` it names, and issue another one with a new `Idempotency-Key`.",
    "malformed_json": "Send valid JSON.",
    "malformed_url": "Remove `%00` from the URL.",
    "method_not_allowed": "See `/docs` for the methods of each path.",
    "name_taken": "Choose another name, or delete the resource that has it.",
    "no_free_range": "Delete a VPC, give a `cidr`, or set `MINIAWS_VPC_POOL` to a larger range.",
    "no_such_route": "See `/docs` for the routes.",
    "not_backed_up": "Start the database first, or delete it without a last backup.",
    "not_promotable": "Promote a replica that is copied; a database that follows no other one needs no promotion.",
    "not_replicable": "Follow `detail`: wait until the database is available, or use another one.",
    "not_restorable": "Choose one of the moments in `nearest`, or ask `restorable`.",
    "not_found": "List the resources to see what there is; what belongs to another account is not found, either.",
    "port_taken": "Choose another host port, or remove the resource that `detail` names.",
    "range_taken": "Choose another range, or leave `cidr` out to get a free one.",
    "read_only": "Ask the cloud itself, from which the bundle was exported.",
    "refresh_runs": "Wait until the refresh is done, or cancel it.",
    "requirement_missing": "Look again: what the request refers to was deleted in the meantime.",
    "rotation_under_way": "Wait until it is available.",
    "server_stopped": "Start it first.",
    "snapshot_not_restorable": "Wait until the snapshot is available, or use another one.",
    "stale_version": "Read the resource again, decide again, and send the new `ETag`.",
    "store_unreachable": "Retry; run `cloud status` to see whether Postgres runs.",
    "target_in_another_vpc": "Use an instance of the balancer's VPC, or a balancer in the instance's.",
    "target_selected": "Remove the selector, or change the tags of the instance.",
    "too_large": "Send less, or set `MINIAWS_MAX_BODY_KB`.",
    "too_many_requests": "Retry after the seconds in `Retry-After`, or set `MINIAWS_RATE_LIMIT`.",
    "too_little_memory": "Ask for as much as `detail` says.",
    "unauthenticated": "Send `Authorization: miniaws_<key>` with a key that is neither revoked nor expired.",
    "unavailable": "Retry with the same `Idempotency-Key`: nothing is done twice.",
    "unknown_engine": "Use an engine and a version that `detail` lists.",
    "unknown_image": "Check the name, or build or load the image first.",
    "unknown_queue": "Show the stats of the queue to see what is inside.",
    "unknown_target": "Show the load balancer to see its targets and selectors.",
    "unknown_parameter": "Use the parameters that `detail` lists.",
    "unsupported_media_type": "Send `Content-Type: application/json`.",
    "volume_in_use": "Detach the volume first.",
    "volume_not_restored": "Wait until the volume is available.",
    "volume_not_attached": "Show the volume to see which instance has it.",
}


def catalogue() -> list[ProblemKind]:
    """Return every kind of problem, by code."""
    found = dict(OF_HTTP)
    for kind in _below(DomainError):
        if "code" in vars(kind):
            found[kind.code] = (status_of(kind), (kind.__doc__ or "").rstrip("."))
    return [ProblemKind(code, *found[code], WHAT_HELPS.get(code, "")) for code in sorted(found)]


@router.get("/problems")
async def show_problems() -> HTMLResponse:
    """Show what each error code means."""
    return HTMLResponse(_PAGE.format("\n".join(map(_section, catalogue()))))


def _below(kind: type[DomainError]) -> Iterator[type[DomainError]]:
    for each in kind.__subclasses__():
        yield each
        yield from _below(each)


def _section(problem: ProblemKind) -> str:
    helps = re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(problem.what_helps))
    meaning = html.escape(problem.meaning.replace("`", ""))
    return f'<h2 id="{problem.code}">{problem.code}</h2><p>{problem.status}: {meaning}.</p><p>{helps}</p>'


_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Problems of miniaws</title>
<style>body{{font:16px/1.5 system-ui;max-width:44em;margin:2em auto;padding:0 1em}}:target{{background:#ffd}}</style>
<h1>Problems</h1>
<p>What the <code>code</code> of an <code>application/problem+json</code> answer means, and what helps.</p>
{}
</html>
"""
