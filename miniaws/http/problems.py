"""The catalogue of error codes with their meaning and remedy, to which the ``type`` of a problem document links."""

import base64
import hashlib
import html
import re
from collections.abc import Iterator
from dataclasses import dataclass

from fastapi import APIRouter
from starlette.responses import HTMLResponse

from domain.errors import DomainError
from miniaws.http.errors import status_of
from miniaws.http.headers import NOTHING_LOADS

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class ProblemKind:
    """One error code."""

    code: str
    status: int
    meaning: str
    what_helps: str


OF_HTTP = {
    "console_not_built": (404, "cannot show the console: it is not built"),
    "engine_refused": (409, "cannot do that: the container engine refused it"),
    "http_error": (400, "cannot process the request: it is not valid HTTP"),
    "internal": (500, "cannot process the request: internal error of miniaws"),
    "invalid_cursor": (422, "cannot use the cursor: it belongs to another query"),
    "invalid_etag": (400, "cannot use If-Match: it is not an ETag"),
    "malformed_json": (400, "cannot read the body: it is not valid JSON"),
    "malformed_url": (400, "cannot read the URL: it contains an invalid character"),
    "method_not_allowed": (405, "cannot use this method on this path"),
    "no_such_route": (404, "cannot find the path"),
    "not_ready": (503, "cannot serve requests: no controller leads, or a part of the API does not work"),
    "read_only": (403, "cannot change anything: this is a read-only history bundle"),
    "store_unreachable": (503, "cannot reach the event store"),
    "too_large": (413, "cannot read the body: it is too large"),
    "unknown_host": (421, "cannot answer under the host name of the request"),
    "unsupported_media_type": (415, "cannot read a body of this media type"),
}
"""Status and meaning of errors that are raised outside the domain."""

