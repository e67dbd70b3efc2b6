"""Managed servers: the rules, the next action towards the desired state, and the port for clients of a server."""

from domain.server.aggregate import Server
from domain.server.certificate import Certificate
from domain.server.client import CERTIFICATE_PATH, KEY_PATH, Endpoint, Program, ServerClient
from domain.server.convergence import NextAction, next_action
from domain.server.spec import (
    STOP_GRACE_S,
    DeletionProtected,
    RotationUnderWay,
    ServerEnd,
    ServerSpec,
    ServerStopped,
    TooLittleMemory,
    UnknownEngine,
    UnknownParameter,
)

__all__ = [
    "CERTIFICATE_PATH",
    "KEY_PATH",
    "STOP_GRACE_S",
    "Certificate",
    "DeletionProtected",
    "Endpoint",
    "NextAction",
    "Program",
    "RotationUnderWay",
    "Server",
    "ServerClient",
    "ServerEnd",
    "ServerSpec",
    "ServerStopped",
    "TooLittleMemory",
    "UnknownEngine",
    "UnknownParameter",
    "next_action",
]
