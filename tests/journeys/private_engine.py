"""A private Docker engine, which can be killed without affecting the machine."""

import contextlib
import fcntl
import secrets
import signal
import socket
import struct
import subprocess
import tempfile
from collections.abc import Generator
from pathlib import Path

import docker

from tests.journeys.running_cloud import IMAGE, wait_until

_ADD_BRIDGE, _REMOVE_BRIDGE, _SET_FLAGS = 0x89A0, 0x89A1, 0x8914


class PrivateEngine:
    """Runs ``dockerd`` with its own data, socket and bridge; its networks are bridges without a firewall."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._bridge = f"mawt{secrets.token_hex(4)}"
        self._process: subprocess.Popen[bytes] | None = None
        self.host = f"unix://{home}/docker.sock"
        _bridge_call(_ADD_BRIDGE, self._bridge)

    def start(self) -> None:
        """Start the engine, also after a killed one, and wait until it responds."""
        # Without a process that reaps zombies, the process id in such a file seems to be alive.
        for stale in ("docker.pid", "exec/containerd/containerd.pid"):
            (self._home / stale).unlink(missing_ok=True)
        options = {
            "host": self.host,
            "data-root": str(self._home / "data"),
            "exec-root": str(self._home / "exec"),
            "pidfile": str(self._home / "docker.pid"),
            # Without a bridge of its own the engine would take the other engine's away.
            "bridge": self._bridge,
            "iptables": "false",
        }
        command = ["dockerd", *(f"--{name}={value}" for name, value in options.items())]
        with (self._home / "docker.log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        wait_until(self._answers, "the engine answers", 30)

    def load(self, source: str, image: str) -> None:
        """Take an image from another engine."""
        with contextlib.closing(docker.DockerClient(base_url=source)) as other:
            saved = b"".join(other.images.get(image).save(named=True))
        with contextlib.closing(docker.DockerClient(base_url=self.host)) as own:
            own.images.load(saved)

    def kill(self) -> None:
        """Kill the engine; the processes of its containers continue for now."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(10)

    def close(self) -> None:
        """Remove every container and stop the engine."""
        assert self._process is not None
        if self._process.poll() is not None:
            self.start()
        with contextlib.closing(docker.DockerClient(base_url=self.host)) as own:
            for container in own.containers.list(all=True):
                container.remove(force=True, v=True)
            for network in own.networks.list(filters={"type": "custom"}):
                network.remove()
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(30)
        # A killed engine leaves its mounts behind.
        for mounted in reversed(_mounts_below(self._home)):
            subprocess.run(["umount", "--lazy", mounted], check=True)
        _set_down(self._bridge)
        _bridge_call(_REMOVE_BRIDGE, self._bridge)

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as probe, contextlib.suppress(OSError):
            probe.connect(str(self._home / "docker.sock"))
            probe.sendall(b"GET /_ping HTTP/1.0\r\n\r\n")
            return b"200 OK" in probe.recv(4096)
        return False


@contextlib.contextmanager
def private_engine(source: str | None, image: str = IMAGE) -> Generator[PrivateEngine]:
    """An engine in a folder whose path is short enough for sockets, with one image of ``source`` or with none."""
    with tempfile.TemporaryDirectory(prefix="mawt-") as home:
        engine = PrivateEngine(Path(home))
        try:
            engine.start()
            if source is not None:
                engine.load(source, image)
            yield engine
        finally:
            engine.close()


@contextlib.contextmanager
def forwarded(cidr: str) -> Generator[None]:
    """Allow traffic between containers of a private engine, which the host's engine would drop."""
    rule = ["FORWARD", "--source", cidr, "--destination", cidr, "--jump", "ACCEPT"]
    subprocess.run(["iptables", "--wait", "--insert", *rule], check=True)
    try:
        yield
    finally:
        subprocess.run(["iptables", "--wait", "--delete", *rule], check=True)


def _mounts_below(folder: Path) -> list[str]:
    places = [line.split()[1] for line in Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines()]
    return [place for place in places if place.startswith(f"{folder}/")]


def _bridge_call(request: int, name: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as control:
        fcntl.ioctl(control, request, name.encode() + b"\0")


def _set_down(name: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as control:
        fcntl.ioctl(control, _SET_FLAGS, struct.pack("16sh14x", name.encode(), 0))
