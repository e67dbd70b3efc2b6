"""Containers of ours in the network of the host, or in that of a container."""

import itertools
import math
from collections.abc import Sequence

from docker import APIClient
from docker.errors import APIError, NotFound

from adapters.docker import output
from adapters.docker.creation import LOG, PIDS, archive
from adapters.docker.engine import CONFLICT, DockerEngine, Json
from adapters.docker.firewall_rules import HOST_CONTAINER
from adapters.docker.removal import remove_container
from adapters.images.recipe import tag
from domain.errors import Refused
from domain.ports import ExecResult, File

IMAGE = tag("nftables")
"""Debian's nftables, iproute2, netcat and ping."""
_MEMORY = 128 * 1024 * 1024
_WITH_INPUT = 'file=$1; shift; "$@" <"$file"; code=$?; rm -f "$file"; exit $code'


class HostContainer:
    """One container of this cloud in the network of the host, which outlives the process that created it.

    It has one capability, ``NET_ADMIN``. It is no resource's, and no sweep takes it for an orphan.
    """

    def __init__(self, engine: DockerEngine) -> None:
        self._engine = engine
        self._name = engine.name(HOST_CONTAINER)
        self._inputs = itertools.count()

    async def execute(self, argv: Sequence[str], stdin: bytes, timeout_s: float) -> ExecResult:
        """Run a program in it. Raises ImagePending while its image is built, Unreachable, Refused."""
        await self._engine.run("start the container for the host's network", self._ensure)
        if stdin:
            path = f"/tmp/input-{id(self)}-{next(self._inputs)}"  # noqa: S108 - inside the container
            files = {path: File(stdin)}
            await self._engine.run(
                f"give {argv[0]} its input", lambda api: api.put_archive(self._name, "/", archive(files))
            )
            argv = ["sh", "-c", _WITH_INPUT, "sh", path, *argv]
        return await output.execute(self._engine, HOST_CONTAINER, argv, timeout_s)

    def _ensure(self, api: APIClient) -> None:
        try:
            found: Json = api.inspect_container(self._name)
        except NotFound:
            self._create(api)
            found = api.inspect_container(self._name)
        if not self._engine.owns(found["Config"]["Labels"], HOST_CONTAINER):
            raise Refused(
                f"cannot reach the host's network: another container has the name {self._name}; remove it"
            )
        if found["State"]["Status"] in {"dead", "removing"}:
            remove_container(api, found["Id"])
            self._create(api)
        if not found["State"]["Running"]:
            api.start(self._name)

    def _create(self, api: APIClient) -> None:
        config = {
            "Image": self._engine.preparations.ready(api, [IMAGE]),
            "Cmd": ["sleep", "infinity"],
            "User": "0:0",
            "Labels": _labels(self._engine, HOST_CONTAINER),
            "HostConfig": {
                "NetworkMode": "host",
                "Init": True,
                "PidsLimit": PIDS,
                "Memory": _MEMORY,
                "MemorySwap": _MEMORY,
                "LogConfig": LOG,
                "CapDrop": ["ALL"],
                "CapAdd": ["NET_ADMIN"],
                "SecurityOpt": ["no-new-privileges"],
            },
        }
        try:
            api.create_container_from_config(config, self._name)
        except APIError as error:
            if error.status_code != CONFLICT:
                raise


def _labels(engine: DockerEngine, what: str) -> dict[str, str]:
    """Return labels by which it is removed with its cloud. Without a kind, it is the container of no resource."""
    return {"miniaws.cloud": engine.cloud, "miniaws.id": what}


async def run_beside(
    engine: DockerEngine, resource_id: str, argv: Sequence[str], timeout_s: float
) -> ExecResult:
    """Run a program of our image in the network of a running container, in a container that is removed again.

    Raises ImagePending while the image is built, and Refused unless the container runs.
    """
    task = f"run {argv[0]} in the network of {resource_id}"

    def run(api: APIClient) -> ExecResult:
        config = {
            "Image": engine.preparations.ready(api, [IMAGE]),
            "Cmd": list(argv),
            "Labels": _labels(engine, "probe"),
            "HostConfig": {
                "NetworkMode": f"container:{engine.name(resource_id)}",
                "PidsLimit": PIDS,
                "Memory": _MEMORY,
                "MemorySwap": _MEMORY,
                "CapDrop": ["ALL"],
                "CapAdd": ["NET_RAW"],
                "SecurityOpt": ["no-new-privileges"],
            },
        }
        made: str = api.create_container_from_config(config)["Id"]
        try:
            api.start(made)
            code: int = api.wait(made, timeout=math.ceil(timeout_s))["StatusCode"]
            return ExecResult(code, api.logs(made, stderr=False), api.logs(made, stdout=False))
        finally:
            remove_container(api, made)

    return await engine.run(task, run, is_long=True)
