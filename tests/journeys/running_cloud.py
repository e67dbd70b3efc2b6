"""A cloud of real processes on a real engine: an API and any number of controllers, to be killed at will."""

import asyncio
import contextlib
import os
import secrets
import signal
import time
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import docker
import docker.errors
import httpx

from adapters.docker.firewall_rules import remove_rules
from domain import values
from miniaws import bootstrap
from miniaws.bootstrap import first_key
from miniaws.settings import Settings
from tests.conftest import free_port
from tests.journeys.forks import Fork, Process

IMAGE = "miniaws/hello:local"
DEADLINE_S = 60.0
_OF_KEYS = ("data_dir", "database_url", "cloud", "port", "docker_host", "vpc_pool", "engine")
"""The settings that matter when the first key is issued and the default VPC is created."""


class RunningCloud:
    """Starts and stops the processes of one cloud; ``http`` uses its API as its first admin."""

    def __init__(self, home: Path, database_url: str, cloud: str, docker_host: str, **settings: str) -> None:
        self.home = home
        self.cloud = cloud
        self.port = free_port()
        self.engine = docker.DockerClient(base_url=docker_host)
        self._environment = {
            **os.environ,
            "MINIAWS_DATA_DIR": str(home),
            "MINIAWS_DATABASE_URL": database_url,
            "MINIAWS_CLOUD": cloud,
            "MINIAWS_PORT": str(self.port),
            "MINIAWS_DOCKER_HOST": docker_host,
            "MINIAWS_RESYNC_S": "3",
            "MINIAWS_ORPHAN_HOLD_S": "1",
            "MINIAWS_VPC_POOL": f"10.{100 + secrets.randbelow(96)}.0.0/16",
            "MINIAWS_RATE_LIMIT": "10000",
            "MINIAWS_RATE_BURST": "10000",
            "MINIAWS_FAILED_AUTH_PER_MINUTE": "10000",
            **settings,
        }
        self.api: Process | None = None
        self.controllers: list[Process] = []
        self._issue_first_key()
        key = first_key.read(home / "credentials")["MINIAWS_API_KEY"]
        self.http = httpx.Client(
            base_url=f"http://127.0.0.1:{self.port}", headers={"Authorization": key}, timeout=DEADLINE_S
        )

    def start_api(self) -> None:
        """Start the API and wait until it is ready."""
        self.api = self._start("api")
        wait_until(self._is_ready, "the API is ready")

    def start_controller(self) -> Process:
        """Start one more controller; the first one that leads works."""
        controller = self._start("controller")
        self.controllers.append(controller)
        return controller

    def kill_api(self) -> None:
        """Kill the API."""
        assert self.api is not None
        kill(self.api)

    def close(self) -> None:
        """Stop every process and close the connection to the engine."""
        for process in [self.api, *self.controllers]:
            if process is not None:
                kill(process)
        self.http.close()
        with contextlib.suppress(docker.errors.DockerException, OSError):
            remove_rules(self.engine.api, self._environment["MINIAWS_DOCKER_HOST"], self.cloud)
        self.engine.close()
        # Shown only when the test failed.
        for log in sorted(self.home.glob("*.log")):
            print(f"--- {log.name}", *log.read_text(encoding="utf-8").splitlines()[-40:], sep="\n")  # noqa: T201

    # What a user would do

    def launch(self, name: str, **more: Any) -> dict[str, Any]:
        """Launch an instance and return it when it has settled."""
        body = {"name": name, "image": IMAGE, "type": "nano", **more}
        return self.post("/api/instances", body)

    def post(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Send a command and return the settled resource."""
        answer = self.http.post(path, json=body, headers={"Prefer": "wait=30"})
        assert answer.status_code == 202, answer.text
        return answer.json()

    def delete(self, path: str) -> dict[str, Any]:
        """Delete a resource and return its last document."""
        answer = self.http.delete(path, headers={"Prefer": "wait=30"})
        assert answer.status_code == 202, answer.text
        return answer.json()

    def show(self, path: str) -> dict[str, Any]:
        """Read a document."""
        answer = self.http.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def instance(self, name: str) -> dict[str, Any]:
        """Read an instance."""
        return self.show(f"/api/instances/{name}")

    def has_default_vpc(self) -> bool:
        """Return whether the set-up of the cloud is complete."""
        answer = self.http.get("/api/vpcs/default")
        return answer.status_code == 200 and answer.json()["status"] == "available"

    def types(self, resource_id: str) -> list[str]:
        """Return the types of a resource's events, oldest first."""
        items = self.show(f"/api/timeline?resource={resource_id}&order=oldest&limit=1000")["items"]
        return [event["type"].partition(".")[2] for event in items]

    def empty(self) -> None:
        """Remove every resource but the default VPC and wait until they are gone."""
        self._remove("/api/scaling-groups")
        self._remove("/api/load-balancers")
        self._remove("/api/instances")
        self._remove("/api/caches")
        self._remove("/api/queues")
        self._remove("/api/databases", query="?keep_backups=false")
        self._remove("/api/archives", asks=False)
        self._remove("/api/snapshots")
        self._remove("/api/volumes")
        self._remove("/api/vpcs", besides="default")

    def _remove(self, path: str, besides: str | None = None, query: str = "", *, asks: bool = True) -> None:
        def living() -> list[dict[str, Any]]:
            return [item for item in self.show(f"{path}?limit=1000")["items"] if item["name"] != besides]

        for item in living() if asks else []:
            self.http.delete(f"{path}/{item['id']}{query}").raise_for_status()
        try:
            wait_until(lambda: not living(), f"everything under {path} is gone")
        except AssertionError as error:
            left = living()
            passes = [line for item in left for line in self._passes_of(item["id"])]
            raise AssertionError("\n".join([str(error), *map(str, left), *passes])) from None

    # What is really there

    def containers(self) -> dict[str, Any]:
        """Return the containers of this cloud by resource id; fails when a resource has two."""
        found = self.engine.containers.list(
            all=True, filters={"label": f"miniaws.cloud={self.cloud}"}, ignore_removed=True
        )
        ids = [container.labels["miniaws.id"] for container in found]
        assert len(ids) == len(set(ids)), ids
        return dict(zip(ids, found, strict=True))

    def things(self) -> list[tuple[str, str]]:
        """Return all objects on the engine with the labels of this cloud: type and resource."""
        ours = {"label": f"miniaws.cloud={self.cloud}"}
        found: list[tuple[str, dict[str, Any]]] = [
            *(("container", each.attrs["Config"]) for each in self.containers().values()),
            *(("network", each.attrs) for each in self.engine.networks.list(filters=ours)),
            *(("volume", each.attrs) for each in self.engine.volumes.list(filters=ours)),
            *(("image", each.attrs["Config"]) for each in self.engine.images.list(filters=ours)),
        ]
        return sorted((thing, attributes["Labels"]["miniaws.id"]) for thing, attributes in found)

    def container(self, resource_id: str) -> Any:
        """Return the container of an instance."""
        return self.containers()[resource_id]

    def passes(self) -> int:
        """Return how many passes the controllers have logged."""
        return (self.home / "controller.log").read_bytes().count(b'"event": "pass"')

    def _passes_of(self, resource_id: str) -> list[str]:
        found = values.parse_id(resource_id)
        lines = (self.home / "controller.log").read_text(encoding="utf-8").splitlines()
        return [line for line in lines if found is not None and str(found[1]) in line][-20:]

    def _issue_first_key(self) -> None:
        # In this process, which has imported all of it; in a thread, as the driver of a browser has a loop in this one.
        variables = {name.removeprefix("MINIAWS_").lower(): v for name, v in self._environment.items()}
        settings = Settings.model_validate({name: variables[name] for name in _OF_KEYS if name in variables})
        bootstrap.prepare(settings)
        with ThreadPoolExecutor(1) as pool:
            pool.submit(asyncio.run, bootstrap.ensure_first_key(settings)).result()

    def _is_ready(self) -> bool:
        with contextlib.suppress(httpx.TransportError):
            return self.http.get("/health/ready").status_code == 200
        return False

    def _start(self, part: str) -> Process:
        return Fork(part, self._environment, self.home / f"{part}.log")


def kill(process: Process) -> None:
    """Kill a process and wait for it."""
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(signal.SIGKILL)
    process.wait(10)


def wait_until(condition: Callable[[], bool], what: str, deadline_s: float = DEADLINE_S) -> None:
    """Poll until a condition holds; fails with its description."""
    end = time.monotonic() + deadline_s
    while not condition():
        assert time.monotonic() < end, f"not within {deadline_s:g} s: {what}"
        time.sleep(0.05)


@contextlib.contextmanager
def running_cloud(
    home: Path, database_url: str, cloud: str, docker_host: str, **settings: str
) -> Generator[RunningCloud, None, None]:
    """A cloud with one API and one controller."""
    found = RunningCloud(home, database_url, cloud, docker_host, **settings)
    with started(found):
        yield found


@contextlib.contextmanager
def started(cloud: RunningCloud) -> Generator[None, None, None]:
    """One API and one controller of a cloud, stopped afterwards."""
    try:
        cloud.start_controller()
        cloud.start_api()
        wait_until(cloud.has_default_vpc, "there is a default VPC")
        yield
    finally:
        cloud.close()
