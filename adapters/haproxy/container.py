"""The container of HAProxy: in the host's network, so that listeners change without a new container."""

import re
import shlex
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from docker import APIClient
from docker.errors import NotFound

from adapters.docker.creation import LOG, PIDS, archive
from adapters.docker.engine import CONFLICT, DockerEngine
from adapters.haproxy.configuration import CERTIFICATES, DIRECTORY, certificate_path
from domain.errors import PortTaken, Refused
from domain.ports import File

_MEMORY = 512 * 1024 * 1024
_CAPABILITIES = ["NET_BIND_SERVICE", "SETUID", "SETGID", "KILL", "CHOWN", "DAC_OVERRIDE"]
"""For ports below 1024, a worker that is not root and can be signalled, a directory of another user."""
_TAKEN = re.compile(r"cannot bind socket \(Address already in use\).*?:(\d+)\]")
_ALERT = re.compile(r"\[ALERT\]\s+\(\d+\)\s*:\s*(.*)")
_TIDY = 'cd "$0" 2>/dev/null || exit 0; for f in *; do case " $* " in *" $f "*) ;; *) rm -f "$f";; esac; done'


class Container:
    """One container on one engine."""

    def __init__(self, engine: DockerEngine, resource_id: str, directory: Path) -> None:
        self._engine = engine
        self._id = resource_id
        self._name = engine.name(resource_id)
        self._directory = directory

    async def state(self) -> str | None:
        """Return its state as the engine names it, or None when there is no container."""

        def look(api: APIClient) -> str | None:
            try:
                container: dict[str, Any] = api.inspect_container(self._name)
            except NotFound:
                return None
            status: str = container["State"]["Status"]
            return status if self._engine.owns(container["Config"]["Labels"], self._id) else None

        return await self._engine.run(f"look for the proxy {self._id}", look)

    async def create(self, account_id: str, images: Sequence[str], owner: int) -> None:
        """Create the container, stopped. Raises ImageMissing, Refused."""
        await self._engine.run(
            f"create the proxy {self._id}", lambda api: self._create(api, account_id, images, owner)
        )

    async def start(self) -> None:
        """Start it with the current configuration."""
        await self._engine.run(f"start the proxy {self._id}", lambda api: api.restart(self._name, timeout=0))

    async def reload(self) -> None:
        """Ask the master for a new worker."""
        await self._engine.run(f"reload the proxy {self._id}", lambda api: api.kill(self._name, "USR2"))

    async def check(self, file: str) -> None:
        """Raise Refused when HAProxy rejects a file of the directory."""
        code, said = await self._execute(["haproxy", "-c", "-f", f"{DIRECTORY}/{file}"])
        if code:
            why = "; ".join(_ALERT.findall(said)[:2]) or said.strip()[:300]
            raise Refused(f"cannot configure the load balancer: HAProxy rejected the configuration: {why}")

    async def put(self, certificates: Mapping[str, bytes]) -> None:
        """Copy these certificates into it, readable only by root."""
        files = {certificate_path(name): File(pem) for name, pem in certificates.items()}
        if files:
            await self._engine.run(
                f"give the proxy {self._id} its certificates",
                lambda api: api.put_archive(self._name, "/", archive(files)),
            )

    async def tidy(self, certificates: Mapping[str, bytes]) -> None:
        """Remove all other certificates from it."""
        await self._execute(["sh", "-c", _TIDY, CERTIFICATES, *(f"{name}.pem" for name in certificates)])

    async def why(self, since: float) -> Refused:
        """Return why it failed to start since a moment."""

        def look(api: APIClient) -> str:
            return api.logs(self._name, since=int(since), tail=200).decode(errors="replace")

        said = await self._engine.run(f"read the log of the proxy {self._id}", look)
        if taken := _TAKEN.findall(said):
            return PortTaken(
                f"cannot listen on port {taken[-1]}: another program does; stop it or use another port"
            )
        why = "; ".join(_ALERT.findall(said)[-2:]) or "it does not answer"
        return Refused(f"cannot start the load balancer: HAProxy rejected the configuration: {why}")

    async def remove(self) -> None:
        """Remove the container."""

        def remove(api: APIClient) -> None:
            for container in api.containers(all=True, filters=self._engine.only(resource_id=self._id)):
                api.remove_container(container["Id"], force=True, v=True)

        await self._engine.run(f"remove the proxy {self._id}", remove)

    async def _execute(self, argv: Sequence[str]) -> tuple[int, str]:
        def run(api: APIClient) -> tuple[int, str]:
            started = api.exec_create(self._name, list(argv))["Id"]
            said: bytes = api.exec_start(started)
            return api.exec_inspect(started)["ExitCode"], said.decode(errors="replace")

        return await self._engine.run(f"run {shlex.quote(argv[0])} in the proxy {self._id}", run)

    def _create(self, api: APIClient, account_id: str, images: Sequence[str], owner: int) -> None:
        image = self._engine.preparations.ready(api, images)
        labels = self._engine.labels("load_balancer", self._id, account_id)
        master = f"{DIRECTORY}/master.sock,mode,600,uid,{owner}"
        config = {
            "Image": image,
            "Cmd": ["haproxy", "-f", f"{DIRECTORY}/haproxy.cfg", "-S", master],
            "User": "0:0",
            "Labels": labels,
            "HostConfig": {
                "NetworkMode": "host",
                "PidsLimit": PIDS,
                "Memory": _MEMORY,
                "MemorySwap": _MEMORY,
                "RestartPolicy": {"Name": "unless-stopped"},
                "LogConfig": LOG,
                "CapDrop": ["ALL"],
                "CapAdd": _CAPABILITIES,
                "SecurityOpt": ["no-new-privileges"],
                "Mounts": [{"Type": "bind", "Source": str(self._directory), "Target": DIRECTORY}],
            },
        }
        try:
            api.create_container_from_config(config, self._name)
        except Exception as error:
            if getattr(error, "status_code", None) != CONFLICT:
                raise


def now() -> float:
    """Return the timestamp in the engine's format."""
    return time.time()
