"""The client of the API: signs in, retries idempotent requests, and raises every problem as a Failure."""

import re
import time
import uuid
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from ssl import PROTOCOL_TLS_CLIENT, SSLContext
from types import TracebackType
from typing import Any, Self

import httpx

from domain.status import SETTLING
from miniaws.cli import target
from miniaws.cli.failures import NO_ANSWER, NOT_FOUND, NOT_PERMITTED, REFUSED, Failure
from miniaws.cli.target import Target

Document = dict[str, Any]

_EXIT_CODES = {401: NOT_PERMITTED, 403: NOT_PERMITTED, 404: NOT_FOUND, 429: NO_ANSWER, 503: NO_ANSWER}
_RETRYABLE = {429, 502, 503, 504}
_RETRY_DELAYS_S = (0.25, 0.5, 1.0, 2.0)
_PAGE = 500
_MAX_WAIT_S = 5
"""A single request waits no longer than this, so that progress can be shown; then it is repeated."""
_TIMEOUT_S = 75.0
"""Longer than the time-out of the API for a program that it executes."""


def connect(to: Target | None = None, *, timeout_s: float = _TIMEOUT_S) -> "Client":
    """Return a client for a cloud; None means that of the environment or the profile. Raises Failure."""
    return Client(to or target.find(), timeout_s=timeout_s)


