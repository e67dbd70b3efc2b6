"""A short-lived connection to a container engine; reconciling uses ``adapters.docker``."""

import socket
from collections.abc import Generator
from contextlib import closing, contextmanager

import docker
import requests
from docker import errors

from adapters.docker.client import EngineClient, Timeouts
from domain.errors import Refused, Unreachable

_KNOCK_S = 5


@contextmanager
def connected(docker_host: str, timeout_s: int = 60) -> Generator[docker.APIClient]:
    """Yield a client that speaks the engine's version, and close it.

    Raises Unreachable when the engine does not answer, Refused when it refuses a call inside the block.
    """
    try:
        _knock(docker_host)
        with closing(EngineClient(docker_host, Timeouts(timeout_s), pool_size=1)) as engine:
            yield engine
    except errors.APIError as error:
        raise Refused(f"cannot query the container engine: {error.explanation}") from error
    except (errors.DockerException, requests.RequestException) as error:
        raise Unreachable(f"cannot reach the container engine at {docker_host}: {error}") from error
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise Unreachable(
            f"cannot reach the container engine at {docker_host} ({reason}): run `scripts/engine`"
        ) from error


def _knock(docker_host: str) -> None:
    # The client loses an open socket, and hides the reason, when it cannot connect.
    if docker_host.startswith("unix://"):
        with socket.socket(socket.AF_UNIX) as door:
            door.settimeout(_KNOCK_S)
            door.connect(docker_host.removeprefix("unix://"))
