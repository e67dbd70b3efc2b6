"""Replaces ``python -m miniaws`` in tests that only need processes.

``<home>/orders`` may hold lines ``<name> <order>``: ``fail`` ends it at once, ``stubborn`` ignores SIGTERM,
and says so by a file ``<name>.stubborn``; ``controller silent`` lets the API say that the controller is so.
"""

import json
import os
import signal
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import psycopg

from miniaws.settings import Settings
from miniaws.supervisor import control_plane, state


class Ready(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        with psycopg.connect(os.environ["MINIAWS_DATABASE_URL"]) as connection:
            connection.execute("SELECT 1")
        found = state.read(Settings().home)
        pids = {child.name: child.pid for child in found.children} if found else {}
        is_silent = "controller silent" in orders()
        loop = {"name": "tail", "state": "running", "restarts": 0, "last_error": None}
        controller = {"pid": pids.get("controller"), "state": "not-responding" if is_silent else "leading"}
        said = {"loops": [loop], "controllers": [{**controller, "loops": [{**loop, "name": "watch"}]}]}
        self.send_response(503 if is_silent else 200)
        self.end_headers()
        self.wfile.write(json.dumps({**said, "detail": "cannot serve" if is_silent else None}).encode())


def orders() -> list[str]:
    file = Settings().home / "orders"
    return file.read_text().splitlines() if file.exists() else []


def main() -> None:
    name, settings = sys.argv[1], Settings()
    ordered = orders()
    if f"{name} fail" in ordered:
        sys.exit(f"{name} was set to fail")
    if f"{name} stubborn" in ordered:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        (settings.home / f"{name}.stubborn").touch()
    if name == "up":
        up(settings)
    elif name == "first-key":
        write_key(settings.credentials)
    elif name == "api":
        HTTPServer((settings.host, settings.port), Ready).serve_forever()
    else:
        signal.pause()


def up(settings: Settings) -> None:
    lock = control_plane.take_over(settings)
    if lock is None:
        sys.exit(0)
    with lock:
        program = [sys.executable, __file__]
        done = control_plane.run(settings, report=say, on_ready=lambda: None, program=program)
    sys.exit(0 if done else 1)


def say(sentence: str) -> None:
    sys.stderr.write(f"{sentence}\n")


def write_key(file: Path) -> None:
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(f"MINIAWS_API_KEY={os.getpid()}\n")


main()