class Client:
    """One signed-in connection."""

    def __init__(self, to: Target, *, timeout_s: float = _TIMEOUT_S) -> None:
        self._origin = _origin(to.url)
        if not re.fullmatch(r"[\x21-\x7e]+", to.key):
            raise Failure(
                "cannot sign in: the API key contains invalid characters; check MINIAWS_API_KEY",
                NOT_PERMITTED,
            )
        self._timeout_s = timeout_s
        self.on_progress: Callable[[str], None] = lambda _: None
        """Called with the state of a change while the client waits for it."""
        self.on_answer: Callable[[Document], None] = lambda _: None
        """Called with each answer to a change while the client waits for it."""
        self._http = httpx.Client(
            base_url=to.url,
            headers={"Authorization": to.key},
            timeout=timeout_s,
            # A proxy for outgoing traffic does not lead to this machine.
            trust_env=not _is_here(self._origin),
            # Loading the root certificates is slow, and only TLS needs them.
            verify=self._origin.startswith("https:") or SSLContext(PROTOCOL_TLS_CLIENT),
        )

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Disconnect."""
        self._http.close()

    @property
    def url(self) -> str:
        """The URL of the cloud, without a trailing slash."""
        return str(self._http.base_url).rstrip("/")

    def read(self, path: str, **params: Any) -> Document:
        """Return the answer of a GET; parameters that are None are left out."""
        return self._send("GET", path, params=_given(params)).json()

    def read_at_position(self, path: str, **params: Any) -> tuple[Document, int]:
        """Return the answer of a GET, and the position of the log that it shows."""
        response = self._send("GET", path, params=_given(params))
        return response.json(), int(response.headers["Miniaws-Position"])

    def ask(self, path: str, body: Document, **params: Any) -> Document:
        """Return the answer of a POST that changes nothing."""
        return self._send("POST", path, json=body, params=_given(params)).json()

    def pages(self, path: str, limit: int | None, **params: Any) -> list[Document]:
        """Return the documents of all pages of a list, as of one position."""
        return [document for page in self.page_by_page(path, limit, **params) for document in page]

    def page_by_page(self, path: str, limit: int | None, **params: Any) -> Iterator[list[Document]]:
        """Yield the documents of a list page by page."""
        cursor: str | None = None
        left = limit
        while left is None or left > 0:
            size = _PAGE if left is None else min(_PAGE, left)
            page = self.read(path, **params, limit=size, cursor=cursor)
            yield page["items"]
            left = None if left is None else left - len(page["items"])
            cursor = page["next_cursor"]
            if cursor is None:
                break

    def change(
        self,
        method: str,
        path: str,
        body: Document | None = None,
        *,
        wait_s: float = 0,
        version: int | None = None,
    ) -> Document:
        """Request a change, and wait at most ``wait_s`` seconds until the status is no longer transient.

        All attempts have the same idempotency key, so that the change is made once.
        """
        headers = {"Idempotency-Key": str(uuid.uuid4())}
        if version is not None:
            headers["If-Match"] = f'"{version}"'
        deadline = time.monotonic() + wait_s
        while True:
            left = max(0.0, deadline - time.monotonic())
            wait = int(min(_MAX_WAIT_S, left + 0.999))
            preferred = {**headers, "Prefer": f"wait={wait}"} if wait else headers
            timeout = self._timeout_s + wait
            answer = self._send(method, path, json=body, headers=preferred, timeout=timeout).json()
            self.on_answer(answer)
            if not wait or answer.get("status") not in SETTLING:
                return answer
            if reason := answer.get("status_reason"):
                self.on_progress(f"{answer['name']} is {answer['status']}: {reason}")

    @contextmanager
    def stream(
        self, path: str, *, read_timeout_s: float | None = None, **params: Any
    ) -> Generator[Iterator[str]]:
        """Open an endless response and yield its lines; ``read_timeout_s`` without data means a lost connection."""
        timeout = httpx.Timeout(self._timeout_s, read=read_timeout_s)
        try:
            with self._http.stream("GET", path, params=_given(params), timeout=timeout) as response:
                if response.is_error:
                    response.read()
                    raise _problem(response)
                yield response.iter_lines()
        except httpx.TransportError as error:
            raise self._unreachable(error) from None

    def _send(self, method: str, path: str, **options: Any) -> httpx.Response:
        # With a short time-out, as for completion in the shell, there is no time for a second attempt.
        delays = _RETRY_DELAYS_S if self._timeout_s >= _TIMEOUT_S else ()
        for delay in (*delays, None):
            try:
                response = self._http.request(method, path, **options)
            except httpx.TransportError as error:
                failure = self._unreachable(error)
            else:
                if response.is_success:
                    return response
                failure = _problem(response)
                if response.status_code not in _RETRYABLE:
                    raise failure
            if delay is None:
                raise failure
            time.sleep(delay)  # noqa: TID251 - there is no event to wait for
        raise AssertionError  # the last delay is None

    def _unreachable(self, error: httpx.TransportError) -> Failure:
        # The message of a protocol error may contain the API key.
        why = "" if isinstance(error, httpx.ProtocolError) else f": {error}".removesuffix(": ")
        return Failure(
            f"cannot reach the cloud at {self._origin}{why}; see `cloud status`, start it with `cloud up`",
            NO_ANSWER,
        )


def _problem(response: httpx.Response) -> Failure:
    try:
        problem: Document = response.json()
        sentence = str(problem["detail"])
    except (ValueError, KeyError, TypeError):
        return Failure(
            f"cannot understand the answer of {_origin(str(response.url))}: status {response.status_code} without "
            "a reason; is it a miniaws cloud?",
            NO_ANSWER,
        )
    notes = [str(error["message"]) for error in problem.get("errors", [])[1:]]
    notes += [f"field: {problem['field']}"] if problem.get("field") else []
    notes += [f"request id: {problem['request_id']}"] if problem.get("request_id") else []
    exit_code = _EXIT_CODES.get(response.status_code, REFUSED)
    failure = Failure(sentence, exit_code, tuple(notes), str(problem.get("code", "")))
    listed = problem.get("errors") or [{"field": problem.get("field"), "message": sentence}]
    failure.fields = tuple((str(each["field"]), str(each["message"])) for each in listed if each["field"])
    return failure


def _given(params: Document) -> Document:
    return {name: value for name, value in params.items() if value is not None}


def _origin(url: str) -> str:
    """Return scheme, host and port: a URL may hold a password, too."""
    match = re.match(
        r"https?://(?:[^@/]*@)?([\w.-]+|\[[\da-f:.]+\])(:\d{1,5})?(?=[/?]|$)", url, re.IGNORECASE
    )
    if match is None:
        raise Failure("`MINIAWS_URL` must be a URL, e.g. http://127.0.0.1:8080", NOT_PERMITTED)
    return f"{url.partition(':')[0]}://{match[1]}{match[2] or ''}"


def _is_here(origin: str) -> bool:
    host = httpx.URL(origin).host
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
