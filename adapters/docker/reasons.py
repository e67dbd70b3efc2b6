"""Translates the engine's errors for users."""

import re
from collections.abc import Generator
from contextlib import contextmanager

import httpx
from docker.errors import APIError, DockerException
from requests.exceptions import RequestException
from urllib3.exceptions import HTTPError

from domain.errors import ImageMissing, InUse, PortTaken, RangeInUse, Refused, Unreachable

_PORT_TAKEN = re.compile(
    r"Bind for \S*?:(\d+) failed: port is already allocated|:(\d+): bind: address already in use|"
    r"failed to bind host port (?:for )?\S*?:(\d+)[:/]"
)
_NO_PROGRAM = re.compile(
    r'exec: "([^"]*)": (?:executable file not found|stat .*no such file|no such file or directory)'
)
_INIT = "docker-init"
"""Files that the engine needs on its own host, not in the image."""
_NOT_PERMITTED = re.compile(r'exec: "([^"]*)": permission denied')
_ADDRESS_TAKEN = re.compile(r"^(?:.*: )?Address already in use$", re.MULTILINE)
_IN_USE = re.compile(r"in use|active endpoints|being used by")
_RANGE_IN_USE = re.compile(r"Pool overlaps|cannot create network .*: conflicts with network")
_NO_IMAGE = re.compile(r"No such image")
_WRAPPING = re.compile(
    r"^(?:failed to create (?:shim task|shim|task for container): |OCI runtime (?:create|exec) failed: |"
    r"runc (?:create|exec) failed: |unable to start container process: |"
    r"driver failed programming external connectivity on endpoint [^:]*: )+"
)


@contextmanager
def explained(task: str) -> Generator[None]:
    """Translate errors of the drivers to PortErrors; ``task`` is the failed operation."""
    try:
        yield
    except APIError as error:
        raise refusal(task, error.status_code or 500, str(error.explanation or error)) from error
    except (DockerException, RequestException, HTTPError, httpx.TransportError) as error:
        raise Unreachable(
            f"cannot {task}: the Docker engine does not answer ({_first_line(str(error))}); "
            "check that it runs with `docker info`"
        ) from error


def refusal(task: str, status: int, message: str) -> Refused:
    """Return the error for an error response of the engine."""
    port = _PORT_TAKEN.search(message)
    if port:
        number = port[1] or port[2] or port[3]
        return PortTaken(
            f"cannot {task}: another program listens on port {number}; stop it or publish another port"
        )
    if _ADDRESS_TAKEN.search(message):
        return InUse(
            f"cannot {task}: another container has its address; stop that one, or wait until it ends"
        )
    if _NO_IMAGE.search(message):
        return ImageMissing(f"cannot {task}: the image does not exist on this host; check its name")
    if _RANGE_IN_USE.search(message):
        return RangeInUse(f"cannot {task}: {plain(message)}")
    if status in {403, 409} and _IN_USE.search(message):
        return InUse(f"cannot {task}: {plain(message)}")
    return Refused(f"cannot {task}: {plain(message)}")


def plain(message: str) -> str:
    """Return the core of an engine's error message."""
    missing = _NO_PROGRAM.search(message)
    if missing and missing[1] == _INIT:
        return f"the engine has no init process ({_INIT}); install the package tini on its host, or do without init"
    if missing:
        return f'there is no program "{missing[1]}" in the image; check the command'
    forbidden = _NOT_PERMITTED.search(message)
    if forbidden:
        return f'"{forbidden[1]}" is not a program that may be run; check the command'
    return _WRAPPING.sub("", _first_line(message)).removesuffix(": unknown")


def _first_line(message: str) -> str:
    return message.strip().split("\n", 1)[0] or "no reason given"
