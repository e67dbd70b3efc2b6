"""Tools that change the cloud: ``plan`` and ``undo`` propose, ``apply`` carries out what was seen."""

import hashlib
import hmac
import secrets
from typing import Annotated, Any, Literal
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field

from miniaws.cli.client import Client
from miniaws.cli.failures import REFUSED, USAGE, Failure
from miniaws.cli.mcp.asking import Asking, Moment
from miniaws.cli.noun import Document
from miniaws.cli.target import Target

_PATH = "/api/plans"
_STEP = ("action", "resource", "before", "after", "data", "status", "reason")
_APPLICABLE = {"proposed", "failed"}


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Resource(_Body):
    """A resource as it should be."""

    kind: Literal[
        "vpc",
        "subnet",
        "security_group",
        "volume",
        "database",
        "cache",
        "queue",
        "instance",
        "load_balancer",
        "scaling_group",
    ]
    name: str
    tags: dict[str, str] = {}
    spec: dict[str, Any] = Field(
        default={},
        description="The fields of its creation; references are names. Search `docs` for examples.",
    )


class Apply(_Body):
    """Create and change resources until they are as described. Others stay as they are."""

    type: Literal["apply"]
    manifest: list[Resource]
    set: str | None = Field(default=None, description="A name for these resources, kept as a tag.")
    prune: bool = Field(default=False, description="Also delete what is in the set and not in the manifest.")


class Scope(_Body):
    """Which resources a plan is about: those to which all of this applies."""

    vpc: str | None = None
    kind: str | None = None
    name: str | None = None
    tags: dict[str, str] = {}


class Rewind(_Body):
    """Make resources what they were at a moment."""

    type: Literal["rewind"]
    to: Moment = Field(description="RFC 3339, `10m ago` or a position of the log.")
    data: Literal["keep", "rewind"] = Field(
        default="keep", description="`rewind` also takes back rows of databases and files of volumes."
    )
    scope: Scope = Field(default=Scope(), description="Default: all resources.")


class Fork(_Body):
    """Copy resources as they were at a moment, with their data, beside the present ones."""

    type: Literal["fork"]
    name: str = Field(description="Name of the VPC of the copy.", examples=["shop-debug"])
    to: Moment | None = Field(default=None, description="Default: now.")
    scope: Scope = Field(default=Scope(), description="Default: all resources.")
    publish: dict[str, int] = Field(
        default={},
        description="Host ports of the copies by those of the originals.",
        examples=[{"8081": 9081}],
    )


Proposal = Annotated[Apply | Rewind | Fork, Field(discriminator="type")]
Wait = Annotated[int, Field(ge=0, le=300, description="Seconds to wait until the plan has ended.")]


class PlanTools(Asking):
    """Proposals, and their application. The token of an answer proves that its plan was seen as it is."""

    def __init__(self, to: Target) -> None:
        super().__init__(to)
        self._secret = secrets.token_bytes()

    def plan(
        self,
        *,
        proposal: Annotated[Proposal | None, Field(description="What to plan.")] = None,
        plan: Annotated[str | None, Field(description="The name of a plan to show again, instead.")] = None,
    ) -> Document:
        """Compute what would be done to reach a state: ordered steps, and what becomes of data. Changes nothing.

        Show the steps to the user. `apply` carries them out, with the plan and the token of the answer.
        """
        if (proposal is None) == (plan is None):
            raise Failure("give either `proposal` or `plan`", USAGE)
        with self._connect() as client:
            if proposal is None:
                return self._shown(client.read(_at(plan or "")))
            return self._proposed(client, proposal.model_dump(mode="json", exclude_none=True))

    def undo(
        self,
        *,
        position: Annotated[
            int | None, Field(ge=1, description="Of an event of the request, instead.")
        ] = None,
        request: Annotated[str | None, Field(description="`request` of an event of the timeline.")] = None,
        force: Annotated[
            bool, Field(description="Also take back fields that a later request changed again.")
        ] = False,
    ) -> Document:
        """Compute what would take back everything that one request changed. Changes nothing until it is applied."""
        if (position is None) == (request is None):
            raise Failure("give either `request` or `position`", USAGE)
        which = {"position": position} if request is None else {"request": request}
        with self._connect() as client:
            return self._proposed(client, {"type": "undo", **which, "force": force})

    def apply(
        self,
        *,
        plan: Annotated[str, Field(description="`plan` of an answer of `plan` or `undo`.")],
        token: Annotated[str, Field(description="`token` of the same answer.")],
        wait_s: Wait = 60,
    ) -> Document:
        """Carry out a plan, after the user has agreed to its steps. The token is refused if the plan has changed."""
        with self._connect() as client:
            current = client.read(_at(plan))
            if not hmac.compare_digest(token.encode(), self._token(current).encode()):
                raise Failure(
                    f"cannot apply {current['name']} with this token: it belongs to another plan, or the plan has "
                    "changed since; show it again with `plan`, and use the token of that answer",
                    REFUSED,
                )
            path = f"{_at(current['id'])}/apply"
            return self._shown(client.change("POST", path, wait_s=wait_s, version=current["version"]))

    def _proposed(self, client: Client, body: Document) -> Document:
        found = client.change("POST", _PATH, body)
        if not found["observed"]["steps"]:
            found = client.change("DELETE", _at(found["id"]))
        return self._shown(found)

    def _shown(self, plan: Document) -> Document:
        """Return a plan for a model; with a token if there is something to apply."""
        steps: list[Document] = plan["observed"]["steps"]
        shown: Document = {
            "plan": plan["name"],
            "status": plan["status"],
            "status_reason": plan["status_reason"],
            "computed_at_position": plan["spec"]["base_position"],
            "steps": [{key: step[key] for key in _STEP if step[key]} for step in steps],
            "position": plan["position"],
        }
        if not steps:
            return {**shown, "summary": "nothing to do: everything is as it should be"}
        is_applicable = plan["status"] in _APPLICABLE and any(step["action"] != "cannot" for step in steps)
        return {**shown, "token": self._token(plan)} if is_applicable else shown

    def _token(self, plan: Document) -> str:
        """Return what only this server can compute, for a plan as it is."""
        seen = f"{plan['id']} {plan['version']}"
        return hmac.new(self._secret, seen.encode(), hashlib.sha256).hexdigest()[:16]


def _at(plan: str) -> str:
    return f"{_PATH}/{quote(plan, safe='')}"
