"""The routes that most kinds have: reads, and commands without a body. Each kind adds its own beside them.

The name of a route is its operation id in the OpenAPI document.
"""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Protocol

import orjson
from fastapi import APIRouter, Query
from starlette.responses import Response

from domain.aggregate import Aggregate
from miniaws.application import Cloud, Request, Saved
from miniaws.capabilities import PATHS
from miniaws.http.metrics import TimeRange, used
from miniaws.http.reading import AsOf, Caller, CloudDep, IfNoneMatch, Narrowed, one, page
from miniaws.http.writing import CommandContext, KnownQuery, Operator, answer

_ONE = "/{id_or_name}"

Command = Callable[[Cloud, Request, str], Awaitable[Saved]]
Purge = Annotated[
    bool, Query(description="remove it at once and for good, instead of moving it to the trash")
]


class TrashCommand(Protocol):
    """A command that deletes a resource, and with ``purge`` does not keep it."""

    def __call__(self, cloud: Cloud, request: Request, id_or_name: str, *, purge: bool) -> Awaitable[Saved]:
        """Carry the command out."""
        ...


Read = Callable[[Cloud, str, str], Awaitable[dict[str, Any]]]
"""Reads for an account, by id or name."""


class Routes:
    """Adds generic routes of a kind to its router."""

    def __init__(self, kind: type[Aggregate], one: str = "", many: str = "") -> None:
        """``one`` and ``many`` are what descriptions call the kind."""
        path = PATHS[kind.KIND]
        words = path.replace("-", " ")
        self._kind = kind
        self._many = path.replace("-", "_")
        self._one = self._many.removesuffix("s")
        self._many_words = many or words
        self._one_words = one or f"a {words.removesuffix('s')}"
        self.router = APIRouter(prefix=f"/api/{path}", tags=[words], dependencies=[KnownQuery])

    def reads(self, about_list: str = "", about_one: str = "") -> None:
        """Add the list and the page of one."""
        kind = self._kind

        async def list_all(cloud: CloudDep, caller: Caller, at: AsOf, narrowed: Narrowed) -> Response:
            return await page(cloud, kind.KIND, caller.account_id, at, narrowed)

        async def show(
            id_or_name: str, cloud: CloudDep, caller: Caller, at: AsOf, if_none_match: IfNoneMatch = None
        ) -> Response:
            return await one(cloud, kind, caller.account_id, id_or_name, at, if_none_match)

        self._get(
            "",
            list_all,
            f"list_{self._many}",
            about_list or f"List {self._many_words}, now or as of any moment.",
        )
        self._get(
            _ONE, show, f"show_{self._one}", about_one or f"Show {self._one_words}, now or as of any moment."
        )

    def delete(self, command: Command, about: str, name: str = "", under: str = "") -> None:
        """Add ``DELETE`` of a resource, or of what is ``under`` it."""
        self._add_command("DELETE", _ONE + under, command, name or f"delete_{self._one}", about)

    def trash(self, command: TrashCommand, about: str, name: str = "") -> None:
        """Add ``DELETE`` of a resource that is kept in the trash unless it is to be purged."""

        async def run(id_or_name: str, change: CommandContext, purge: Purge = False) -> Response:  # noqa: FBT002
            return await answer(change, command(change.cloud, change.request, id_or_name, purge=purge))

        self.router.add_api_route(
            _ONE,
            run,
            methods=["DELETE"],
            status_code=202,
            dependencies=[Operator],
            name=name or f"delete_{self._one}",
            description=f"{about} It is kept in the trash, and can be restored: see `GET /api/trash`.",
        )

    def action(self, verb: str, command: Command, about: str, name: str = "") -> None:
        """Add ``POST /{id_or_name}/verb``."""
        self._add_command("POST", f"{_ONE}/{verb}", command, name or f"{verb}_{self._one}", about)

    def metrics(self, about: str = "") -> None:
        """Add what the container of a resource used."""
        kind = self._kind

        async def show(
            id_or_name: str, cloud: CloudDep, caller: Caller, at: AsOf, time_range: TimeRange
        ) -> Response:
            return await used(cloud, kind, caller.account_id, id_or_name, at, time_range)

        what = about or "Show what its container used"
        text = f"{what}: averages and maxima per step, null where nothing was measured."
        self._get(f"{_ONE}/metrics", show, f"show_{self._one}_metrics", text)

    def stats(self, read: Read, about: str) -> None:
        """Add what the server of a resource reports."""

        async def show(id_or_name: str, cloud: CloudDep, caller: Caller) -> Response:
            found = await read(cloud, caller.account_id, id_or_name)
            return Response(orjson.dumps(found), media_type="application/json")

        self._get(f"{_ONE}/stats", show, f"show_{self._one}_stats", about)

    def connection(self, read: Read) -> None:
        """Add how to connect. The answer holds the password, so no cache may store it."""

        async def show(id_or_name: str, cloud: CloudDep, caller: Caller) -> Response:
            return secret_json(await read(cloud, caller.account_id, id_or_name))

        self.router.add_api_route(
            f"{_ONE}/connection",
            show,
            dependencies=[Operator],
            name=f"show_{self._one}_connection",
            description="Show how to connect, with the password.",
        )

    def _get(self, path: str, endpoint: Callable[..., Awaitable[Response]], name: str, about: str) -> None:
        self.router.add_api_route(path, endpoint, name=name, description=about)

    def _add_command(self, method: str, path: str, command: Command, name: str, about: str) -> None:
        async def run(id_or_name: str, change: CommandContext) -> Response:
            return await answer(change, command(change.cloud, change.request, id_or_name))

        self.router.add_api_route(
            path,
            run,
            methods=[method],
            status_code=202,
            dependencies=[Operator],
            name=name,
            description=about,
        )


def secret_json(body: dict[str, Any]) -> Response:
    """Answer with JSON that no cache may store."""
    headers = {"Cache-Control": "no-store"}
    return Response(orjson.dumps(body), headers=headers, media_type="application/json")
