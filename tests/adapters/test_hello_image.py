"""The hello image works as the journeys expect."""

import json
import time
from collections.abc import Generator
from http.client import HTTPConnection
from typing import Any

import docker
import pytest

from adapters.docker import engine_sweep
from tests.conftest import free_port

IMAGE = "miniaws/hello:local"
DEADLINE_S = 30


@pytest.fixture
def client(engine: str) -> Generator[docker.DockerClient]:
    opened = docker.DockerClient(base_url=engine, version="auto")
    yield opened
    opened.close()


class Hello:
    """A container of the image, and a client for it."""

    def __init__(self, client: docker.DockerClient, cloud: str, network: str) -> None:
        self.port = free_port()
        self.container = client.containers.run(
            IMAGE,
            name=f"{cloud}-{self.port}",  # made-up names have underscores, which are none in host names
            detach=True,
            labels={engine_sweep.LABEL: cloud},
            network=network,
            ports={"8080/tcp": ("127.0.0.1", self.port)},
            environment={"APP_VERSION": "v7"},
        )
        self.container.reload()
        self.id = (self.container.id or "")[:12]
        deadline = time.monotonic() + DEADLINE_S
        while not self.answers():
            assert time.monotonic() < deadline, "it does not answer"

    def answers(self) -> bool:
        try:
            return self.get("/health")[0] == 200
        except OSError:
            return False

    def get(self, path: str) -> tuple[int, str]:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=DEADLINE_S)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def run(self, *words: str) -> tuple[int, str]:
        done: Any = self.container.exec_run(list(words))
        return done.exit_code, done.output.decode()

    def exit_code(self) -> int:
        return self.container.wait(timeout=DEADLINE_S)["StatusCode"]


@pytest.fixture
def hello(client: docker.DockerClient, cloud_name: str) -> Hello:
    network = client.networks.create(cloud_name, labels={engine_sweep.LABEL: cloud_name})
    return Hello(client, cloud_name, network.name or "")


def test_it_tells_who_it_is(hello: Hello) -> None:
    code, body = hello.get("/")
    told: dict[str, Any] = json.loads(body)
    assert code == 200
    assert told["hostname"] == hello.id
    assert told["version"] == "v7"
    assert hello.get("/elsewhere")[0] == 404


def test_its_health_can_be_switched(hello: Hello) -> None:
    assert hello.get("/health")[0] == 200
    hello.get("/health/fail")
    assert hello.get("/health")[0] == 503
    hello.get("/health/ok")
    assert hello.get("/health")[0] == 200


def test_it_burns_waits_and_grows_as_told(hello: Hello) -> None:
    assert hello.get("/burn?ms=10")[1].startswith("burned 10 ms")
    assert hello.get("/slow?s=0.05")[1].startswith("answered after 0.05 s")
    assert hello.get("/alloc?mb=1") == (200, "allocated\n")


def test_it_ends_with_the_code_it_is_told(hello: Hello) -> None:
    with pytest.raises(OSError, match=r"closed|reset"):
        hello.get("/exit?code=7")
    assert hello.exit_code() == 7


def test_it_obeys_sigterm_and_finishes_what_it_answers(hello: Hello) -> None:
    connection = HTTPConnection("127.0.0.1", hello.port, timeout=DEADLINE_S)
    connection.request("GET", "/slow?s=0.5")
    # It has the request once a later one is answered.
    hello.get("/")
    hello.container.kill("SIGTERM")
    assert connection.getresponse().status == 200
    connection.close()
    assert hello.exit_code() == 0


def test_it_fetches_by_name_and_address(hello: Hello, client: docker.DockerClient, cloud_name: str) -> None:
    other = Hello(client, cloud_name, cloud_name)
    address = other.container.attrs["NetworkSettings"]["Networks"][cloud_name]["IPAddress"]
    for host in (other.container.name, address):
        code, body = hello.run("get", f"http://{host}:8080/")
        assert code == 0
        assert json.loads(body)["hostname"] == other.id
    assert hello.run("get", "-t", "1", "http://no-such-name/")[0] == 1
    assert hello.run("get", f"http://{address}:8080/elsewhere")[0] == 1


def test_it_has_what_people_try_in_a_shell(hello: Hello) -> None:
    code, output = hello.run(
        "sh", "-c", "echo a > /tmp/f && cat /tmp/f && ls /tmp && hostname && touch /tmp/g && sync"
    )
    assert code == 0
    assert output.split() == ["a", "f", hello.id]
    assert hello.run("wget", "-qO-", "http://127.0.0.1:8080/health") == (0, "ok\n")
    assert hello.run("nslookup", "localhost")[0] in {0, 1}
    assert hello.run("sleep", "0.01")[0] == 0