WHAT_HELPS = {
    "address_taken": "Choose another address of the subnet, or leave `address` out.",
    "archive_closed": "Restore from the archive; a deleted database cannot be backed up.",
    "archive_in_use": "Delete the database with `keep_backups=false`.",
    "backup_under_way": "Wait until the current backup is complete.",
    "bad_certificate": "Send a certificate that is currently valid and its private key, both in PEM.",
    "being_deleted": "Use another resource; one that is in the trash can be restored first.",
    "being_planned": "Wait until the plan named in `plan` has ended, or cancel it.",
    "certificate_in_use": "Change the listeners named in `detail` to another certificate first.",
    "claim_taken": "Choose another value, or delete the resource named in `detail`, which holds this one.",
    "conflict": "See `detail` for the states in which this command is allowed.",
    "console_not_built": "Run `scripts/setup`, which builds it. The API and the CLI work without it.",
    "default_group": "Revoke its rules to block all traffic. The group is deleted with its VPC.",
    "default_subnet": "The subnet is deleted with its VPC.",
    "deletion_protected": "Set `deletion_protection` to false, then delete the resource.",
    "durability_is_fixed": "Remove the queue with its messages, and declare it again.",
    "engine_refused": "See `detail` for the engine's reason. With status 503, the engine does not respond: "
    "run `cloud doctor`.",
    "forbidden": "Use a key with the role named in `detail`.",
    "has_replicas": "Promote or delete the replicas listed in `replicas` first.",
    "http_error": "See `detail`.",
    "idempotency_key_reused": "Use a new key for each new request. Reuse a key only to repeat the same "
    "request.",
    "in_use": "Delete the resources listed in `used_by` first.",
    "instance_not_stopped": "Stop the instance first.",
    "instance_terminated": "Restore the instance from the trash, or launch a new one: the name is free.",
    "internal": "Search for the `request_id` in `logs/api.log` of the data directory, and report the error.",
    "invalid": "Correct `field`. `detail` contains the rule and an example, `errors` every invalid field.",
    "invalid_cursor": "Repeat the request without `cursor`.",
    "invalid_etag": "Send the unchanged `ETag` of a document.",
    "is_replica": "Change the source named in `detail`, or promote the replica first.",
    "key_already_shown": "Revoke the key whose `id` is in the response, and issue another one with a new "
    "`Idempotency-Key`.",
    "malformed_json": "Send valid JSON.",
    "malformed_url": "Remove `%00` from the URL.",
    "method_not_allowed": "See `/docs` for the methods of each path.",
    "name_taken": "Choose another name, or delete the resource that uses it.",
    "no_free_address": "Use another subnet, or delete resources that are not needed.",
    "no_free_range": "Delete a VPC, specify a `cidr`, or set `MINIAWS_VPC_POOL` to a larger range.",
    "no_such_route": "See `/docs` for the routes.",
    "not_backed_up": "Start the database, or wait for its first backup, or delete it without a final backup.",
    "not_enforced": "See `detail` for what the firewall of the host lacks; `cloud doctor` checks it.",
    "not_found": "List the resources. Resources of other accounts are not found.",
    "not_in_trash": "List the trash: `GET /api/trash`. Delete a resource before it is purged.",
    "not_probed": "Use a resource with a running container as the source.",
    "not_promotable": "Promote a replica whose copy is complete. A database without a source needs no "
    "promotion.",
    "not_ready": "See `detail`, run `cloud status`, and read the logs in `logs/` of the data directory.",
    "not_replaceable": "See `detail`, or restore the database under another name.",
    "not_replicable": "See `detail`: wait until the database is available, or use another one.",
    "not_restorable": "Choose one of the moments in `nearest`, or read `restorable`. If the database is "
    "`backing-up`, wait until it is `available`.",
    "place_gone": "Create the subnet or the security group named in `detail`, then restore the resource again.",
    "plan_ended": "Propose a new plan.",
    "plan_stale": "Review the current difference in `steps`, and refresh the plan.",
    "port_taken": "Choose another host port, delete the resource that uses it, or stop the program that "
    "uses it.",
    "range_taken": "Choose another range, or omit `cidr` to get a free one.",
    "read_only": "Send the change to the cloud from which the bundle was exported.",
    "refresh_runs": "Wait until the refresh is complete, or cancel it.",
    "requirement_missing": "Read the resources again: one that the request refers to was deleted in the "
    "meantime.",
    "rotation_under_way": "Wait until the server is available.",
    "rule_exists": "Leave the rule out, or revoke the one named in `detail`.",
    "server_stopped": "Start the server first.",
    "snapshot_not_restorable": "Wait until the snapshot is available, or use another one.",
    "stale_version": "Read the resource again, and repeat the request with the new `ETag`.",
    "store_unreachable": "Retry. Run `cloud status` to see whether Postgres runs.",
    "subnet_not_public": "Use a public subnet, or publish no port of the host.",
    "subnet_not_enforced": "See `detail` for what the firewall of the host lacks; `cloud doctor` checks it.",
    "subnet_range_taken": "Choose a range of the VPC that overlaps no other subnet and contains no address in use.",
    "target_in_another_vpc": "Use an instance in the load balancer's VPC, or a load balancer in the "
    "instance's VPC.",
    "target_selected": "Remove the selector, or change the tags of the instance.",
    "too_large": "Send a smaller body, or raise `MINIAWS_MAX_BODY_KB`.",
    "too_little_memory": "Request at least as much memory as `detail` states.",
    "too_many_requests": "Retry after the seconds in `Retry-After`, or raise `MINIAWS_RATE_LIMIT`. For "
    "wrong keys, correct the program that sends them, or raise `MINIAWS_FAILED_AUTH_PER_MINUTE`.",
    "unauthenticated": "Send `Authorization: miniaws_<key>` with a key that is neither revoked nor expired.",
    "unavailable": "Retry with the same `Idempotency-Key`: the request takes effect only once.",
    "unknown_engine": "Use an engine and a version listed in `detail`.",
    "unknown_host": "Use localhost or an IP address, or add the name to `MINIAWS_ALLOWED_HOSTS`.",
    "unknown_image": "Check the name, or build or load the image first.",
    "unknown_parameter": "Use the parameters listed in `detail`.",
    "unknown_queue": "Read the stats of the server to see its queues.",
    "unknown_rule": "Show the security group to see its rules and their ids.",
    "unknown_target": "Show the load balancer to see its targets and selectors.",
    "unsupported_media_type": "Send `Content-Type: application/json`.",
    "volume_in_use": "Detach the volume first.",
    "volume_not_attached": "Show the volume to see the instance that it is attached to.",
    "volume_not_restored": "Wait until the volume is available.",
    "vpc_gone": "Create a VPC of the same name, then restore the resource again.",
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
    """Show the meaning of each error code."""
    page = _PAGE.format(style=_STYLE, sections="\n".join(map(_section, catalogue())))
    return HTMLResponse(page, headers={"Content-Security-Policy": _POLICY})


def _below(kind: type[DomainError]) -> Iterator[type[DomainError]]:
    for each in kind.__subclasses__():
        yield each
        yield from _below(each)


def _section(problem: ProblemKind) -> str:
    helps = re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(problem.what_helps))
    meaning = html.escape(problem.meaning.replace("`", ""))
    return f'<h2 id="{problem.code}">{problem.code}</h2><p>{problem.status}: {meaning}.</p><p>{helps}</p>'


_STYLE = "body{font:16px/1.5 system-ui;max-width:44em;margin:2em auto;padding:0 1em}:target{background:#ffd}"
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_POLICY = f"{NOTHING_LOADS}; style-src 'sha256-{_STYLE_HASH}'"
_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Problems of miniaws</title>
<style>{style}</style>
<h1>Problems</h1>
<p>The meaning of each <code>code</code> of an <code>application/problem+json</code> response, and the remedy.</p>
{sections}
</html>
"""
