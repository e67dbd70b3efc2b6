"""Error messages of several releases of the engine become one message for users."""

import pytest

from adapters.docker.reasons import refusal
from domain.errors import ImageMissing, InUse, PortTaken, RangeInUse, Refused

STARTING = "driver failed programming external connectivity on endpoint web (0123abcd): "


@pytest.mark.parametrize(
    "message",
    [
        f"{STARTING}Bind for 127.0.0.1:8081 failed: port is already allocated",
        f"{STARTING}Error starting userland proxy: listen tcp4 127.0.0.1:8081: bind: address already in use",
        f"{STARTING}failed to bind host port for 127.0.0.1:8081:10.1.0.2:80/tcp: address already in use",
        f"{STARTING}failed to bind host port 127.0.0.1:8081/tcp: address already in use",
    ],
)
def test_a_taken_port(message: str) -> None:
    error = refusal("start i-a", 500, message)
    assert isinstance(error, PortTaken)
    assert str(error) == (
        "cannot start i-a: another program listens on port 8081; stop it or publish another port"
    )


@pytest.mark.parametrize(
    ("status", "message", "kind", "reason"),
    [
        (404, "No such image: web:1", ImageMissing, "the image does not exist on this host; check its name"),
        (409, "remove vol-a: volume is in use - [0123]", InUse, "remove vol-a: volume is in use - [0123]"),
        (
            403,
            "Pool overlaps with other one on this address space",
            RangeInUse,
            "Pool overlaps with other one on this address space",
        ),
        (
            403,
            "cannot create network 01 (br-a): conflicts with network 02 (br-b): networks have overlapping IPv4",
            RangeInUse,
            "cannot create network 01 (br-a): conflicts with network 02 (br-b): networks have overlapping IPv4",
        ),
        (403, "network vpc-a has active endpoints", InUse, "network vpc-a has active endpoints"),
        (
            400,
            'failed to create shim task: OCI runtime create failed: exec: "serve": executable file not found',
            Refused,
            'there is no program "serve" in the image; check the command',
        ),
        (
            400,
            'OCI runtime create failed: exec: "/etc": permission denied: unknown',
            Refused,
            '"/etc" is not a program that may be run; check the command',
        ),
        (
            500,
            "failed to create task for container: OCI runtime create failed: no space left: unknown",
            Refused,
            "no space left",
        ),
    ],
)
def test_other_refusals(status: int, message: str, kind: type[Refused], reason: str) -> None:
    error = refusal("start i-a", status, message)
    assert type(error) is kind
    assert str(error) == f"cannot start i-a: {reason}"


def test_a_missing_init_process_is_not_taken_for_the_command() -> None:
    error = refusal("start i-a", 500, 'exec: "docker-init": executable file not found in $PATH')
    assert "install the package tini" in str(error)
    assert "check the command" not in str(error)
