"""How this cloud talks to a Docker engine: names, labels, threads and streams."""

import asyncio
import json
import re
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from ssl import PROTOCOL_TLS_CLIENT, SSLContext
from threading import Lock
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

import httpx
from docker import APIClient

from adapters.docker.reasons import explained, refusal
from domain.ports import Found, Kind

T = TypeVar("T")
Json = dict[str, Any]

CONFLICT = 409
"""The engine's status for a name that is taken, and for things that are in use."""
_ID = re.compile(r"[A-Za-z0-9._-]{1,100}")
"""What a resource, or a part of one, may be called in a label."""
THREADS = 8
TIMEOUT_S = 60


class DockerEngine:
    """One engine, seen by one cloud.

    Short calls go through docker-py in threads of their own; whatever streams (events, logs, output of
    programs) goes through httpx on the event loop, so that a cancelled task leaves no thread behind.
    """

    def __init__(self, docker_host: str, cloud: str) -> None:
        self.cloud = cloud
        self.host = docker_host
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="docker")
        self._opening = Lock()
        self._api: APIClient | None = None

    def name(self, resource_id: str) -> str:
        """Return what the engine calls the resource."""
        return f"{self.cloud}-{resource_id}"

    def labels(self, kind: Kind, resource_id: str, account_id: str, generation: int = 1) -> dict[str, str]:
        """Return the labels that everything of this cloud carries."""
        return {
            "miniaws.cloud": self.cloud,
            "miniaws.kind": kind,
            "miniaws.id": resource_id,
            "miniaws.account": account_id,
            "miniaws.generation": str(generation),
        }

    def owns(self, labels: Mapping[str, str] | None, resource_id: str) -> bool:
        """Tell whether something with these labels is this resource."""
        labels = labels or {}
        return labels.get("miniaws.cloud") == self.cloud and labels.get("miniaws.id") == resource_id

    def only(self, kind: Kind | None = None, resource_id: str | None = None) -> Json:
        """Return the filter that finds what belongs to this cloud."""
        labels = [f"miniaws.cloud={self.cloud}"]
        labels += [f"miniaws.kind={kind}"] if kind else []
        labels += [f"miniaws.id={resource_id}"] if resource_id is not None else []
        return {"label": labels}

    def found(self, items: Iterable[Json]) -> list[Found]:
        """Return what a list of the engine holds, each resource once; what names none is not ours."""
        generations: dict[tuple[Kind, str], int] = {}
        for item in items:
            labels: Mapping[str, str] = item.get("Labels") or {}
            kind, id_, generation = (
                labels.get(f"miniaws.{name}", "") for name in ("kind", "id", "generation")
            )
            if _ID.fullmatch(id_):
                thing = cast("Kind", kind), id_
                generations[thing] = max(generations.get(thing, 0), _number(generation))
        return [Found(kind, id_, generation) for (kind, id_), generation in generations.items()]

    async def run(self, task: str, work: Callable[[APIClient], T]) -> T:
        """Work with docker-py in a thread; ``task`` names it in errors, as in "cannot <task>: …"."""
        return await asyncio.get_running_loop().run_in_executor(
            self._threads, partial(self._work, task, work)
        )

    async def call(self, task: str, method: str, path: str, body: Json | None = None) -> Json:
        """Call the engine where docker-py does not offer what it can do; returns its answer."""
        async with self.stream(task, method, path, body=body) as answer:
            content = await answer.aread()
            return json.loads(content) if content else {}

    def stream(
        self, task: str, method: str, path: str, *, params: Json | None = None, body: Json | None = None
    ) -> "Answer":
        """Open an answer that comes in pieces, as in ``async with``; leaving it closes the connection."""
        return Answer(task, self._client(), method, path, params=params, json=body)

    async def close(self) -> None:
        """Close the connections; calls still under way fail."""
        await asyncio.to_thread(self._threads.shutdown, wait=True, cancel_futures=True)
        if self._api:
            self._api.close()

    def _work(self, task: str, work: Callable[[APIClient], T]) -> T:
        with explained(task):
            return work(self._connected())

    def _connected(self) -> APIClient:
        # Opened at the first call: the engine need not answer while the application starts.
        with self._opening:
            if self._api is None:
                self._api = APIClient(self.host, version="auto", timeout=TIMEOUT_S, max_pool_size=2 * THREADS)
            return self._api

    def _client(self) -> httpx.AsyncClient:
        url = urlsplit(self.host)
        socket = url.path if url.scheme == "unix" else None
        return httpx.AsyncClient(
            # An empty context: the default one reads every root certificate, a quarter of a second each time.
            transport=httpx.AsyncHTTPTransport(uds=socket, verify=SSLContext(PROTOCOL_TLS_CLIENT)),
            base_url="http://docker" if socket else f"http://{url.netloc}",
            timeout=httpx.Timeout(TIMEOUT_S, read=None),
        )


class Answer:
    """An answer that comes in pieces.

    A class, not a generator: an iterator that is dropped half-way would have two generators to close, in
    an order that nobody controls.
    """

    def __init__(self, task: str, client: httpx.AsyncClient, *request: str, **more: Json | None) -> None:
        self._task = task
        self._client = client
        self._request = client.build_request(*request, **more)

    async def __aenter__(self) -> httpx.Response:
        """Send the request. Raises Unreachable, or a Refused when the answer is no success."""
        try:
            with explained(self._task):
                answer = await self._client.send(self._request, stream=True)
                await self._check(answer)
        except BaseException:
            await self._client.aclose()
            raise
        return answer

    async def __aexit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """Close the connection. Raises Unreachable when it broke."""
        await self._client.aclose()
        if isinstance(error, httpx.TransportError):
            with explained(self._task):
                raise error

    async def _check(self, answer: httpx.Response) -> None:
        if answer.is_error:
            raise refusal(self._task, answer.status_code, _message(await answer.aread()))


def _message(content: bytes) -> str:
    try:
        return str(json.loads(content)["message"])
    except (ValueError, KeyError, TypeError):
        return content.decode(errors="replace")


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() else 0
