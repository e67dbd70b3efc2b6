"""How this cloud talks to a Docker engine: names, labels, threads and streams."""

import asyncio
import json
import re
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from ssl import PROTOCOL_TLS_CLIENT, SSLContext
from threading import Lock
from typing import Any, TypeVar, cast, get_args
from urllib.parse import urlsplit

import httpx
from docker import APIClient

from adapters.docker.client import EngineClient, Timeouts, path
from adapters.docker.preparations import Preparations
from adapters.docker.reasons import explained, refusal
from domain.ports import Found, Kind

T = TypeVar("T")
Json = dict[str, Any]

CONFLICT = 409
"""The engine's status for a name that is taken, and for objects that are in use."""
_ID = re.compile(r"[A-Za-z0-9._-]{1,100}")
"""Valid values of a label for a resource or a part of one."""
_NUMBER = re.compile(r"[0-9]{1,9}")
_KINDS = frozenset(get_args(Kind))
THREADS = 8
LONG_THREADS = 16
"""Threads for long calls, so that they do not delay short ones."""


class DockerEngine:
    """One engine, seen by one cloud.

    Short calls go through docker-py in threads of their own; whatever streams (events, logs, output of
    programs) goes through httpx on the event loop, so that a cancelled task leaves no thread behind.
    """

    def __init__(
        self, docker_host: str, cloud: str, timeouts: Timeouts | None = None, *, allow_pull: bool = True
    ) -> None:
        self.cloud = cloud
        self.host = docker_host
        self.preparations = Preparations(docker_host, allow_pull=allow_pull)
        self._timeouts = timeouts or Timeouts()
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="docker")
        self._long_threads = ThreadPoolExecutor(LONG_THREADS, thread_name_prefix="docker-long")
        self._opening = Lock()
        self._api: APIClient | None = None

    def name(self, resource_id: str) -> str:
        """Return the name of the resource on the engine."""
        return f"{self.cloud}-{resource_id}"

    def labels(self, kind: Kind, resource_id: str, account_id: str, generation: int = 1) -> dict[str, str]:
        """Return the labels of every object of this cloud."""
        return {
            "miniaws.cloud": self.cloud,
            "miniaws.kind": kind,
            "miniaws.id": resource_id,
            "miniaws.account": account_id,
            "miniaws.generation": str(generation),
        }

    def owns(self, labels: Mapping[str, str] | None, resource_id: str) -> bool:
        """Return whether an object with these labels is this resource."""
        labels = labels or {}
        return labels.get("miniaws.cloud") == self.cloud and labels.get("miniaws.id") == resource_id

    def only(self, kind: Kind | None = None, resource_id: str | None = None) -> Json:
        """Return the filter for objects of this cloud."""
        labels = [f"miniaws.cloud={self.cloud}"]
        labels += [f"miniaws.kind={kind}"] if kind else []
        labels += [f"miniaws.id={resource_id}"] if resource_id is not None else []
        return {"label": labels}

    def resource(self, labels: Mapping[str, str] | None) -> tuple[Kind, str] | None:
        """Return the kind and id in the labels, None unless all labels are as this cloud writes them.

        Anybody can label a container: an object with only some of these labels, or other values, is not ours.
        """
        labels = labels or {}
        kind, id_ = labels.get("miniaws.kind", ""), labels.get("miniaws.id", "")
        is_ours = labels.get("miniaws.cloud") == self.cloud and kind in _KINDS and _ID.fullmatch(id_)
        return (cast("Kind", kind), id_) if is_ours else None

    def found(self, items: Iterable[Json]) -> list[Found]:
        """Return the resources in a list of the engine, each once; objects without a resource are ignored."""
        generations: dict[tuple[Kind, str], int] = {}
        for item in items:
            if thing := self.resource(item.get("Labels")):
                generations[thing] = max(generations.get(thing, 0), generation(item["Labels"]))
        return [Found(kind, id_, newest) for (kind, id_), newest in generations.items()]

    async def run(self, task: str, work: Callable[[APIClient], T], *, is_long: bool = False) -> T:
        """Run a docker-py call in a thread; ``task`` names it in errors, as in "cannot <task>: …".

        A call that may take minutes is long: it must not occupy the threads of short calls.
        """
        threads = self._long_threads if is_long else self._threads
        return await asyncio.get_running_loop().run_in_executor(threads, partial(self._work, task, work))

    async def call(
        self,
        task: str,
        method: str,
        template: str,
        *names: str,
        params: Json | None = None,
        body: Json | None = None,
    ) -> Json:
        """Call an endpoint of the engine that docker-py does not offer, and return the response.

        Each ``{}`` of the template is replaced by one of the names. Raises Unreachable, Refused.
        """
        async with self.stream(task, method, template, *names, params=params, body=body) as answer:
            content = await answer.aread()
            return json.loads(content) if content else {}

    def stream(
        self,
        task: str,
        method: str,
        template: str,
        *names: str,
        params: Json | None = None,
        body: Json | None = None,
    ) -> "Answer":
        """Return a streamed response for ``async with``; leaving the block closes the connection."""
        return Answer(task, self._client(), method, path(template, *names), params=params, json=body)

    async def close(self) -> None:
        """Close the connections; pending calls fail."""
        self.preparations.close()
        for threads in (self._threads, self._long_threads):
            await asyncio.to_thread(threads.shutdown, wait=True, cancel_futures=True)
        if self._api:
            self._api.close()

    def _work(self, task: str, work: Callable[[APIClient], T]) -> T:
        with explained(task):
            return work(self._connected())

    def _connected(self) -> APIClient:
        # Opened at the first call, so that the application can start without the engine.
        with self._opening:
            if self._api is None:
                size = 2 * (THREADS + LONG_THREADS)
                self._api = EngineClient(self.host, self._timeouts, pool_size=size)
            return self._api

    def _client(self) -> httpx.AsyncClient:
        url = urlsplit(self.host)
        socket = url.path if url.scheme == "unix" else None
        return httpx.AsyncClient(
            # An empty context: the default one reads every root certificate, which takes a quarter of a second.
            transport=httpx.AsyncHTTPTransport(uds=socket, verify=SSLContext(PROTOCOL_TLS_CLIENT)),
            base_url="http://docker" if socket else f"http://{url.netloc}",
            timeout=httpx.Timeout(self._timeouts.short_s, read=None),
        )


class Answer:
    """A streamed response.

    A class, not a generator: an iterator that is dropped half-way would leave two generators to close, in
    an undefined order.
    """

    def __init__(self, task: str, client: httpx.AsyncClient, *request: str, **more: Json | None) -> None:
        self._task = task
        self._client = client
        self._request = client.build_request(*request, **more)

    async def __aenter__(self) -> httpx.Response:
        """Send the request. Raises Unreachable, or Refused when the response is an error."""
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


def generation(labels: Mapping[str, str]) -> int:
    """Return the generation in the labels, 0 without one."""
    text = labels.get("miniaws.generation", "")
    return int(text) if _NUMBER.fullmatch(text) else 0
