"""Speaks to the API: signs in, retries what may be retried, and turns every problem into a Failure."""

import re
import time
import uuid
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from types import TracebackType
from typing import Any, Self

import httpx
from pydantic import SecretStr

from domain.status import SETTLING
from miniaws import profile
from miniaws.cli.failures import NO_ANSWER, NOT_FOUND, NOT_PERMITTED, REFUSED, Failure
from miniaws.settings import Settings

Document = dict[str, Any]

_EXIT_CODES = {401: NOT_PERMITTED, 403: NOT_PERMITTED, 404: NOT_FOUND, 429: NO_ANSWER, 503: NO_ANSWER}
_LATER = {429, 502, 503, 504}
_PAUSES_S = (0.25, 0.5, 1.0, 2.0)
_PAGE = 500
_TURN_S = 20
"""One request waits no longer, so that a lost connection is noticed; then the same request goes on waiting."""
_ANSWER_S = 75.0
"""Longer than the API lets a program that it runs take."""


def connect(settings: Settings | None = None, *, patience_s: float = _ANSWER_S) -> "Client":
    """Return a client for the cloud of the settings or, where they say nothing, of the profile."""
    settings = settings or Settings()
    known = profile.read(settings.credentials)
    url = (settings.url_override or known.get("MINIAWS_URL") or settings.url).rstrip("/")
    if settings.api_key:
        return Client(url, settings.api_key, patience_s=patience_s)
    if "MINIAWS_API_KEY" not in known:
        raise Failure(
            f"cannot sign in: there is no key in {settings.credentials}; run `cloud up`, or set MINIAWS_URL and "
            "MINIAWS_API_KEY",
            NOT_PERMITTED,
        )
    if url != known.get("MINIAWS_URL", url).rstrip("/"):
        # A key is only ever shown to the cloud it was made by.
        raise Failure(
            "cannot sign in: the key of the profile is for another cloud than MINIAWS_URL; set MINIAWS_API_KEY, too",
            NOT_PERMITTED,
        )
    return Client(url, SecretStr(known["MINIAWS_API_KEY"]), patience_s=patience_s)


class Client:
    """One signed-in connection."""

    def __init__(self, url: str, key: SecretStr, *, patience_s: float = _ANSWER_S) -> None:
        self._origin = _origin(url)
        if not re.fullmatch(r"[\x21-\x7e]+", key.get_secret_value()):
            raise Failure(
                "cannot sign in: the key has characters that no key has; check MINIAWS_API_KEY", NOT_PERMITTED
            )
        self._patience_s = patience_s
        self._http = httpx.Client(
            base_url=url,
            headers={"Authorization": key.get_secret_value()},
            timeout=patience_s,
            # A proxy for the way out is no way to this machine.
            trust_env=not _is_here(self._origin),
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
        """Where the cloud answers, without a slash at the end."""
        return str(self._http.base_url).rstrip("/")

    def read(self, path: str, **params: Any) -> Document:
        """Return what a GET answers; parameters that are None are left out."""
        return self._send("GET", path, params=_given(params)).json()

    def ask(self, path: str, body: Document, **params: Any) -> Document:
        """Return what a POST answers that changes nothing."""
        return self._send("POST", path, json=body, params=_given(params)).json()

    def pages(self, path: str, limit: int | None, **params: Any) -> list[Document]:
        """Return the documents of a list, all pages as of one position."""
        return [document for page in self.page_by_page(path, limit, **params) for document in page]

    def page_by_page(self, path: str, limit: int | None, **params: Any) -> Iterator[list[Document]]:
        """Yield the documents of a list, a page at a time."""
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
        """Ask for a change; wait until the resource has settled, or for so long.

        Everything is sent under one idempotency key: however often it is repeated, it is carried out once.
        """
        headers = {"Idempotency-Key": str(uuid.uuid4())}
        if version is not None:
            headers["If-Match"] = f'"{version}"'
        deadline = time.monotonic() + wait_s
        while True:
            left = max(0.0, deadline - time.monotonic())
            turn = int(min(_TURN_S, left + 0.999))
            preferred = {**headers, "Prefer": f"wait={turn}"} if turn else headers
            timeout = self._patience_s + turn
            answer = self._send(method, path, json=body, headers=preferred, timeout=timeout).json()
            if not turn or answer.get("status") not in SETTLING:
                return answer

    @contextmanager
    def stream(self, path: str, *, silence_s: float | None = None, **params: Any) -> Generator[Iterator[str]]:
        """Open a text that may never end, and yield its lines; so much silence means a lost connection."""
        timeout = httpx.Timeout(self._patience_s, read=silence_s)
        try:
            with self._http.stream("GET", path, params=_given(params), timeout=timeout) as response:
                if response.is_error:
                    response.read()
                    raise _problem(response)
                yield response.iter_lines()
        except httpx.TransportError as error:
            raise self._lost(error) from None

    def _send(self, method: str, path: str, **options: Any) -> httpx.Response:
        # Whoever is as impatient as a shell that completes a word has no time for a second attempt.
        pauses = _PAUSES_S if self._patience_s >= _ANSWER_S else ()
        for pause in (*pauses, None):
            try:
                response = self._http.request(method, path, **options)
            except httpx.TransportError as error:
                failure = self._lost(error)
            else:
                if response.is_success:
                    return response
                failure = _problem(response)
                if response.status_code not in _LATER:
                    raise failure
            if pause is None:
                raise failure
            time.sleep(pause)  # noqa: TID251 - nothing tells a client when a server is back
        raise AssertionError  # the last pause is None

    def _lost(self, error: httpx.TransportError) -> Failure:
        # The library's words on what it could not send may hold what it could not send.
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
    notes = [f"{error['field']}: {error['message']}" for error in problem.get("errors", [])[1:]]
    notes += [f"field: {problem['field']}"] if problem.get("field") else []
    notes += [f"request id: {problem['request_id']}"] if problem.get("request_id") else []
    exit_code = _EXIT_CODES.get(response.status_code, REFUSED)
    return Failure(sentence, exit_code, tuple(notes), str(problem.get("code", "")))


def _given(params: Document) -> Document:
    return {name: value for name, value in params.items() if value is not None}


def _origin(url: str) -> str:
    """Return scheme, host and port: a URL may hold a password, too."""
    match = re.match(
        r"https?://(?:[^@/]*@)?([\w.-]+|\[[\da-f:.]+\])(:\d{1,5})?(?=[/?]|$)", url, re.IGNORECASE
    )
    if match is None:
        raise Failure("cannot use MINIAWS_URL: write it as e.g. http://127.0.0.1:8080", NOT_PERMITTED)
    return f"{url.partition(':')[0]}://{match[1]}{match[2] or ''}"


def _is_here(origin: str) -> bool:
    host = httpx.URL(origin).host
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
