"""The programs a supervisor runs."""

import signal
import socket
import subprocess
from collections.abc import Callable, Sequence
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from adapters.embedded_postgres import EmbeddedPostgres
from adapters.setpriv import ending_with_us
from domain.errors import Refused, Unreachable
from miniaws.supervisor import logs

_PROBE_S = 2.0


class Program(Protocol):
    """Something to run. ``name`` is unique; ``log`` is where its output goes."""

    @property
    def name(self) -> str:
        """What people call it."""
        ...

    @property
    def log(self) -> Path:
        """Where its output goes."""
        ...

    @property
    def ends_by_itself(self) -> bool:
        """Whether it has one thing to do; ending with code 0 then means it is done."""
        ...

    @property
    def stop_signal(self) -> signal.Signals:
        """The polite way to end it."""
        ...

    def spawn(self) -> "subprocess.Popen[bytes]":
        """Start it, over whatever an earlier run left. Raises PortError when that cannot work."""
        ...

    def is_ready(self) -> bool:
        """Tell whether it does its work; quick, never raises."""
        ...

    def why_it_ended(self) -> str:
        """Return what it said last."""
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
        """Start the server, with a data directory made for it when there is none."""
        self._server.prepare()
        return self._server.spawn()

    def is_ready(self) -> bool:
        """Tell whether it answers; its database is there then."""
        try:
            self._server.ensure_database()
        except (Refused, Unreachable):
            return False
        return True

    def why_it_ended(self) -> str:
        """Return the server's own reason."""
        return self._server.why_it_ended()


class Command:
    """A program of ours, started by its command line."""

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
        """``environment`` is asked at each start. With ``url`` it is ready when that answers 200."""
        self.name = name
        self.log = log
        self.ends_by_itself = ends_by_itself
        self._argv = list(argv)
        self._environment = environment
        self._url = url
        self._log_start = 0

    def spawn(self) -> "subprocess.Popen[bytes]":
        """Start it in a session of its own. Raises Refused when another program has its port."""
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
        """Tell whether its address answers; without one it is ready at once."""
        return self._url is None or answers(self._url)

    def why_it_ended(self) -> str:
        """Return its last line."""
        said = [line for line in logs.tail(self.log, 20, self._log_start) if line.strip()]
        return said[-1] if said else "it said nothing"


def answers(url: str) -> bool:
    """Tell whether a GET of the URL is answered with 200."""
    parts = urlsplit(url)
    connection = HTTPConnection(parts.hostname or "", parts.port or 80, timeout=_PROBE_S)
    try:
        connection.request("GET", parts.path or "/")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def _refuse_if_taken(url: str) -> None:
    parts = urlsplit(url)
    with socket.socket() as probe:
        # As a server does, so that connections of the last one that are still closing do not matter.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((parts.hostname or "", parts.port or 80))
        except OSError as error:
            raise Refused(
                f"cannot listen on {parts.hostname}:{parts.port}: {error.strerror}; "
                "end the program that does, or set MINIAWS_PORT to a free port"
            ) from None
