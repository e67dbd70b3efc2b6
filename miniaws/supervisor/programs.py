"""The programs that a supervisor runs."""

import json
import signal
import socket
import subprocess
from collections.abc import Callable, Sequence
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any, Protocol, cast
from urllib.parse import urlsplit

from adapters.embedded_postgres import EmbeddedPostgres
from adapters.setpriv import ending_with_us
from domain.errors import Refused, Unreachable
from miniaws.supervisor import logs

_PROBE_S = 2.0


class Program(Protocol):
    """A program to run. ``name`` is unique; ``log`` is the file of its output."""

    @property
    def name(self) -> str:
        """The name shown to users."""
        ...

    @property
    def log(self) -> Path:
        """The file of its output."""
        ...

    @property
    def ends_by_itself(self) -> bool:
        """Whether it is a one-off task, which is done when it exits with 0."""
        ...

    @property
    def stop_signal(self) -> signal.Signals:
        """The signal that stops it."""
        ...

    def spawn(self) -> "subprocess.Popen[bytes]":
        """Start it, after cleaning up what an earlier run left. Raises PortError when that is impossible."""
        ...

    def is_ready(self) -> bool:
        """Return whether it is ready; quick, never raises."""
        ...

    def why_it_ended(self) -> str:
        """Return its last output."""
        ...


class Postgres:
    """The embedded database."""

    name = "postgres"
    ends_by_itself = False
    stop_signal = signal.SIGINT

    def __init__(self, server: EmbeddedPostgres) -> None:
        self._server = server
        self.log = server.log

    def spawn(self) -> "subprocess.Popen[bytes]":
        """Start the server; create its data directory if it is missing."""
        self._server.prepare()
        return self._server.spawn()

    def is_ready(self) -> bool:
        """Return whether it accepts queries and has its database."""
        try:
            self._server.ensure_database()
        except (Refused, Unreachable):
            return False
        return True

    def why_it_ended(self) -> str:
        """Return the reason from the server's log."""
        return self._server.why_it_ended()


class Command:
    """One of our own programs, started with a command line."""

    stop_signal = signal.SIGTERM

    def __init__(
        self,
        name: str,
        argv: Sequence[str],
        log: Path,
        *,
        environment: Callable[[], dict[str, str]],
        url: str | None = None,
        ends_by_itself: bool = False,
    ) -> None:
        """``environment`` is called at each start. With ``url``, the program is ready when that returns 200."""
        self.name = name
        self.log = log
        self.ends_by_itself = ends_by_itself
        self._argv = list(argv)
        self._environment = environment
        self._url = url
        self._log_start = 0

    def spawn(self) -> "subprocess.Popen[bytes]":
        """Start it in its own session. Raises Refused when another program uses its port."""
        if self._url is not None:
            _refuse_if_taken(self._url)
        self.log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self._log_start = log.tell()
            return subprocess.Popen(  # noqa: S603 (our own words only)
                ending_with_us(self._argv, signal="TERM"),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                env=self._environment(),
                start_new_session=True,
            )

    def is_ready(self) -> bool:
        """Return whether its URL responds; without a URL it is ready immediately."""
        return self._url is None or answers(self._url)

    def why_it_ended(self) -> str:
        """Return its last line."""
        said = [line for line in logs.tail(self.log, 20, self._log_start) if line.strip()]
        return said[-1] if said else "it said nothing"


def answers(url: str) -> bool:
    """Return whether a GET of the URL returns 200."""
    answer = ask(url)
    return answer is not None and answer[0] == 200


def ask(url: str) -> tuple[int, dict[str, Any]] | None:
    """Return the status and the JSON object of the response to a GET; None without a response.

    The object is empty when the response contains none.
    """
    parts = urlsplit(url)
    connection = HTTPConnection(parts.hostname or "", parts.port or 80, timeout=_PROBE_S)
    try:
        connection.request("GET", parts.path or "/")
        answer = connection.getresponse()
        return answer.status, _object(answer.read())
    except (OSError, HTTPException):
        return None
    finally:
        connection.close()


def _object(content: bytes) -> dict[str, Any]:
    try:
        found = json.loads(content)
    except ValueError:
        return {}
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}


def _refuse_if_taken(url: str) -> None:
    parts = urlsplit(url)
    with socket.socket() as probe:
        # With the socket option of servers, so that connections in TIME_WAIT do not matter.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((parts.hostname or "", parts.port or 80))
        except OSError as error:
            raise Refused(
                f"cannot listen on {parts.hostname}:{parts.port}: {error.strerror}; "
                "stop the program that does, or set MINIAWS_PORT to a free port"
            ) from None
