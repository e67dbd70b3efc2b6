"""After a lost connection nothing is lost or repeated."""

import json
import select
import socket
import threading
from collections.abc import Generator

import pytest

from tests.cli.conftest import CloudServer, Command


class Cable:
    """A proxy between the CLI and the API; it can drop the connection during a response."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._server.getsockname()[1]}"
        self.cuts = 0
        self.connections = 0
        threading.Thread(target=self._run, daemon=True).start()

    def close(self) -> None:
        """Drop the connection."""
        self._server.close()

    def _run(self) -> None:
        while True:
            try:
                near, _ = self._server.accept()
            except OSError:
                return
            self.connections += 1
            with near, socket.create_connection(("127.0.0.1", self._port)) as far:
                self._carry(near, far)

    def _carry(self, near: socket.socket, far: socket.socket) -> None:
        while True:
            ready, _, _ = select.select([near, far], [], [])
            for end in ready:
                chunk = end.recv(65536)
                if not chunk:
                    return
                if end is far and self.cuts:
                    self.cuts -= 1
                    return
                (far if end is near else near).sendall(chunk)


@pytest.fixture
def cable(cloud_server: CloudServer) -> Generator[Cable]:
    found = Cable(cloud_server.settings.port)
    yield found
    found.close()


def through(cable: Cable, cloud: Command) -> Command:
    key = cloud("key", "issue", "ci", "--role", "operator", "-o", "name").stdout.strip()
    return Command({**cloud.variables, "MINIAWS_URL": cable.url, "MINIAWS_API_KEY": key})


def test_an_answer_that_is_lost_is_asked_for_again(cloud: Command, cable: Cable) -> None:
    far_away = through(cable, cloud)
    cable.cuts = 2
    result = far_away("instance", "launch", "web-1", "--image", "miniaws/hello:local")
    assert result.stderr == "web-1 is running\n"
    assert cable.connections == 3
    assert cloud("instance", "list", "-o", "name").stdout == "web-1\n"
    versions = json.loads(cloud("instance", "history", "web-1", "-o", "json").stdout)
    assert [version["status"] for version in versions] == ["pending", "pending", "running"]


def test_a_program_is_not_run_twice(cloud: Command, cable: Cable) -> None:
    far_away = through(cable, cloud)
    cloud("instance", "launch", "web-1", "--image", "miniaws/hello:local")
    cable.cuts = 1
    result = far_away("instance", "exec", "web-1", "--", "echo", exit_code=1)
    assert "it was run before, and what it printed is not kept" in result.stderr


def test_a_long_wait_is_several_requests(
    cloud: Command, cloud_server: CloudServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("miniaws.cli.client._MAX_WAIT_S", 1)
    cloud_server.accident("hold", "containers.start")
    release = threading.Timer(3, cloud_server.accident, ("release", "containers.start"))
    release.start()
    result = cloud("instance", "launch", "web-1", "--image", "miniaws/hello:local", "--timeout", "30")
    release.join()
    assert result.stderr == "web-1 is running\n"
    assert cloud("instance", "list", "-o", "name").stdout == "web-1\n"
