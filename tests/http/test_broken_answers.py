"""An error after the response has begun cannot become a problem document, but is logged."""

from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import pytest
import structlog
from starlette.requests import ClientDisconnect
from structlog.testing import capture_logs

from miniaws.http import middleware
from miniaws.settings import Settings


@pytest.fixture(autouse=True)
def _fresh_logger(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace the logger, so that one cached by another test does not bypass the capture."""
    structlog.reset_defaults()
    monkeypatch.setattr(middleware, "_log", structlog.get_logger("http"))


async def served(error: Exception, directory: Path) -> tuple[list[str], list[MutableMapping[str, Any]]]:
    """Return the messages sent and the log lines of a response that fails."""
    sent: list[str] = []

    async def breaks_off(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"half of ", "more_body": True})
        raise error

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b""}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message["type"])

    gate = middleware.RequestGuard(breaks_off, Settings(data_dir=directory))
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/health/live",
        "query_string": b"",
        "headers": [(b"host", b"localhost"), (b"x-request-id", b"req-1")],
    }
    with capture_logs() as logs:
        await gate(scope, receive, send)
    return sent, [each for each in logs if each["log_level"] == "error"]


async def test_an_error_after_an_answer_began_is_logged_with_its_request(tmp_path: Path) -> None:
    error = ValueError("no more")
    sent, logs = await served(error, tmp_path)
    assert sent == ["http.response.start", "http.response.body"]
    assert [(each["event"], each["request_id"], each["exc_info"]) for each in logs] == [
        ("answer broke off", "req-1", error)
    ]


async def test_a_client_that_goes_away_is_no_error(tmp_path: Path) -> None:
    sent, logs = await served(ClientDisconnect(), tmp_path)
    assert (sent[-1], logs) == ("http.response.body", [])
